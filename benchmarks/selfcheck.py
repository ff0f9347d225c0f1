"""Checks the generator: rivals in C drive it faster than any Python server can.

With frames joined, the C broadcaster delivers many times what Parlance can; what the generator
then spends per delivery is what it costs at least, and where it ends is its own limit.
"""

from benchmarks.fanout import rooms_of
from benchmarks.generator import Generator
from benchmarks.processes import baseline, cpu_seconds, raise_file_limit
from benchmarks.report import Cell, options, report


def main() -> None:
    arguments = options(__doc__ or "", seconds=3, rounds=1).parse_args()
    raise_file_limit()
    rows: list[dict[str, Cell]] = []
    for name, window in (("c", 1), ("c", 16), ("c-join", 16), ("c-join", 64), ("bare", 1)):
        with baseline(name) as (port, pid), Generator(port, "bare") as generator:
            generator.open(rooms_of(1, 1000))
            before = cpu_seconds(pid)
            run = generator.run(arguments.seconds, window=window, size=350, warm=0).check()
            server = (cpu_seconds(pid) - before) / run.seconds
            per_million = run.cpu * run.seconds / run.delivered * 1e6
            rows.append(
                {
                    "server": name,
                    "window": window,
                    "deliveries_per_second": run.deliveries_per_second,
                    "server_core": server,
                    "generator_core": run.cpu,
                    "generator_cpu_s_per_million": per_million,
                }
            )
    report("selfcheck", rows)


if __name__ == "__main__":
    main()
