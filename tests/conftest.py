"""What many tests share: real servers from the wheels, a core over them, and named people."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from typing import Any

import asyncpg
import pytest
import uvloop

from chat.actors import Actor
from chat.applications import Credentials
from chat.chat import Chat
from chat.events import Event
from chat.users import NewUser, User
from server.embedded.directory import DataDirectory
from server.embedded.postgres import Postgres
from server.embedded.valkey import Valkey
from storage.files.disk import DiskFiles
from storage.postgres.migrate import migrate_url
from storage.postgres.store import PostgresStore, open_store


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that nodes run on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def data_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataDirectory]:
    with closing(DataDirectory(tmp_path_factory.mktemp("servers") / "data")) as directory:
        yield directory


@pytest.fixture(scope="session")
def postgres(data_directory: DataDirectory) -> Iterator[Postgres]:
    server = Postgres(data_directory)
    server.start()
    server.wait_until_ready()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_url(data_directory: DataDirectory) -> Iterator[str]:
    server = Valkey(data_directory)
    server.start()
    server.wait_until_ready()
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
async def database_url(postgres: Postgres) -> str:
    await migrate_url(postgres.url)
    return postgres.url


@pytest.fixture(scope="session")
async def store(database_url: str) -> AsyncIterator[PostgresStore]:
    async with open_store(database_url, "tests") as store:
        await store.nodes.register()
        yield store


@pytest.fixture(scope="session")
async def file_store(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DiskFiles]:
    async with DiskFiles.opened(tmp_path_factory.mktemp("files")) as files:
        yield files


@pytest.fixture
async def own_database_url(
    database_url: str, connection: "asyncpg.Connection[Any]"
) -> AsyncIterator[str]:
    """A database of its own, for who must not meet what others leave in the common one."""
    name = f"own_{secrets.token_hex(4)}"
    await connection.execute(f"CREATE DATABASE {name}")
    url = database_url.replace("@/parlance?", f"@/{name}?")
    await migrate_url(url)
    yield url
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


class RecordingBroker:
    """A broker for one: what was published, in order."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def publish(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def broker() -> RecordingBroker:
    return RecordingBroker()


@pytest.fixture
def chat(store: PostgresStore, broker: RecordingBroker, file_store: DiskFiles) -> Chat:
    return Chat(store, broker, file_store)


@pytest.fixture
async def application(chat: Chat) -> Credentials:
    return await chat.applications.create(f"test-{secrets.token_hex(8)}")


@pytest.fixture
def actor(application: Credentials) -> Actor:
    return Actor(application_id=application.application_id)


async def _person(chat: Chat, actor: Actor, name: str) -> Actor:
    user = await chat.users.create(actor, NewUser(name=name, display_name=name.title()))
    return acting(user)


def acting(user: User) -> Actor:
    return Actor(application_id=user.application_id, user=user)


@pytest.fixture
async def jane(chat: Chat, actor: Actor) -> Actor:
    """A member."""
    return await _person(chat, actor, "jane")


@pytest.fixture
async def john(chat: Chat, actor: Actor) -> Actor:
    """The other member."""
    return await _person(chat, actor, "john")


@pytest.fixture
async def mallory(chat: Chat, actor: Actor) -> Actor:
    """The outsider."""
    return await _person(chat, actor, "mallory")


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()
