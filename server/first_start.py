"""First start: migrate, make the default application and its credentials, say how to join."""

import asyncio
import os
import shlex
import shutil
import sys
from pathlib import Path

import asyncpg
import msgspec

from chat.actors import Actor
from chat.applications import Credentials
from chat.channels import NewChannel
from chat.chat import Chat
from chat.errors import Conflict, Unavailable
from chat.events import Event
from server.keyring import make_key_file
from server.settings import Settings, SettingsError
from storage.postgres.migrate import SchemaError, migrate_url
from storage.postgres.store import open_store
from storage.redis.lines import LineError, RedisUnusable, open_line

APPLICATION = "default"
LOBBY = "lobby"
UNREACHABLE = (
    OSError,
    TimeoutError,
    ValueError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)


class SavedCredentials(msgspec.Struct, frozen=True):
    """`credentials.json`: what opens the default application. The secret exists only there."""

    base_url: str
    application_id: int
    api_key: str
    client_id: str
    client_secret: str


class Silence:
    """The broker before any node runs: nobody to tell."""

    def publish(self, event: Event) -> None:
        del event


def prepare(settings: Settings) -> str:
    """Make the database ready and answer how to join. Raises SettingsError, with one line."""
    return asyncio.run(_prepare(settings))


async def _prepare(settings: Settings) -> str:
    make_key_file(settings)
    await migrate(settings)
    await _check_redis(settings)
    base_url = _base_url(settings)
    file = settings.data_directory / "credentials.json"
    try:
        async with open_store(settings.database_url or "", "first-start", size=4) as store:
            chat = Chat(store, Silence())
            made = await _make_application(chat)
            if made is not None:
                _save(file, base_url, made)
            else:
                _follow(file, base_url)
    except Unavailable as problem:
        raise SettingsError(f"the database cannot be used: {problem.__cause__}") from None
    return _how_to_join(base_url, file)


async def _make_application(chat: Chat) -> Credentials | None:
    """Make the default application with its lobby; None if there is one, perhaps just made by
    another machine that starts at the same time."""
    if await chat.applications.find_by_name(APPLICATION) is not None:
        return None
    try:
        made = await chat.applications.create(APPLICATION)
    except Conflict:
        return None
    await chat.channels.create(
        Actor(application_id=made.application_id),
        NewChannel(kind="PUBLIC", name=LOBBY, display_name="Lobby"),
    )
    return made


async def migrate(settings: Settings) -> list[int]:
    """Bring the schema up to date; answer the versions applied."""
    try:
        return await migrate_url(settings.database_url or "")
    except SchemaError as problem:
        raise SettingsError(str(problem)) from None
    except UNREACHABLE as problem:
        said = str(problem) or type(problem).__name__
        raise SettingsError(f"the database cannot be used: {said}") from None


async def _check_redis(settings: Settings) -> None:
    try:
        async with open_line(settings.redis_url or ""):
            return
    except RedisUnusable as problem:
        raise SettingsError(str(problem)) from None
    except (*LineError, ValueError) as problem:
        raise SettingsError(f"the Redis server cannot be used: {problem}") from None


def _base_url(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _save(file: Path, base_url: str, made: Credentials) -> None:
    saved = SavedCredentials(
        base_url, made.application_id, made.api_key, made.client_id, made.client_secret
    )
    _write(file, saved)


def _follow(file: Path, base_url: str) -> None:
    """Keep the address in the file up to date; the rest is never rewritten."""
    try:
        saved = msgspec.json.decode(file.read_bytes(), type=SavedCredentials)
    except (OSError, msgspec.MsgspecError):
        return  # made by another machine, or moved away by the operator: not ours to invent
    if saved.base_url != base_url:
        _write(file, msgspec.structs.replace(saved, base_url=base_url))


def _write(file: Path, saved: SavedCredentials) -> None:
    draft = file.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(msgspec.json.format(msgspec.json.encode(saved), indent=2) + b"\n")
    draft.replace(file)


def _how_to_join(base_url: str, file: Path) -> str:
    return f"""
Parlance is running.

  Chat in the browser   {base_url}/
  Credentials           {file}

A first call as a back end:

  curl -s {base_url}/oauth/token -d grant_type=client_credentials \\
       -u "$({_client(file)})"

A message from the terminal:

  {_send(file.parent)} --username bot lobby "Hello from the terminal"
"""


def _client(file: Path) -> str:
    """Spell how to read the client's id and secret, so that the secret itself is not printed."""
    read = f"import json; c = json.load(open({str(file)!r})); "
    show = "print(c['client_id'] + ':' + c['client_secret'])"
    return shlex.join(["python3", "-c", read + show])


def _send(data: Path) -> str:
    """Spell `parlance send` so that it works from here, with this data directory."""
    installed = Path(sys.executable).with_name("parlance")
    words = ["parlance" if shutil.which("parlance") else str(installed), "send"]
    if data != Path.cwd() / ".parlance":
        words += ["--data", str(data)]
    return shlex.join(words)
