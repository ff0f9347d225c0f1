"""One node in the loop of the tests, and people with sockets to it."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from chat.actors import Actor
from chat.channels import Channel, NewChannel
from chat.chat import Chat
from chat.users import NewUser
from protocol.native.codecs import CODECS, JSON
from server import app
from server.listener import listen
from server.node import Server, _config, open_realtime
from server.realtime.gateway import Gateway
from server.realtime.node import Realtime
from server.realtime.upkeep import Upkeep
from server.settings import Settings

PATIENCE_SECONDS = 5.0


class Node(msgspec.Struct, frozen=True):
    """A node that serves on loopback."""

    realtime: Realtime
    upkeep: Upkeep
    gateway: Gateway
    server: Server
    port: int

    @property
    def chat(self) -> Chat:
        return self.realtime.chat

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket(self) -> str:
        return f"ws://127.0.0.1:{self.port}/socket"


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Node]:
    """Serve with these settings for as long as the block lasts."""
    async with open_realtime(settings, secrets.token_hex(8)) as (realtime, upkeep):
        gateway = Gateway(realtime)
        server = Server(_config(settings, app.build(realtime, upkeep, "guests"), gateway))
        with listen("127.0.0.1", 0) as listener:
            port = listener.getsockname()[1]
            async with asyncio.TaskGroup() as group:
                serving = group.create_task(server.serve(sockets=[listener]))
                tasks = [group.create_task(work) for work in (*upkeep.work(), gateway.keep_alive())]
                await upkeep.settled()
                yield Node(realtime, upkeep, gateway, server, port)
                server.should_exit = True
                await serving
                for task in tasks:
                    task.cancel()
        await realtime.store.nodes.leave()


@pytest.fixture(scope="session")
def settings(
    database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    return Settings(
        data=str(tmp_path_factory.mktemp("node")),
        database_url=database_url,
        redis_url=redis_url,
        presence_grace_seconds=0.05,
        drain_seconds=1.0,
        commands_per_second=1000.0,
    )


@pytest.fixture(scope="session")
async def node(settings: Settings) -> AsyncIterator[Node]:
    async with running(settings) as node:
        yield node


@pytest.fixture
def chat(node: Node) -> Chat:
    """The core of the node: what it publishes is told to sockets."""
    return node.chat


class Peer:
    """A person with a socket: sends commands, keeps what is pushed."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.codec = CODECS.get(str(connection.subprotocol), JSON)
        self.pushes: list[dict[str, Any]] = []
        self.user: dict[str, Any] = {}
        self._answers: dict[int | None, asyncio.Future[dict[str, Any]]] = {}
        self._news = asyncio.Condition()
        self._next = 0
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for data in self.connection:
                assert isinstance(data, bytes) == self.codec.binary
                raw = data if isinstance(data, bytes) else data.encode()
                await self._take(self.codec.decode_loosely(raw))
        async with self._news:
            self._news.notify_all()

    async def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] in ("reply", "error") and frame["id"] in self._answers:
            self._answers.pop(frame["id"]).set_result(frame)
            return
        async with self._news:
            self.pushes.append(frame)
            self._news.notify_all()

    async def send_raw(self, frame: bytes | str) -> None:
        await self.connection.send(frame)

    def ask(self, kind: str, /, **fields: Any) -> Awaitable[dict[str, Any]]:
        """Send a command once awaited; answers with the reply or the error as it came."""
        self._next += 1
        number = self._next
        answer = asyncio.get_running_loop().create_future()
        self._answers[number] = answer

        async def asked() -> dict[str, Any]:
            encoded = self.codec.encode({"type": kind, "id": number, **fields})
            await self.send_raw(encoded if self.codec.binary else encoded.decode())
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await answer

        return asked()

    async def do(self, kind: str, /, **fields: Any) -> Any:
        """The result of a command that succeeds."""
        answer = await self.ask(kind, **fields)
        assert answer["type"] == "reply", answer
        return answer["result"]

    async def refused(self, kind: str, /, **fields: Any) -> str:
        """The code of a command that is refused; the socket goes on."""
        answer = await self.ask(kind, **fields)
        assert answer["type"] == "error", answer
        await self.do("ping")
        return str(answer["code"])

    async def answered(self, number: int | None, frame: bytes | str) -> dict[str, Any]:
        """Send a frame as it is, and wait for the answer to this id."""
        answer = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        await self.send_raw(frame)
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await answer

    async def told(self, kind: str, /, **fields: Any) -> dict[str, Any]:
        """Wait for a push of this kind with these members, and take it."""

        def find() -> dict[str, Any] | None:
            for push in self.pushes:
                if push["type"] == kind and fields.items() <= push.items():
                    return push
            return None

        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._news:
                push = await self._news.wait_for(find)
        except TimeoutError:
            raise AssertionError(f"no {kind} {fields} among {self.pushes}") from None
        assert push is not None
        self.pushes.remove(push)
        return push

    async def heard(self) -> list[str]:
        """The kinds of all that was pushed up to now, which is forgotten."""
        await self.do("ping")
        kinds = [str(push["type"]) for push in self.pushes]
        self.pushes.clear()
        return kinds

    async def closed(self) -> int | None:
        """Wait for the close; its code."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.connection.wait_closed()
            await self._reading
        return self.connection.close_code

    async def leave(self) -> None:
        await self.connection.close()
        await self._reading


Connect = Callable[..., Awaitable[Peer]]


@pytest.fixture
async def dial(node: Node) -> AsyncIterator[Connect]:
    """Open sockets that are closed at the end; `url` and what `connect` takes may be given."""
    peers: list[Peer] = []

    async def dial(
        url: str = "", subprotocol: str | None = "parlance.json.v1", **options: Any
    ) -> Peer:
        options.setdefault("compression", None)
        offered = [Subprotocol(subprotocol)] if subprotocol else None
        connection = await connect(
            url or node.socket, subprotocols=offered, proxy=None, max_size=None, **options
        )
        peers.append(Peer(connection))
        return peers[-1]

    yield dial
    for peer in peers:
        await peer.leave()


async def token_of(chat: Chat, person: Actor, **options: Any) -> str:
    application = Actor(application_id=person.application_id)
    made = await chat.users.create_token(
        application, person.require_user().id, now=datetime.now(UTC), **options
    )
    return made.token


Enter = Callable[..., Awaitable[Peer]]


@pytest.fixture
async def enter(chat: Chat, dial: Connect) -> Enter:
    """Open a socket as a person and say hello."""

    async def enter(person: Actor, hello: dict[str, Any] | None = None, **options: Any) -> Peer:
        peer = await dial(**options)
        token = await token_of(chat, person)
        result = await peer.do("hello", token=token, **(hello or {}))
        peer.user = result["user"]
        await peer.told("heads")
        return peer

    return enter


@pytest.fixture
async def room(chat: Chat, jane: Actor, john: Actor) -> Channel:
    """A private room of jane, who owns it, and john."""
    new = NewChannel(kind="PRIVATE", name="room", members=[john.require_user().id])
    return await chat.channels.create(jane, new)


@pytest.fixture
async def lobby(chat: Chat, jane: Actor, john: Actor) -> Channel:
    """A public channel of jane, who owns it, and john."""
    new = NewChannel(kind="PUBLIC", name="lobby", members=[john.require_user().id])
    return await chat.channels.create(jane, new)


@pytest.fixture
async def stranger(chat: Chat) -> Actor:
    """A user of another application."""
    other = await chat.applications.create(f"other-{secrets.token_hex(8)}")
    actor = Actor(application_id=other.application_id)
    user = await chat.users.create(actor, NewUser(name="jane", display_name="Not jane"))
    return Actor(application_id=other.application_id, user=user)
