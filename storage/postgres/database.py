"""Database: a pool or a connection of asyncpg behind one face, with its errors in our terms.

Rule: asyncpg's exceptions end here. A lost or refused connection is Unavailable, a unique
violation Conflict, a value PostgreSQL cannot hold Invalid; anything else is a bug and passes.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from chat.errors import Conflict, Invalid, Unavailable

AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidAuthorizationSpecificationError,
)

_encode = msgspec.json.Encoder().encode


@contextmanager
def errors_translated() -> Iterator[None]:
    try:
        yield
    except asyncpg.UniqueViolationError:
        raise Conflict from None
    except (asyncpg.DataError, asyncpg.UntranslatableCharacterError):
        raise Invalid("A value is out of range.") from None
    except AWAY as error:
        raise Unavailable from error


class Database:
    """Runs statements. Made over a pool, each takes a connection of its own; made over a
    connection (by `transaction`), all share its transaction."""

    def __init__(self, source: "asyncpg.Pool[Any] | PoolConnectionProxy[Any]") -> None:
        self._source = source

    async def rows(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        with errors_translated():
            return list(await self._source.fetch(sql, *values))

    async def row(self, sql: str, *values: Any) -> asyncpg.Record | None:
        with errors_translated():
            return await self._source.fetchrow(sql, *values)

    async def value(self, sql: str, *values: Any) -> Any:
        with errors_translated():
            return await self._source.fetchval(sql, *values)

    async def execute(self, sql: str, *values: Any) -> int:
        """Run a statement; answer how many rows it changed."""
        with errors_translated():
            status = await self._source.execute(sql, *values)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdecimal() else 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Database"]:
        """READ COMMITTED; commits unless the block raises. Inside a transaction: that one."""
        if isinstance(self._source, PoolConnectionProxy):
            yield self
            return
        with errors_translated():
            async with self._source.acquire() as connection, connection.transaction():
                yield Database(connection)


async def open_pool(url: str, *, size: int = 16) -> "asyncpg.Pool[Any]":
    """Connect. Idle connections stay; a broken one is replaced at its next use.

    `reset` is a no-op: every statement here is autocommitted or in a `transaction` block, nothing
    sets session state, and the usual reset costs a round trip per use.
    """
    with errors_translated():
        return await asyncpg.create_pool(
            url,
            min_size=2,
            max_size=size,
            command_timeout=60,
            timeout=10,
            max_inactive_connection_lifetime=0,
            init=_prepare,
            reset=_keep,
        )


async def _prepare(connection: "asyncpg.Connection[Any]") -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: _encode(value).decode(),
        decoder=msgspec.json.decode,
    )


async def _keep(_: "asyncpg.Connection[Any]") -> None:
    """Nothing to undo between two uses of a connection."""
