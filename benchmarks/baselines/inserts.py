"""The limit of one insert per message: a bare asyncpg loop, with fsync on.

Every statement takes its channel's next number and stores one message under it. No connection
ever waits for a channel another one holds. Prints one line of JSON.
"""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import msgspec
import uvloop

_SCHEMA = """
CREATE SCHEMA baseline;
CREATE TABLE baseline.channels (id bigint PRIMARY KEY, head bigint NOT NULL DEFAULT 0);
CREATE TABLE baseline.messages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel bigint NOT NULL,
    "offset" bigint NOT NULL,
    sender bigint NOT NULL,
    client_id text NOT NULL,
    text text NOT NULL,
    created timestamptz NOT NULL DEFAULT now(),
    UNIQUE (channel, "offset"),
    UNIQUE (sender, channel, client_id)
);
INSERT INTO baseline.channels SELECT generate_series(1, 256);
"""
_INSERT = """
WITH next AS (UPDATE baseline.channels SET head = head + 1 WHERE id = $1 RETURNING head)
INSERT INTO baseline.messages (channel, "offset", sender, client_id, text)
SELECT $1, head, $1, $2, $3 FROM next RETURNING id, "offset", created
"""


class Inserts(msgspec.Struct, frozen=True):
    """What was committed, and how durable this server makes a commit."""

    connections: int
    per_second: float
    p50_ms: float
    p99_ms: float
    fsync: str
    synchronous_commit: str


async def measure(database: str, connections: int, seconds: float, size: int) -> Inserts:
    """Insert for some seconds on so many connections at once."""
    async with _opened(database, connections) as open_connections:
        first = open_connections[0]
        times: list[float] = []
        start = time.perf_counter()
        await asyncio.gather(
            *(
                _insert(connection, range(number, 256, connections), start + seconds, size, times)
                for number, connection in enumerate(open_connections)
            )
        )
        took = time.perf_counter() - start
        times.sort()
        return Inserts(
            connections=connections,
            per_second=len(times) / took,
            p50_ms=times[len(times) // 2] * 1e3,
            p99_ms=times[len(times) * 99 // 100] * 1e3,
            fsync=await first.fetchval("SHOW fsync"),
            synchronous_commit=await first.fetchval("SHOW synchronous_commit"),
        )


async def _insert(
    connection: asyncpg.Connection, channels: range, end: float, size: int, times: list[float]
) -> None:
    insert = await connection.prepare(_INSERT)
    text, number = "." * size, 0
    while (began := time.perf_counter()) < end:
        number += 1
        channel = channels[number % len(channels)] + 1
        await insert.fetchrow(channel, str(number), text)
        times.append(time.perf_counter() - began)


@asynccontextmanager
async def _opened(database: str, count: int) -> AsyncIterator[list[asyncpg.Connection]]:
    connections = [await asyncpg.connect(database) for _ in range(count)]
    try:
        await connections[0].execute(_SCHEMA)
        yield connections
    finally:
        await connections[0].execute("DROP SCHEMA IF EXISTS baseline CASCADE")
        for connection in connections:
            await connection.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--size", type=int, default=64)
    given = parser.parse_args()
    result = uvloop.run(measure(given.database, given.connections, given.seconds, given.size))
    print(msgspec.json.encode(result).decode())
