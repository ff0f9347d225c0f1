"""Memory of an idle socket: greeted, subscribed to ten channels, saying nothing.

The proportional set size of the serving process after opening, minus before, per socket. What
the kernel keeps for a socket is not in it, for nobody.
"""

import time

from benchmarks.connects import grouped, make_channels
from benchmarks.fanout import rooms_of
from benchmarks.generator import Generator, Socket
from benchmarks.people import People
from benchmarks.processes import baseline, pss_kib, raise_file_limit
from benchmarks.report import Cell, options, report
from benchmarks.server import parlance

# Opened and dropped first: what a server makes once must not count as made for a socket.
_FIRST = 200


def main() -> None:
    parser = options(__doc__ or "", seconds=3, rounds=1)
    parser.add_argument("--sockets", type=int, default=10_000)
    parser.add_argument("--users", type=int, default=10_000)
    arguments = parser.parse_args()
    raise_file_limit()
    rows: list[dict[str, Cell]] = []
    with parlance() as server:
        people = People(server)
        everyone = people.make(arguments.users)
        make_channels(people, grouped(everyone))
        sockets = [
            Socket("i", everyone[number % len(everyone)].token)
            for number in range(arguments.sockets)
        ]
        with Generator(server.port) as generator:
            pid = server.nodes[0]
            rows.append(_row("parlance", pid, generator, sockets, arguments.seconds))
    for name in ("bare", "c"):
        with baseline(name) as (port, pid), Generator(port, "bare") as generator:
            sockets = rooms_of(1, arguments.sockets)
            rows.append(_row(name, pid, generator, sockets, arguments.seconds))
    report("idle", rows)


def _row(
    name: str, pid: int, generator: Generator, sockets: list[Socket], seconds: float
) -> dict[str, Cell]:
    generator.open(sockets[:_FIRST])
    generator.close()
    time.sleep(seconds)
    before = pss_kib(pid)
    generator.open(sockets)
    time.sleep(seconds)
    after = pss_kib(pid)
    return {
        "server": name,
        "sockets": generator.status().live,
        "before_mib": before / 1024,
        "after_mib": after / 1024,
        "kib_per_socket": (after - before) / len(sockets),
    }


if __name__ == "__main__":
    main()
