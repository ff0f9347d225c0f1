"""One open socket: commands out, answers matched to them by id, pushes in order.

Rule: nothing here outlives the socket; what must survive it is the client's.
"""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from .codec import Codec, Failure, Frame, Reply
from .errors import Closed, ConnectionLost, ParlanceError, Refused, Unreadable
from .events import BY_TYPE, Event
from .models import Greeting

T = TypeVar("T")
Answering: TypeAlias = "asyncio.Future[Reply | Failure | None]"

logger = logging.getLogger("parlance")

# 1003, 1007 and 1009 are how a WebSocket library says 4004 and 4005.
FINAL_CODES = frozenset({1000, 1003, 1007, 1009, 4001, 4003, 4004, 4005})
RATE_LIMITED = 4009
PROTOCOL_ERROR = 1002
RATE_LIMITED_SECONDS = 5.0


class Connection:
    """A socket of which `receive` is called all the time, by one task; answers come in there."""

    def __init__(self, websocket: ClientConnection, codec: Codec) -> None:
        self._websocket = websocket
        self._codec = codec
        self._ids = itertools.count(1)
        self._answers: dict[int, Answering] = {}
        self._greeting: Greeting | None = None
        self._is_lost = False
        self.is_reading = True

    @property
    def wants_reading(self) -> bool:
        """Whether a command waits for its answer, or the end of the socket is to be found."""
        return self._is_lost or self._has_questions()

    @property
    def close_code(self) -> int | None:
        return self._websocket.close_code

    async def hello(self, fields: dict[str, Any]) -> Greeting:
        """Introduce this client. Raises Refused, Closed or ConnectionLost."""
        async with self._asked("hello", fields) as answering:
            while not answering.done():
                await self._receive_frame()
        self._greeting = self._read("hello", answering.result(), Greeting)
        return self._greeting

    async def request(self, kind: str, fields: dict[str, Any], answer: type[T]) -> T:
        """Send a command and wait for its answer.

        Raises ConnectionLost when the socket ends before, and Refused. When cancelled, the
        command may have left.
        """
        async with self._asked(kind, fields) as answering:
            reply = await answering
        return self._read(kind, reply, answer)

    async def tell(self, kind: str, fields: dict[str, Any]) -> None:
        """Send a command and do not care for its answer. Raises ConnectionLost."""
        await self._transmit(kind, next(self._ids), fields)

    async def receive(self) -> Event:
        """Wait for the next push that this version knows. Cancelling is safe.

        Raises ConnectionLost or Closed, as the close code says.
        """
        while True:
            event = await self._receive_frame()
            if event is not None:
                return event

    async def settle(self) -> None:
        """Read on until every command has its answer; pushes are left out."""
        while self._has_questions():
            await self._receive_frame()

    @asynccontextmanager
    async def kept_alive(self) -> AsyncIterator[None]:
        """Ping as often as the server asked for; abort the socket when it is dead."""
        beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.wait([beating])

    async def close(self) -> None:
        """Fail what waits for an answer and close in good order, or not at all."""
        self._is_lost = True
        for answering in self._answers.values():
            if not answering.done():
                answering.set_result(None)
        await self._websocket.close()

    def abort(self) -> None:
        self._websocket.transport.abort()

    @asynccontextmanager
    async def _asked(self, kind: str, fields: dict[str, Any]) -> AsyncIterator[Answering]:
        number = next(self._ids)
        answering: Answering = asyncio.get_running_loop().create_future()
        self._answers[number] = answering
        try:
            await self._transmit(kind, number, fields)
            yield answering
        finally:
            del self._answers[number]

    def _read(self, kind: str, reply: Reply | Failure | None, answer: type[T]) -> T:
        if reply is None:
            raise ConnectionLost(f"the connection broke before {kind} was answered")
        if isinstance(reply, Failure):
            raise Refused(reply.code, reply.message, reply.retry_after)
        try:
            return self._codec.decode(reply.result, answer)
        except msgspec.DecodeError as error:
            raise Unreadable(f"the answer to {kind}: {error}") from None

    async def _transmit(self, kind: str, number: int, fields: dict[str, Any]) -> None:
        given = {name: value for name, value in fields.items() if value is not None}
        data = self._codec.encode({"type": kind, "id": number, **given})
        limit = self._greeting.limits.frame_bytes if self._greeting else 0
        if limit and len(data) > limit:
            raise Refused("frame_too_large", f"{kind} takes {len(data)} bytes of {limit} allowed")
        try:
            await self._websocket.send(data, text=self._codec.is_text)
        except ConnectionClosed as closed:
            self._is_lost = True
            raise ConnectionLost(f"the connection broke before {kind} left") from closed

    def _has_questions(self) -> bool:
        return any(not answering.done() for answering in self._answers.values())

    async def _receive_frame(self) -> Event | None:
        try:
            data = await self._websocket.recv(decode=False)
            frame = self._codec.decode(data, Frame)
            if frame.type == "reply":
                self._answer(self._codec.decode(data, Reply))
            elif frame.type == "error":
                self._answer(self._codec.decode(data, Failure))
            elif (kind := BY_TYPE.get(frame.type)) is not None:
                return self._codec.decode(data, kind)
        except ConnectionClosed as closed:
            raise _ending(closed) from closed
        except msgspec.DecodeError as error:
            text = f"the server sent what this client cannot read: {error}"
            raise Closed(PROTOCOL_ERROR, text) from None
        return None

    def _answer(self, reply: Reply | Failure) -> None:
        answering = self._answers.get(reply.id) if reply.id is not None else None
        if answering is not None and not answering.done():
            answering.set_result(reply)
        elif isinstance(reply, Failure):
            logger.warning("the server complains: %s (%s)", reply.message, reply.code)

    async def _beat(self) -> None:
        seconds = self._greeting.heartbeat_seconds if self._greeting else 25.0
        while True:
            await asyncio.sleep(seconds)
            try:
                async with asyncio.timeout(seconds):
                    await (await self._websocket.ping())
            except ConnectionClosed:
                return
            except TimeoutError:
                # While nobody reads, no pong can come in; then it is for the server to judge.
                if self.is_reading:
                    logger.info("no sign of life for %s s", seconds)
                    self.abort()
                    return


def _ending(closed: ConnectionClosed) -> ParlanceError:
    frame = closed.rcvd or closed.sent
    if frame is None:
        return ConnectionLost("the connection broke")
    if frame.code in FINAL_CODES:
        return Closed(frame.code, frame.reason)
    later = RATE_LIMITED_SECONDS if frame.code == RATE_LIMITED else None
    return ConnectionLost(f"the server closed the connection: {closed}", later)
