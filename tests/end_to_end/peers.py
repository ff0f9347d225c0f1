"""Peer: a bare websocket. Unlike the client it hides nothing: not a double, not a hole."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

PATIENCE_SECONDS = 30.0
MOST_ATTEMPTS = 200

Push = dict[str, Any]


class Refused(Exception):
    """The server answered a command with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code: str = error["code"]
        self.retry_after: float | None = error.get("retry_after")


class Peer:
    """One open socket. `pushes` is everything the server said unasked, in order."""

    def __init__(self, websocket: ClientConnection) -> None:
        self.websocket = websocket
        self.pushes: list[Push] = []
        self.welcome: dict[str, Any] = {}
        self.closed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while True:
                frame = msgspec.json.decode(await self.websocket.recv())
                if "id" in frame and frame["type"] in ("reply", "error"):
                    self._answers.pop(frame["id"]).set_result(frame)
                else:
                    async with self._news:
                        self.pushes.append(frame)
                        self._news.notify_all()
        except ConnectionClosed as closed:
            self.closed.set_result(closed.rcvd.code if closed.rcvd else 1006)
            for answer in self._answers.values():
                answer.cancel()
            async with self._news:
                self._news.notify_all()

    @property
    def node(self) -> str:
        node: str = self.welcome["node"]
        return node

    async def tell(self, kind: str, **fields: Any) -> "asyncio.Future[dict[str, Any]]":
        """Send a command; the future is its answer's."""
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self.websocket.send(
            msgspec.json.encode({"type": kind, "id": number, **fields}), text=True
        )
        return answer

    async def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Send a command and wait for its result. Raises Refused."""
        answer = await self.tell(kind, **fields)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.wait([answer])
        assert not answer.cancelled(), f"closed with {self.closed.result()} before {kind}'s answer"
        frame = answer.result()
        if frame["type"] == "error":
            raise Refused(frame)
        result: dict[str, Any] = frame["result"]
        return result

    async def send(self, channel: int, text: str, client_id: str | None = None) -> Push:
        """Send a message; the message as stored."""
        result = await self.ask(
            "message.send", channel=channel, client_id=client_id or text, text=text
        )
        message: Push = result["message"]
        return message

    async def until(
        self, condition: Callable[[list[Push]], Any], seconds: float = PATIENCE_SECONDS
    ) -> Any:
        """Wait until what was pushed fulfils a condition; what the condition answered."""

        def met() -> Any:
            found = condition(self.pushes)
            if not found and self.closed.done():
                raise AssertionError(f"closed with {self.closed.result()}: {self.pushes[-5:]}")
            return found

        try:
            async with asyncio.timeout(seconds), self._news:
                return await self._news.wait_for(met)
        except TimeoutError:
            raise AssertionError(f"it never came: {self.pushes[-20:]}") from None

    async def hears(self, kind: str, seconds: float = PATIENCE_SECONDS, **fields: Any) -> Push:
        """Wait for a push with these fields; the first one there is."""
        push: Push = await self.until(lambda _: self.heard(kind, **fields), seconds)
        return push

    def heard(self, kind: str, **fields: Any) -> Push | None:
        return next((push for push in self.pushes if _fits(push, {"type": kind, **fields})), None)

    async def hears_text(self, text: str, seconds: float = PATIENCE_SECONDS) -> Push:
        return await self.hears("message.created", seconds, message={"text": text})

    def offsets(self, channel: int) -> list[int]:
        """The offsets of all that was told of a channel, in the order it was told."""
        return [
            push["offset"]
            for push in self.pushes
            if push.get("channel") == channel and "offset" in push and push["type"] != "reset"
        ]

    def texts(self, channel: int) -> list[str]:
        return [
            push["message"]["text"]
            for push in self.pushes
            if push["type"] == "message.created" and push["channel"] == channel
        ]

    async def until_closed(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for the end of the socket; its close code, 1006 if it was cut."""
        async with asyncio.timeout(seconds):
            return await asyncio.shield(self.closed)

    async def close(self) -> None:
        await self.websocket.close()
        await self._reading


def _fits(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(value, Mapping) and all(
            key in value and _fits(value[key], part) for key, part in wanted.items()
        )
    return bool(value == wanted)


async def open_peer(
    url: str, token: str, *, positions: Mapping[int, int] | None = None, **options: Any
) -> Peer:
    """Connect and say hello. Whoever calls closes it."""
    websocket = await connect(
        f"{url.replace('http', 'ws', 1)}/socket",
        compression=None,
        ping_interval=None,
        max_size=None,
        proxy=None,
        **options,
    )
    peer = Peer(websocket)
    try:
        known = {str(channel): offset for channel, offset in (positions or {}).items()}
        peer.welcome = await peer.ask("hello", token=token, positions=known)
    except BaseException:
        await peer.close()
        raise
    return peer


@asynccontextmanager
async def peer_of(
    url: str,
    token: str,
    *,
    positions: Mapping[int, int] | None = None,
    node: str | None = None,
    away_from: str | None = None,
    **options: Any,
) -> AsyncIterator[Peer]:
    """A socket for as long as the block lasts, on a given node, or on any but one."""
    for _ in range(MOST_ATTEMPTS):
        peer = await open_peer(url, token, positions=positions, **options)
        if (node is None or peer.node == node) and peer.node != away_from:
            break
        await peer.close()
    else:
        raise AssertionError("the other node was never met")
    try:
        yield peer
    finally:
        await peer.close()


async def hear_each_other(peers: tuple[Peer, Peer], room: int, name: str) -> None:
    """What passes by goes through Redis only: so this says that it works again, both ways."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        for mouth, ear in (peers, peers[::-1]):
            told = f"{name}, says {mouth.node}"
            while not ear.heard("event", channel=room, name=told):
                await mouth.ask("event", channel=room, name=told, data={})
                with contextlib.suppress(AssertionError):
                    await ear.hears("event", 0.2, channel=room, name=told)
