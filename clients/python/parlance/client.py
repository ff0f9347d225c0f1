"""The public face: `connect`, and what a command's caller is promised.

Rule: which commands are repeated after a lost connection is decided here and nowhere else.
"""

import asyncio
import logging
import random
import ssl as tls
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from weakref import WeakValueDictionary

from .codec import CODECS
from .commands import Commands
from .conversation import Conversation
from .endpoint import Endpoint, socket_url
from .errors import CommandTimeout, ConnectionLost, Refused
from .events import Event
from .inbox import Inbox
from .models import Channel, Done, Limits, User
from .positions import Positions
from .version import __version__

T = TypeVar("T")

logger = logging.getLogger("parlance")

FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0


def backoff(attempt: int) -> float:
    """Seconds before the attempt, counted from 0: doubling, capped, and half of it by chance so
    that a thousand clients do not come back at once."""
    longest: float = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(attempt, 16))
    return longest * (0.5 + random.random() / 2)  # noqa: S311 (chance, not a secret)


def connect(
    url: str,
    *,
    token: str | None = None,
    api_key: str | None = None,
    username: str | None = None,
    positions: Mapping[int, int] | Mapping[str, int] | None = None,
    codec: Literal["json", "msgpack"] = "json",
    timeout: float = 30.0,
    open_timeout: float = 10.0,
    max_queue: int = 1000,
    ssl: tls.SSLContext | None = None,
    proxy: str | Literal[True] | None = True,
    _backoff: Callable[[int], float] = backoff,
    _sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> "Chat":
    """Make a client of the server at `url`, to be entered with `async with`.

    Entering connects once and raises ConnectFailed or Closed; from then on the client
    reconnects by itself until the block is left. It acts as the user of `token`, or as the guest
    `username` of the application with `api_key`.

    `positions` are `chat.positions` of an earlier run: what was missed since comes first.
    `timeout` is for each command but `send`, `open_timeout` for a connection with its hello; in
    seconds. At most about `max_queue` events wait to be read.
    """
    if (token is None) == (api_key is None or username is None):
        raise ValueError("connect() takes a token, or an api_key and a username")
    if max_queue < 1:
        raise ValueError("max_queue takes at least 1")
    endpoint = Endpoint(
        url=socket_url(url),
        codec=CODECS[codec],
        identity={
            "token": token,
            "api_key": api_key,
            "username": username,
            "client": f"parlance-python/{__version__}",
        },
        open_timeout=open_timeout,
        ssl=ssl,
        proxy=proxy,
    )
    inbox, places = Inbox(max_queue), Positions(positions)
    return Chat(Conversation(endpoint, inbox, places, backoff=_backoff, sleep=_sleep), timeout)


class Chat(Commands):
    """A user's conversation with the server. Made by `connect`.

    Iterating yields events, to one reader: durable ones exactly once and in the order of their
    offsets within a channel. It ends when the block is left, and raises Closed when the server
    ended the conversation for good. A slow reader makes the client stop reading the socket, so
    that the server's limits decide; durable events are not lost by that.
    """

    def __init__(self, conversation: Conversation, timeout: float) -> None:
        self._conversation = conversation
        self._timeout = timeout
        self._send_locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def __aenter__(self) -> Self:
        await self._conversation.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._conversation.stop()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """Wait for the next event. Cancelling is safe: none is lost."""
        event = await self._conversation.next_event()
        if event is None:
            raise StopAsyncIteration
        return event

    @property
    def user(self) -> User:
        """Who this client acts as."""
        return self._conversation.greeting.user

    @property
    def limits(self) -> Limits:
        """What the server enforces."""
        return self._conversation.greeting.limits

    @property
    def node(self) -> str:
        """Which of the server's processes this client is connected to: for logs and tests."""
        return self._conversation.greeting.node

    @property
    def channels(self) -> Mapping[int, Channel]:
        """This user's channels, each as the server last told of it: possibly ahead of the events
        still unread."""
        return self._conversation.channels

    @property
    def positions(self) -> dict[int, int]:
        """By channel, the offset of the last event that iterating has yielded. Save it, and give
        it back to `connect` to go on from there."""
        return dict(self._conversation.positions.handed_on)

    async def _send(self, kind: str, answer: type[T], fields: dict[str, Any]) -> T:
        lock = self._send_locks.setdefault(fields["channel"], asyncio.Lock())
        async with lock:
            while True:
                try:
                    return await self._ask(kind, answer, fields)
                except CommandTimeout:
                    logger.info("%s was not answered and is sent again", kind)

    async def _ask(self, kind: str, answer: type[T], fields: dict[str, Any]) -> T:
        async with self._deadline(kind):
            return await self._persist(kind, answer, fields)

    async def _do(self, kind: str, answer: type[T], fields: dict[str, Any]) -> T:
        async with self._deadline(kind):
            return await self._conversation.request(kind, answer, fields)

    async def _declare(self, kind: str, fields: dict[str, Any]) -> None:
        await self._ask(kind, Done, fields)
        self._conversation.declared[kind] = fields

    async def _persist(self, kind: str, answer: type[T], fields: dict[str, Any]) -> T:
        while True:
            try:
                return await self._conversation.request(kind, answer, fields)
            except ConnectionLost as lost:
                logger.info("%s", lost)
            except Refused as refusal:
                if refusal.retry_after is None or refusal.retry_after > self._timeout:
                    raise
                await self._conversation.sleep(refusal.retry_after)

    @asynccontextmanager
    async def _deadline(self, kind: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._timeout):
                yield
        except TimeoutError:
            raise CommandTimeout(f"{kind} was not answered in {self._timeout} s") from None
