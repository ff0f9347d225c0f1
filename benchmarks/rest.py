"""Requests per second of the Platform API, in small and in large tables, and what they cost.

Processor time per request is read from the kernel: of the node, of PostgreSQL's processes, and of
a bare Starlette application on the same uvicorn that answers the same bytes. What is left of the
node's time after the bare one's is Parlance's own, asyncpg included.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.people import People, Person
from benchmarks.processes import (
    LOAD_CORE,
    SERVER_CORE,
    Failed,
    accepts,
    children,
    cpu_seconds,
    free_port,
    pin,
    running,
    wait_until,
)
from benchmarks.report import Cell, options, report
from benchmarks.server import Parlance, parlance

_CONNECTIONS = (1, 32)
_WARM_SECONDS = 0.5
_SEED_MESSAGES = """
    INSERT INTO messages (channel_id, at_offset, number, application_id, sender_id, text)
    SELECT c.id, n, n, c.application_id, $2, 'message ' || n
    FROM channels c, generate_series(1, $3::bigint) n WHERE c.id = $1"""
_SEED_HEAD = "UPDATE channels SET head = $2, messages = $2 WHERE id = $1"
_SEED_USERS = """
    INSERT INTO users (application_id, name, display_name)
    SELECT c.application_id, 'seeded-' || c.id || '-' || n, 'Seeded ' || n
    FROM channels c, generate_series(1, $2::bigint) n WHERE c.id = $1"""
_SEED_MEMBERS = """
    INSERT INTO memberships (channel_id, user_id)
    SELECT $1::bigint, id FROM users WHERE name LIKE 'seeded-' || $1::bigint || '-%'"""
_SEED_COUNT = """
    UPDATE channels SET members = (SELECT count(*) FROM memberships WHERE channel_id = $1)
    WHERE id = $1"""


class Ask(msgspec.Struct, frozen=True):
    """One operation to measure: a GET, or a POST when there is a body."""

    what: str
    path: str
    body: bytes | None = None


class Load(msgspec.Struct, frozen=True):
    per_second: float
    p50_ms: float
    p99_ms: float
    requests: int


class Measured(msgspec.Struct):
    """The loads of one operation by connections, and processor milliseconds per request."""

    loads: dict[int, list[Load]]
    node_ms: list[float] = []
    postgres_ms: list[float] = []
    bare_ms: list[float] = []


def main() -> None:
    if sys.argv[1:2] == ["--bare"]:
        return serve_bare(int(sys.argv[2]), Path(sys.argv[3]))
    parser = options(__doc__ or "", seconds=3, rounds=3)
    parser.add_argument("--messages", type=int, default=1_000_000, help="in the large channel")
    parser.add_argument("--members", type=int, default=100_000, help="in the large channel")
    uvloop.run(_main(parser.parse_args()))
    return None


async def _main(arguments: argparse.Namespace) -> None:
    pin(os.getpid(), LOAD_CORE)
    with parlance() as server:
        database = await asyncpg.connect(server.database)
        people = People(server)
        asks = await _asks(people, database, arguments)
        measured = {ask.what: Measured({count: [] for count in _CONNECTIONS}) for ask in asks}
        for _ in range(arguments.rounds):
            for ask in asks:
                await _measure(server, people, database, ask, measured[ask.what], arguments.seconds)
        await database.close()
    report("rest", [_row(what, each) for what, each in measured.items()])


async def _asks(
    people: People, database: "asyncpg.Connection[Any]", arguments: argparse.Namespace
) -> list[Ask]:
    """Seed the channels; the small ones lie before and after the large one."""
    [jane] = people.make(1)
    names = people.channels([[jane]] * 6)
    older, large, newer, few, many, quiet = map(int, names)
    few_rows, many_rows = arguments.messages // 100, arguments.members // 100
    for channel, rows in ((older, few_rows), (large, arguments.messages), (newer, few_rows)):
        await _seed_messages(database, channel, jane, rows)
    for channel, rows in ((few, many_rows), (many, arguments.members)):
        await database.execute(_SEED_USERS, channel, rows, timeout=600)
        await database.execute(_SEED_MEMBERS, channel, timeout=600)
        await database.execute(_SEED_COUNT, channel)
    await database.execute("VACUUM ANALYZE", timeout=600)
    middle = await database.fetchval(
        "SELECT id FROM messages WHERE channel_id = $1 AND at_offset = $2",
        large,
        arguments.messages // 2,
    )
    deepest = min(arguments.members, 100_000) // 25 - 1
    text = {"type": "TEXT", "body": "x" * 64, "user": {"id": jane.id}, "properties": {}}
    send = msgspec.json.encode(text)
    return [
        Ask(f"25 messages of {few_rows:,}, older", f"/v1/channels/{older}/messages"),
        Ask(f"25 messages of {few_rows:,}, newer", f"/v1/channels/{newer}/messages"),
        Ask(f"25 messages of {arguments.messages:,}", f"/v1/channels/{large}/messages"),
        Ask(
            "the same, from its middle",
            f"/v1/channels/{large}/messages?next={middle}&relation=NEXT",
        ),
        Ask(f"25 members of {many_rows:,}", f"/v1/channels/{few}/members"),
        Ask(f"25 members of {arguments.members:,}", f"/v1/channels/{many}/members"),
        Ask("the same, its last page", f"/v1/channels/{many}/members?page={deepest}"),
        Ask(f"25 users of {arguments.members + many_rows:,}", "/v1/users"),
        Ask("25 of the messages of a user", f"/v1/users/{jane.id}/messages"),
        Ask("send a message", f"/v1/channels/{quiet}/messages", send),
        Ask(f"send to {arguments.members:,} members", f"/v1/channels/{many}/messages", send),
        Ask("retrieve a user", f"/v1/users/{jane.id}"),
    ]


async def _seed_messages(
    database: "asyncpg.Connection[Any]", channel: int, sender: Person, rows: int
) -> None:
    await database.execute(_SEED_MESSAGES, channel, sender.id, rows, timeout=1200)
    await database.execute(_SEED_HEAD, channel, rows)


async def _measure(
    server: Parlance,
    people: People,
    database: "asyncpg.Connection[Any]",
    ask: Ask,
    measured: Measured,
    seconds: float,
) -> None:
    headers = {"Authorization": people._headers["Authorization"]}
    body = await _load(server.port, ask, headers, 1, 0)
    for connections in _CONNECTIONS:
        await _load(server.port, ask, headers, connections, _WARM_SECONDS)
        postgres = children(await _postmaster(database))
        before = _spent([*server.nodes]), _spent(postgres)
        load = (await _load(server.port, ask, headers, connections, seconds)).load
        measured.loads[connections].append(load)
        if connections == max(_CONNECTIONS):
            spent = _spent([*server.nodes]) - before[0], _spent(postgres) - before[1]
            measured.node_ms.append(spent[0] / load.requests * 1000)
            measured.postgres_ms.append(spent[1] / load.requests * 1000)
    with _bare(body.last) as (port, pid):
        await _load(port, ask, headers, max(_CONNECTIONS), _WARM_SECONDS)
        before_bare = cpu_seconds(pid)
        bare = (await _load(port, ask, headers, max(_CONNECTIONS), seconds / 2)).load
        measured.bare_ms.append((cpu_seconds(pid) - before_bare) / bare.requests * 1000)


async def _postmaster(database: "asyncpg.Connection[Any]") -> int:
    file = "SELECT pg_read_file('postmaster.pid')"
    return int((await database.fetchval(file)).splitlines()[0])


def _spent(processes: Sequence[int]) -> float:
    """Processor seconds of those that are still there."""
    return sum(cpu_seconds(each) for each in processes if Path(f"/proc/{each}").exists())


class Asked(msgspec.Struct, frozen=True):
    load: Load
    last: bytes


async def _load(
    port: int, ask: Ask, headers: dict[str, str], connections: int, seconds: float
) -> Asked:
    """Ask over this many connections for so long, each asking again when answered; at least once.
    Raises Failed on any answer but 200."""
    head = {"Host": "127.0.0.1", **headers}
    if ask.body is not None:
        head |= {"Content-Type": "application/json", "Content-Length": str(len(ask.body))}
    lines = [f"{'GET' if ask.body is None else 'POST'} {ask.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in head.items()]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode() + (ask.body or b"")
    took: list[float] = []
    started = time.perf_counter()
    last = await asyncio.gather(
        *(_asking(port, request, started + seconds, took) for _ in range(connections))
    )
    elapsed = time.perf_counter() - started
    times = sorted(took)
    p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
    median = statistics.median(times)
    return Asked(Load(len(times) / elapsed, median * 1000, p99 * 1000, len(times)), last[0])


async def _asking(port: int, request: bytes, until: float, took: list[float]) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while True:
        asked = time.perf_counter()
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        answered = time.perf_counter()
        if not head.startswith(b"http/1.1 200"):
            raise Failed(f"{request[:80]!r}: {head[:40]!r} {body[:300]!r}")
        took.append(answered - asked)
        if answered >= until:
            writer.close()
            await writer.wait_closed()
            return body


@contextmanager
def _bare(body: bytes) -> Iterator[tuple[int, int]]:
    """A Starlette application that answers every request with these bytes: its port and id."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        port = free_port()
        command = [sys.executable, "-m", "benchmarks.rest", "--bare", str(port), file.name]
        with running(command) as process:
            wait_until(lambda: accepts(port), process, 20)
            pin(process.pid, SERVER_CORE)
            yield port, process.pid


