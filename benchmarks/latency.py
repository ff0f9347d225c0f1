"""Publish-to-delivery latency through two workers, and within one of them.

A sender and its listeners are on the node, or the nodes, that the row names; messages come at a
fixed rate and latency counts from the time each was due.
"""

from collections import Counter

from benchmarks.generator import Generator, Run, Socket
from benchmarks.people import People
from benchmarks.processes import Failed, raise_file_limit
from benchmarks.report import Cell, median, options, report
from benchmarks.server import parlance

_AT_ONCE = 32
_TRIES = 20
_LISTENERS = 10


def main() -> None:
    parser = options(__doc__ or "", seconds=4, rounds=3)
    parser.add_argument("--rate", type=float, default=200, help="messages per second")
    arguments = parser.parse_args()
    raise_file_limit()
    runs: dict[str, list[Run]] = {"one worker": [], "two workers": []}
    with parlance(workers=2) as server, Generator(server.port) as generator:
        people = People(server)
        everyone = people.make(_AT_ONCE)
        [room] = people.channels([everyone])
        nodes = _spread(generator, [Socket("i", person.token, room) for person in everyone])
        home = nodes[0]
        here = [index for index, node in enumerate(nodes) if node == home]
        there = [index for index, node in enumerate(nodes) if node != home]
        for _ in range(arguments.rounds):
            for case, listeners in (("one worker", here[1:]), ("two workers", there)):
                chosen = listeners[:_LISTENERS]
                _cast(generator, here[0], chosen, len(nodes))
                run = generator.run(arguments.seconds, rate=arguments.rate, warm=0.5)
                runs[case].append(run.check())
    report("latency", [_row(case, kept) for case, kept in runs.items()])


def _spread(generator: Generator, sockets: list[Socket]) -> list[str]:
    """Open sockets until both nodes hold enough of them: the node of each."""
    for _ in range(_TRIES):
        generator.open(sockets, parallel=len(sockets))
        nodes = generator.nodes()
        counts = Counter(nodes)
        if len(counts) == 2 and min(counts.values()) > _LISTENERS:
            return nodes
    raise Failed(f"the workers do not share the sockets: {dict(counts)}")


def _cast(generator: Generator, sender: int, listeners: list[int], count: int) -> None:
    generator.role(0, count - 1, "i")
    generator.role(sender, sender, "s")
    for listener in listeners:
        generator.role(listener, listener, "r")


def _row(case: str, runs: list[Run]) -> dict[str, Cell]:
    return {
        "through": case,
        "sent_per_second": median(run.sent / run.seconds for run in runs),
        "ack_p50_ms": median(run.ack_ms.p50 for run in runs),
        "ack_p99_ms": median(run.ack_ms.p99 for run in runs),
        "delivery_p50_ms": median(run.delivery_ms.p50 for run in runs),
        "delivery_p99_ms": median(run.delivery_ms.p99 for run in runs),
        "delivery_max_ms": median(run.delivery_ms.max for run in runs),
        "generator_core": median(run.cpu for run in runs),
    }


if __name__ == "__main__":
    main()
