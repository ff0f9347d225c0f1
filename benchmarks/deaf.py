"""Sockets that do not read: what the others of the room notice of them.

A fixed rate of messages, below what the server can do, to 10,000 sockets; in every other round
one in a hundred of them never reads, until it is dropped as too slow.
"""

import msgspec

from benchmarks.fanout import rooms_of
from benchmarks.generator import Generator, Run, Socket
from benchmarks.people import People
from benchmarks.processes import cpu_seconds, raise_file_limit
from benchmarks.report import Cell, median, options, report
from benchmarks.server import parlance

_USERS = 100
_TEXT_BYTES = 4_000
# Small, so that the deaf sockets fill it while the run lasts and the server must act on them.
_OUTGOING_BYTES = 65_536


def main() -> None:
    parser = options(__doc__ or "", seconds=15, rounds=3)
    parser.add_argument("--sockets", type=int, default=10_000)
    parser.add_argument("--percent", type=float, default=1, help="how many of them are deaf")
    parser.add_argument("--rate", type=float, default=8, help="messages per second")
    arguments = parser.parse_args()
    raise_file_limit()
    runs: dict[str, list[tuple[Run, float]]] = {"all read": [], "some deaf": []}
    with parlance(outgoing_buffer_bytes=_OUTGOING_BYTES) as server:
        people = People(server)
        everyone = people.make(_USERS)
        [room] = people.channels([everyone])
        sockets = [
            msgspec.structs.replace(socket, token=everyone[number % _USERS].token)
            for number, socket in enumerate(rooms_of(1, arguments.sockets, [room]))
        ]
        for _ in range(arguments.rounds):
            for case, kept in runs.items():
                share = arguments.percent / 100 if case == "some deaf" else 0
                with Generator(server.port) as generator:
                    generator.open(_deafened(sockets, share))
                    before = cpu_seconds(server.nodes[0])
                    run = generator.run(
                        arguments.seconds, rate=arguments.rate, size=_TEXT_BYTES, warm=0
                    )
                    spent = (cpu_seconds(server.nodes[0]) - before) / run.seconds
                    kept.append((run.check(), spent))
        dropped = server.metric("parlance_slow_closed_total")
    quiet = median(run.delivery_ms.p99 for run, _ in runs["all read"])
    rows = [_row(case, kept, quiet) for case, kept in runs.items()]
    report("deaf", rows, {"sockets_dropped_as_too_slow": dropped})


def _deafened(sockets: list[Socket], share: float) -> list[Socket]:
    deaf = round(len(sockets) * share)
    return [
        msgspec.structs.replace(socket, role="d") if number >= len(sockets) - deaf else socket
        for number, socket in enumerate(sockets)
    ]


def _row(case: str, kept: list[tuple[Run, float]], quiet_p99: float) -> dict[str, Cell]:
    runs = [run for run, _ in kept]
    p99 = median(run.delivery_ms.p99 for run in runs)
    return {
        "sockets": case,
        "deliveries_per_second": median(run.deliveries_per_second for run in runs),
        "p50_ms": median(run.delivery_ms.p50 for run in runs),
        "p99_ms": p99,
        "p99_ratio": p99 / quiet_p99,
        "max_ms": median(run.delivery_ms.max for run in runs),
        "server_core": median(spent for _, spent in kept),
        "generator_core": median(run.cpu for run in runs),
    }


if __name__ == "__main__":
    main()
