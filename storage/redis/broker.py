"""RedisBroker: tells this node's hub at once, and the other nodes through Redis.

Rule: delivery here is at most once. After every gap the hub is told so, and repairs by offsets;
a durable event that could not be published leaves a hint, published when Redis is back.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

import msgspec

from chat.events import ChannelEvent, DurableEvent, Event, HeadMoved, UserEvent, topic_of
from storage.redis.lines import Line, LineError, open_line

logger = logging.getLogger("parlance.broker")

NONCE_SECONDS = 1.0
DEAF_SECONDS = 4.0
RETRY_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)
SUBSCRIBE_CHUNK = 1000
MOST_QUEUED = 100_000
"""Ephemeral events are dropped beyond this many waiting for a slow Redis."""

# JSON, for MessagePack has no integers beyond 64 bits and properties may hold them.
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[Event]).decode

Deliver = Callable[[Event], None]


class Deaf(Exception):
    """The subscription does not hear what this node itself publishes."""


class RedisBroker:
    """`deliver` gets every event of a subscribed topic, from here and from elsewhere; `repair`
    is called when events may have been missed."""

    def __init__(self, url: str, node: str, deliver: Deliver, repair: Callable[[], None]) -> None:
        self._url = url
        self._prefix = node.encode().ljust(16)[:16]
        self._nonce_topic = f"node:{node}"
        self._deliver = deliver
        self._repair = repair
        self._line: Line | None = None
        self.first_connected = asyncio.Event()
        self._topics: set[str] = set()
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._outbox: dict[str, list[Event]] = {}
        self._queued = 0
        self._hints: dict[int, int] = {}
        self._wake = asyncio.Event()
        self._heard_at = 0.0
        self._unheard = False

    @property
    def connected(self) -> bool:
        """Whether this node hears the others right now."""
        return self._line is not None

    def publish(self, event: Event) -> None:
        """See `chat.broker.Broker.publish`. Here first: a node does not wait for its own echo."""
        self._deliver(event)
        if self._line is None or self._queued >= MOST_QUEUED:
            self._leave_hint(event)
            return
        self._outbox.setdefault(topic_of(event), []).append(event)
        self._queued += 1
        self._wake.set()

    async def subscribe(self, topics: Sequence[str]) -> None:
        """Hear these topics from now on; returns when that is in force, or at once while Redis
        is away (then `repair` follows when it is back)."""
        new = [topic for topic in topics if topic not in self._topics]
        self._topics.update(new)
        line = self._line
        if line is None:
            return
        for topic in new:
            self._wait_for(topic)
        waiting = [self._waiting[topic] for topic in topics if topic in self._waiting]
        try:
            if new:
                await line.subscribe(new)
        except LineError:
            return  # the listening side notices the same, and repairs
        if waiting:
            _, unconfirmed = await asyncio.wait(waiting, timeout=DEAF_SECONDS)
            if unconfirmed and line is self._line:
                self._unheard = True  # the line is given up, and that releases who waits
                await asyncio.wait(unconfirmed)

    async def unsubscribe(self, topics: Sequence[str]) -> None:
        self._topics.difference_update(topics)
        if self._line is not None and topics:
            try:
                await self._line.unsubscribe(topics)
            except LineError:
                return

    def _wait_for(self, topic: str) -> "asyncio.Future[None]":
        return self._waiting.setdefault(topic, asyncio.get_running_loop().create_future())

    async def run(self) -> None:
        """Keep a line open until cancelled."""
        attempt = 0
        while True:
            started = time.monotonic()
            try:
                await self._serve_line()
            except* (*LineError, Deaf) as problem:
                logger.warning("lost Redis: %s", problem.exceptions[0])
            finally:
                self._line = None
                self._release_waiting()
            attempt = 0 if time.monotonic() - started > 10 else attempt + 1
            await asyncio.sleep(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS)) - 1])

    async def _serve_line(self) -> None:
        async with open_line(self._url) as line, asyncio.TaskGroup() as group:
            await line.subscribe([self._nonce_topic])
            group.create_task(line.listen(self._hear))
            subscribed: set[str] = set()
            while missing := sorted(self._topics - subscribed)[:SUBSCRIBE_CHUNK]:
                waiting = [self._wait_for(topic) for topic in missing]
                await line.subscribe(missing)
                _, unconfirmed = await asyncio.wait(waiting, timeout=DEAF_SECONDS)
                if unconfirmed:
                    raise Deaf(f"{len(unconfirmed)} subscriptions were not confirmed")
                subscribed.update(missing)
            self._unheard = False
            self._heard_at = time.monotonic()
            self._line = line
            self.first_connected.set()
            self._publish_hints()
            self._repair()
            group.create_task(self._write(line))
            group.create_task(self._listen_to_itself(line))

    def _hear(self, topic: str, payload: bytes | None) -> None:
        if payload is None:
            if waiting := self._waiting.pop(topic, None):
                waiting.set_result(None)
        elif topic == self._nonce_topic:
            self._heard_at = time.monotonic()
        elif not payload.startswith(self._prefix):
            self._take(payload[16:])

    def _take(self, payload: bytes) -> None:
        try:
            events = _decode(payload)
        except msgspec.DecodeError as problem:
            # A node of a newer version may tell what this one does not know: the store is asked.
            logger.warning("events that cannot be read: %s", problem)
            self._repair()
            return
        for event in events:
            self._deliver(event)

    async def _write(self, line: Line) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            outbox, self._outbox, self._queued = self._outbox, {}, 0
            batch = [(topic, self._prefix + _encode(events)) for topic, events in outbox.items()]
            if not batch:
                continue
            try:
                await line.publish(batch)
            except LineError:
                for events in outbox.values():
                    for event in events:
                        self._leave_hint(event)
                raise

    async def _listen_to_itself(self, line: Line) -> None:
        while True:
            await line.publish([(self._nonce_topic, self._prefix)])
            await asyncio.sleep(NONCE_SECONDS)
            if self._unheard or time.monotonic() - self._heard_at > DEAF_SECONDS:
                raise Deaf("its subscription went deaf")

    def _leave_hint(self, event: ChannelEvent | UserEvent) -> None:
        if isinstance(event, DurableEvent):
            head = self._hints.get(event.channel_id, 0)
            self._hints[event.channel_id] = max(head, event.offset)

    def _publish_hints(self) -> None:
        hints, self._hints = self._hints, {}
        for channel_id, head in hints.items():
            self._outbox.setdefault(f"channel:{channel_id}", []).append(HeadMoved(channel_id, head))
        self._wake.set()

    def _release_waiting(self) -> None:
        """Whoever waits for a subscription goes on: `repair` covers what it misses."""
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_result(None)
