"""Sends persisted, acknowledged and delivered per second, beside one bare insert per message.

Every sender waits for its acknowledgement before it sends again; rooms have two sockets. The
bare loop speaks to the same PostgreSQL, in turns with Parlance and on the same core, and does
nothing but insert.
"""

import subprocess
import sys

import msgspec

from benchmarks.baselines.inserts import Inserts
from benchmarks.generator import Generator, Run, Socket
from benchmarks.people import People
from benchmarks.processes import ROOT, SERVER_CORE, cpu_seconds, pin, raise_file_limit
from benchmarks.report import Cell, median, options, report
from benchmarks.server import Parlance, parlance

_SENDERS = (1, 32, 256)
_CONNECTIONS = (1, 16)
_TEXT_BYTES = 64


def main() -> None:
    arguments = options(__doc__ or "", seconds=4, rounds=3).parse_args()
    raise_file_limit()
    runs: dict[int, list[tuple[Run, float]]] = {senders: [] for senders in _SENDERS}
    inserts: dict[int, list[Inserts]] = {connections: [] for connections in _CONNECTIONS}
    with parlance() as server:
        sockets = {senders: _pairs(People(server), senders) for senders in _SENDERS}
        for _ in range(arguments.rounds):
            for connections, measured in inserts.items():
                measured.append(_insert(server, connections, arguments.seconds))
            for senders, kept in runs.items():
                with Generator(server.port) as generator:
                    generator.open(sockets[senders])
                    before = cpu_seconds(server.nodes[0])
                    run = generator.run(
                        arguments.seconds, until="ack", size=_TEXT_BYTES, warm=0
                    ).check()
                    spent = (cpu_seconds(server.nodes[0]) - before) / run.seconds
                    kept.append((run, spent))
    limit = median(each.per_second for each in inserts[16])
    rows = [_insert_row(each, limit) for each in inserts.values()]
    rows += [_send_row(senders, kept, limit) for senders, kept in runs.items()]
    lone = median(run.ack_ms.p50 for run, _ in runs[1])
    durable = inserts[1][0]
    report(
        "sends",
        rows,
        {
            "ratio_of_256_senders": median(run.acks_per_second for run, _ in runs[256]) / limit,
            "lone_send_over_a_lone_insert_ms": lone - median(each.p50_ms for each in inserts[1]),
            "fsync": durable.fsync,
            "synchronous_commit": durable.synchronous_commit,
        },
    )


def _pairs(people: People, senders: int) -> list[Socket]:
    """Pair the senders up in rooms of two; a lone one gets a listener."""
    everyone = people.make(max(2, senders))
    pairs = [everyone[first : first + 2] for first in range(0, len(everyone), 2)]
    return [
        Socket("b" if senders > 1 or seat == 0 else "r", person.token, room)
        for pair, room in zip(pairs, people.channels(pairs), strict=True)
        for seat, person in enumerate(pair)
    ]


def _insert(server: Parlance, connections: int, seconds: float) -> Inserts:
    command = [sys.executable, "-m", "benchmarks.baselines.inserts", server.database]
    command += [f"--connections={connections}", f"--seconds={seconds}", f"--size={_TEXT_BYTES}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        pin(process.pid, SERVER_CORE)
        output, _ = process.communicate()
    return msgspec.json.decode(output, type=Inserts)


def _send_row(senders: int, kept: list[tuple[Run, float]], limit: float) -> dict[str, Cell]:
    runs = [run for run, _ in kept]
    rate = median(run.acks_per_second for run in runs)
    return {
        "what": f"parlance, {senders} senders",
        "per_second": rate,
        "to_16_inserting": rate / limit,
        "ack_p50_ms": median(run.ack_ms.p50 for run in runs),
        "ack_p99_ms": median(run.ack_ms.p99 for run in runs),
        "delivered_per_second": median(run.deliveries_per_second for run in runs),
        "delivery_p50_ms": median(run.delivery_ms.p50 for run in runs),
        "delivery_p99_ms": median(run.delivery_ms.p99 for run in runs),
        "server_core": median(spent for _, spent in kept),
        "generator_core": median(run.cpu for run in runs),
    }


def _insert_row(measured: list[Inserts], limit: float) -> dict[str, Cell]:
    rate = median(each.per_second for each in measured)
    return {
        "what": f"bare inserts, {measured[0].connections} connections",
        "per_second": rate,
        "to_16_inserting": rate / limit,
        "ack_p50_ms": median(each.p50_ms for each in measured),
        "ack_p99_ms": median(each.p99_ms for each in measured),
        "delivered_per_second": None,
        "delivery_p50_ms": None,
        "delivery_p99_ms": None,
        "server_core": None,
        "generator_core": None,
    }


if __name__ == "__main__":
    main()
