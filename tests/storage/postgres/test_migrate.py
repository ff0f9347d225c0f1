"""Migrations: once, whoever comes first, and never backwards."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from storage.postgres.migrate import SchemaError, migrate, migrate_url, versions


@pytest.fixture
async def empty_url(postgres: Any, connection: "asyncpg.Connection[Any]") -> AsyncIterator[str]:
    name = f"empty_{secrets.token_hex(4)}"
    await connection.execute(f"CREATE DATABASE {name}")
    yield str(postgres.url).replace("@/parlance?", f"@/{name}?")
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def test_many_nodes_migrate_at_once_and_each_version_is_applied_once(empty_url: str) -> None:
    applied = await asyncio.gather(*(migrate_url(empty_url) for _ in range(6)))
    assert sorted(applied, key=len)[-1] == sorted(versions())
    assert sum(map(len, applied)) == len(versions())
    assert await migrate_url(empty_url) == []


async def test_a_newer_schema_is_refused_in_one_line(empty_url: str) -> None:
    await migrate_url(empty_url)
    connection = await asyncpg.connect(empty_url)
    await connection.execute("INSERT INTO schema_versions (version) VALUES (9999)")
    with pytest.raises(SchemaError, match="9999, which is newer"):
        await migrate(connection)
    await connection.close()
