"""A peer for the client: speaks the frames of the native socket, and does what a test says."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

Frame = dict[str, Any]

# After so many seconds a test that waits for the client fails instead of hanging.
PATIENCE = 10.0

GENERAL = 7
JANE = {"id": 1, "name": "jane", "display_name": "Jane"}
JOHN = {"id": 2, "name": "john", "display_name": "John"}


def channel(number: int = GENERAL, head: int = 0, name: str = "general") -> Frame:
    return {"id": number, "kind": "public", "name": name, "head": head, "joined": True}


def message(offset: int, text: str = "", number: int = GENERAL) -> Frame:
    return {
        "id": 1000 + offset,
        "channel": number,
        "offset": offset,
        "client_id": f"c{offset}",
        "user": JOHN,
        "text": text or f"message {offset}",
        "files": [],
        "created": "2026-01-02T03:04:05.678Z",
    }


def created(offset: int, text: str = "", number: int = GENERAL) -> Frame:
    return {
        "type": "message.created",
        "channel": number,
        "offset": offset,
        "message": message(offset, text, number),
    }


class Socket:
    """One accepted socket, after its hello was answered."""

    def __init__(self, websocket: ServerConnection, hello: Frame) -> None:
        self.websocket = websocket
        self.hello = hello
        self.commands: asyncio.Queue[Frame] = asyncio.Queue()

    async def command(self, kind: str) -> Frame:
        """The next command, which must be of this kind."""
        async with asyncio.timeout(PATIENCE):
            command = await self.commands.get()
        assert command["type"] == kind
        return command

    async def push(self, *frames: Frame) -> None:
        for frame in frames:
            await self.websocket.send(encode(self.websocket, frame))

    async def reply(self, command: Frame, result: Any) -> None:
        await self.push({"type": "reply", "id": command["id"], "result": result})

    async def refuse(self, command: Frame, code: str, retry_after: float | None = None) -> None:
        error = {"type": "error", "id": command["id"], "code": code, "message": "No."}
        await self.push(error if retry_after is None else {**error, "retry_after": retry_after})

    async def store(self, command: Frame, offset: int) -> None:
        """Acknowledge a send as the message with this offset."""
        stored = {**message(offset, command["text"]), "client_id": command["client_id"]}
        await self.reply(command, {"message": stored, "duplicate": False})

    async def close(self, code: int, reason: str = "") -> None:
        await self.websocket.close(code, reason)

    def break_off(self) -> None:
        self.websocket.transport.abort()


class Peer:
    """A server on a free port. `channels`, `missed` and `refusals` are what hello meets."""

    def __init__(self) -> None:
        self.url = ""
        self.channels = [channel()]
        self.missed: list[Frame] = []
        self.refusals: list[Frame] = []
        self.refusal_close = 4001
        self.greets = asyncio.Event()
        self.greets.set()
        self.heartbeat_seconds = 25.0
        self.frame_bytes = 65536
        self.sockets: asyncio.Queue[Socket] = asyncio.Queue()

    async def accept(self) -> Socket:
        """The next socket that said hello and was greeted."""
        async with asyncio.timeout(PATIENCE):
            return await self.sockets.get()

    async def handle(self, websocket: ServerConnection) -> None:
        try:
            hello = decode(websocket, await websocket.recv())
            if self.refusals:
                refusal = {"type": "error", "id": hello["id"], **self.refusals.pop(0)}
                await websocket.send(encode(websocket, refusal))
                await websocket.close(self.refusal_close)
                return
            await self.greets.wait()
            socket = Socket(websocket, hello)
            await self._greet(socket)
            self.sockets.put_nowait(socket)
            async for data in websocket:
                socket.commands.put_nowait(decode(websocket, data))
        except ConnectionClosed:
            return

    async def _greet(self, socket: Socket) -> None:
        greeting = {
            "user": JANE,
            "session": 1,
            "node": "a",
            "heartbeat_seconds": self.heartbeat_seconds,
            "limits": {"frame_bytes": self.frame_bytes, "history": 200},
            "channels": self.channels,
        }
        await socket.reply(socket.hello, greeting)
        await socket.push(*self.missed)
        heads = {str(each["id"]): each["head"] for each in self.channels}
        await socket.push({"type": "heads", "heads": heads})


@asynccontextmanager
async def running_peer() -> AsyncIterator[Peer]:
    peer = Peer()
    subprotocols = [Subprotocol("parlance.json.v1"), Subprotocol("parlance.msgpack.v1")]
    server: Server
    async with serve(
        peer.handle,
        "127.0.0.1",
        0,
        subprotocols=subprotocols,
        ping_interval=None,
        close_timeout=1,
        write_limit=1024,
    ) as server:
        port = next(itertools.chain(each.getsockname()[1] for each in server.sockets))
        peer.url = f"http://127.0.0.1:{port}"
        yield peer


def encode(websocket: ServerConnection, frame: Frame) -> str | bytes:
    if websocket.subprotocol == "parlance.msgpack.v1":
        return msgspec.msgpack.encode(frame)
    return msgspec.json.encode(frame).decode()


def decode(websocket: ServerConnection, data: str | bytes) -> Frame:
    """Strictly: the JSON protocol is text, the msgpack protocol binary."""
    if websocket.subprotocol == "parlance.msgpack.v1":
        assert isinstance(data, bytes)
        return msgspec.msgpack.decode(data, type=Frame)
    assert isinstance(data, str)
    return msgspec.json.decode(data, type=Frame)