def serve_bare(port: int, file: Path) -> None:
    """Answer with the bytes of a file, after reading what is sent, until ended."""
    body = file.read_bytes()

    async def same(request: Request) -> Response:
        await request.body()
        return Response(body, media_type="application/json")

    application = Starlette(routes=[Route("/{path:path}", same, methods=["GET", "POST"])])
    uvicorn.run(application, port=port, log_level="warning", access_log=False, loop="uvloop")


def _row(what: str, measured: Measured) -> dict[str, Cell]:
    node, postgres, bare = (
        statistics.median(each)
        for each in (measured.node_ms, measured.postgres_ms, measured.bare_ms)
    )
    alone, together = (measured.loads[count] for count in _CONNECTIONS)
    return {
        "what": what,
        "one_per_second": statistics.median(each.per_second for each in alone),
        "one_p50_ms": statistics.median(each.p50_ms for each in alone),
        "one_p99_ms": statistics.median(each.p99_ms for each in alone),
        "32_per_second": statistics.median(each.per_second for each in together),
        "32_p99_ms": statistics.median(each.p99_ms for each in together),
        "postgres_cpu_ms": postgres,
        "starlette_cpu_ms": bare,
        "own_cpu_ms": node - bare,
        "own_share": (node - bare) / (node + postgres),
    }


if __name__ == "__main__":
    main()
