"""The conversation: over one socket after the other, without losing or doubling an event.

Rule: one task, owned by whoever called `start`, opens, reads and closes every socket.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from .connection import Connection
from .endpoint import Endpoint
from .errors import Closed, ConnectFailed, ConnectionLost
from .events import (
    CaughtUp,
    ChannelCreated,
    ChannelEvent,
    ChannelUpdated,
    Drain,
    DurableEvent,
    Event,
    Shed,
)
from .inbox import Inbox
from .models import Channel, Greeting
from .positions import Positions

T = TypeVar("T")

logger = logging.getLogger("parlance")

# How long answers under way are waited for when this client leaves a socket of its own will.
SETTLE_SECONDS = 2.0


class Conversation:
    """Reconnects, resumes, and keeps what must survive a socket.

    When the inbox is full, the socket is not read. If commands wait for answers meanwhile, it is
    read for those alone: events are passed over, and once the inbox is low a new connection
    brings the durable ones, since their offsets were not recorded.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        inbox: Inbox,
        positions: Positions,
        *,
        backoff: Callable[[int], float],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self.positions = positions
        self.sleep = sleep
        self.declared: dict[str, dict[str, Any]] = {}
        self.greeting: Greeting
        self.channels: dict[int, Channel] = {}
        self._endpoint = endpoint
        self._inbox = inbox
        self._backoff = backoff
        self._attempt = 0
        self._ready = asyncio.Event()
        self._is_over = False
        self._verdict: Closed | None = None
        self._is_behind = False
        self._passed_over = 0
        self._return_at: float | None = None

    async def start(self) -> None:
        """Connect, once; raises ConnectFailed or Closed. `stop` must follow."""
        self._connection = await self._open()
        self._runner = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Close the socket. What waits for an answer or for an event hears of it."""
        self._runner.cancel()
        await asyncio.wait([self._runner])
        # A task that is cancelled before its first step has run none of its own cleaning up.
        self._end()
        await self._connection.close()
        if not self._runner.cancelled():
            self._runner.result()

    async def next_event(self) -> Event | None:
        """Wait for the next event; None after `stop`. Raises Closed. Cancelling is safe."""
        event = await self._inbox.get()
        if event is None:
            if self._verdict is not None:
                raise self._verdict
            return None
        self.positions.hand_on(event)
        if self._is_behind and self._inbox.is_low:
            self._leave_after(0)
        return event

    async def request(self, kind: str, answer: type[T], fields: dict[str, Any]) -> T:
        """Wait for a connection and ask once; raises ConnectionLost, Refused or Closed."""
        await self._ready.wait()
        if self._is_over:
            raise self._verdict or Closed(1000, "the client was closed")
        connection = self._connection
        self._inbox.notify()
        try:
            return await connection.request(kind, fields, answer)
        except ConnectionLost:
            # Found by writing before it was found by reading: no further command may try it.
            if connection is self._connection and not self._is_over:
                self._ready.clear()
            self._inbox.notify()
            raise

    # The sockets, one after the other.

    async def _run(self) -> None:
        try:
            while True:
                delay = await self._serve(self._connection)
                self._connection = await self._reopen(delay)
        except Closed as verdict:
            self._verdict = verdict
        finally:
            self._end()

    def _end(self) -> None:
        self._is_over = True
        self._ready.set()
        self._inbox.close()

    async def _open(self) -> Connection:
        connection, greeting = await self._endpoint.open(self.positions.received)
        self.greeting = greeting
        self.channels = {channel.id: channel for channel in greeting.channels}
        self.positions.greet(greeting.user.id, greeting.channels)
        return connection

    async def _reopen(self, delay: float | None) -> Connection:
        while True:
            await self.sleep(self._backoff(self._attempt) if delay is None else delay)
            self._attempt += 1
            try:
                return await self._open()
            except ConnectFailed as failure:
                logger.info("%s", failure)
                delay = failure.retry_after

    async def _serve(self, connection: Connection) -> float | None:
        """Use the socket until it ends; return after how many seconds to come back, if told."""
        self._return_at = None
        delay = None
        try:
            async with asyncio.timeout(None) as self._leaving, connection.kept_alive():
                for kind, fields in self.declared.items():
                    await connection.tell(kind, fields)
                self._ready.set()
                await self._receive(connection)
        except TimeoutError:
            self._ready.clear()
            await self._settle(connection)
        except ConnectionLost as lost:
            logger.info("%s", lost)
            delay = lost.retry_after
        finally:
            self._ready.clear()
            self._catch_up_later()
            await connection.close()
        if self._return_at is None:
            return delay
        return max(0.0, self._return_at - asyncio.get_running_loop().time())

    async def _settle(self, connection: Connection) -> None:
        """Give commands under way their answers. Events left out here come again, by offset."""
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                await connection.settle()
        except (TimeoutError, ConnectionLost):
            logger.info("left before every command was answered")

    # What comes in.

    async def _receive(self, connection: Connection) -> None:
        while True:
            event = await connection.receive()
            if isinstance(event, Drain):
                self._leave_after(event.reconnect_after)
                continue
            await self._wait_for_room(connection)
            if self._is_behind or self._inbox.is_full:
                self._pass_over(event)
            else:
                self._accept(event)

    async def _wait_for_room(self, connection: Connection) -> None:
        while self._inbox.is_full and not connection.wants_reading:
            connection.is_reading = False
            await self._inbox.changed()
        connection.is_reading = True

    def _accept(self, event: Event) -> None:
        for each in self.positions.receive(event):
            if isinstance(each, ChannelCreated | ChannelUpdated):
                self.channels[each.channel] = each.details
            elif isinstance(each, DurableEvent) and self.positions.is_end(each):
                self.channels.pop(each.channel, None)
            elif isinstance(each, CaughtUp):
                self._attempt = 0
            self._inbox.put(each)

    def _pass_over(self, event: Event) -> None:
        """Leave the event out: its offset is not recorded, so a durable one comes again."""
        self._is_behind = True
        if isinstance(event, Shed):
            self._passed_over += event.count
        elif isinstance(event, ChannelEvent) and not isinstance(event, DurableEvent):
            self._passed_over += 1

    def _catch_up_later(self) -> None:
        self._is_behind = False
        if self._passed_over:
            self._inbox.put(Shed(count=self._passed_over))
            self._passed_over = 0

    def _leave_after(self, seconds: float) -> None:
        if self._return_at is None:
            self._return_at = asyncio.get_running_loop().time() + seconds
            self._leaving.reschedule(self._return_at)
