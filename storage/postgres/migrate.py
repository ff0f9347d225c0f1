"""Migrations: plain SQL files applied in order, once, by whichever node comes first.

Rule: a released migration is never edited; a database that is newer than the code is refused.
"""

from pathlib import Path
from typing import Any

import asyncpg

DIRECTORY = Path(__file__).parent / "migrations"
LOCK = 0x7061726C616E6365 & 0x7FFFFFFFFFFFFFFF  # "parlance"
MINIMUM_SERVER = 14


class SchemaError(Exception):
    """The database cannot be used by this code; the text says why, in one line."""


def versions() -> dict[int, Path]:
    """The migrations of this code by number."""
    return {int(path.name.split("_")[0]): path for path in sorted(DIRECTORY.glob("*.sql"))}


async def migrate(connection: "asyncpg.Connection[Any]") -> list[int]:
    """Bring the schema up to date; answer the versions applied.

    Many nodes may call this at once: an advisory lock lets one work while the others wait, and
    they then find nothing to do. Each migration commits alone, with its number.
    """
    if connection.get_server_version().major < MINIMUM_SERVER:
        raise SchemaError(
            f"the database is PostgreSQL {connection.get_server_version().major}; "
            f"Parlance needs {MINIMUM_SERVER} or newer"
        )
    await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
    try:
        await connection.execute(
            """CREATE TABLE IF NOT EXISTS schema_versions (
                   version integer PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())"""
        )
        done = {
            row["version"] for row in await connection.fetch("SELECT version FROM schema_versions")
        }
        known = versions()
        if newer := done - set(known):
            raise SchemaError(
                f"the database schema has version {max(newer)}, which is newer than this "
                f"code's {max(known)}; upgrade Parlance"
            )
        missing = [version for version in known if version not in done]
        for version in missing:
            async with connection.transaction():
                await connection.execute(known[version].read_text())
                await connection.execute(
                    "INSERT INTO schema_versions (version) VALUES ($1)", version
                )
        return missing
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)


async def migrate_url(url: str) -> list[int]:
    """Connect, migrate, disconnect. Raises SchemaError, asyncpg's errors and OSError."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return await migrate(connection)
    finally:
        await connection.close()
