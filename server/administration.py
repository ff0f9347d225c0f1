"""What an operator does from the command line: migrate, make applications and tokens, diagnose."""

import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import asyncpg
import msgspec

from chat.actors import Actor
from chat.applications import Credentials, NewToken
from chat.chat import Chat
from chat.errors import NotFound, Unavailable
from chat.users import NewUser, User
from server import first_start
from server.embedded.directory import DataDirectory, reachable_of_holder
from server.embedded.postgres import Postgres, url_of
from server.first_start import APPLICATION, Silence
from server.settings import Settings, SettingsError
from storage.postgres.migrate import versions
from storage.postgres.store import open_store
from storage.redis.lines import LineError, RedisUnusable, open_line


@contextlib.contextmanager
def reach_database(settings: Settings) -> Iterator[Settings]:
    """Settings with a database that runs: the one named, that of the server which runs on the
    data directory, or, when none does, its PostgreSQL started for the while."""
    if settings.database_url is not None:
        yield settings
        return
    holder = reachable_of_holder(settings.data_directory)
    if holder is not None:
        yield msgspec.structs.replace(settings, database_url=url_of(holder))
        return
    with contextlib.closing(DataDirectory(settings.data_directory)) as directory:
        postgres = Postgres(directory)
        postgres.start()
        try:
            postgres.wait_until_ready()
            yield msgspec.structs.replace(settings, database_url=postgres.url)
        finally:
            postgres.stop()


@contextlib.asynccontextmanager
async def open_chat(settings: Settings) -> AsyncIterator[Chat]:
    """The core over the database, telling nobody."""
    await first_start.migrate(settings)
    try:
        async with open_store(settings.database_url or "", "command-line", size=2) as store:
            yield Chat(store, Silence())
    except Unavailable as problem:
        raise SettingsError(f"the database cannot be used: {problem.__cause__}") from None


async def create_application(settings: Settings, name: str) -> Credentials:
    async with open_chat(settings) as chat:
        return await chat.applications.create(name)


async def create_token(
    settings: Settings, application: str | None, user: str, *, bot: bool, expires_in: int | None
) -> tuple[User, NewToken]:
    """A token for a user by name, who is made if there is none."""
    async with open_chat(settings) as chat:
        found = await chat.applications.find_by_name(application or APPLICATION)
        if found is None:
            raise NotFound(f"There is no application {application or APPLICATION}.")
        actor = Actor(application_id=found.id)
        person = await chat.users.find(actor, user) or await chat.users.create(
            actor, NewUser(name=user, display_name=user, kind="BOT" if bot else "PERSON")
        )
        token = await chat.users.create_token(
            actor, person.id, expires_in=expires_in, now=datetime.now(UTC)
        )
        return person, token


async def doctor(settings: Settings, output: TextIO) -> bool:
    """Check what a server would need, a line each; True when all is well."""
    checks = [
        ("data directory", _check_directory(settings.data_directory)),
        ("PostgreSQL", await _check_database(settings)),
        ("Redis", await _check_redis(settings)),
    ]
    for name, (is_well, text) in checks:
        output.write(f"{'ok ' if is_well else 'BAD'}  {name}: {text}\n")
    return all(is_well for _, (is_well, _) in checks)


def _check_directory(path: Path) -> tuple[bool, str]:
    if not path.exists():
        return True, f"{path} will be made at the first start"
    if not os.access(path, os.W_OK):
        return False, f"{path} is not writable"
    state = "in use by a running server" if reachable_of_holder(path) else "not in use"
    return True, f"{path} is {state}"


async def _check_database(settings: Settings) -> tuple[bool, str]:
    if settings.database_url is None:
        return True, "embedded; not running, and no other is named"
    try:
        connection = await asyncpg.connect(settings.database_url, timeout=10)
    except first_start.UNREACHABLE as problem:
        return False, str(problem) or type(problem).__name__
    try:
        server = connection.get_server_version()
        done = await connection.fetchval(
            "SELECT to_regclass('schema_versions') IS NOT NULL"
        ) and await connection.fetchval("SELECT max(version) FROM schema_versions")
        newest = max(versions())
        state = f"{server.major}.{server.minor}, schema {done or 'missing'} of {newest}"
        return not done or done <= newest, state
    finally:
        await connection.close()


async def _check_redis(settings: Settings) -> tuple[bool, str]:
    if settings.redis_url is None:
        return True, "embedded"
    try:
        async with open_line(settings.redis_url) as line:
            return True, f"reachable ({type(line).__name__.removesuffix('Line').lower()})"
    except (*LineError, RedisUnusable, ValueError) as problem:
        return False, str(problem)
