"""Hub: which sockets of this node are told what.

Rule: durable events of a channel are told in offset order without holes. Whoever is behind reads
from the store until he is level with the topic, and joins it in the same tick: no seam.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from chat.errors import ChatError, Unavailable
from chat.events import (
    ChannelDeleted,
    ChannelEvent,
    ChannelGained,
    CustomEvent,
    DurableEvent,
    Event,
    HeadMoved,
    KeysPressed,
    MemberJoined,
    MemberLeft,
    PresenceChanged,
    TokenRevoked,
    Typed,
    UserEvent,
    compacted,
)
from chat.store import Store
from chat.users import User
from protocol.native.frames import Reset
from server.realtime.client import LOW_WATER, Client
from server.realtime.topics import Topic
from server.realtime.views import durable_push, ephemeral_push
from server.realtime.wire import Framed

logger = logging.getLogger("parlance.hub")

HOLE_SECONDS = 0.05
"""How long a missing offset may be merely late: between nodes there is no order."""
PAGE = 500
IDLE_TICKS = 2


class Subscriber(Protocol):
    async def subscribe(self, topics: Sequence[str]) -> None: ...
    async def unsubscribe(self, topics: Sequence[str]) -> None: ...


class UserListener(Protocol):
    """What becomes of events that concern one user; the gateway side of the hub."""

    def channel_gained(self, client: Client, channel_id: int, offset: int) -> None: ...
    def token_revoked(self, client: Client) -> None: ...
    def user_changed(self, user: "LocalUser") -> None: ...


class Counts:
    """What a hub has done since it began, for metrics."""

    __slots__ = ("deliveries", "holes", "told")

    def __init__(self) -> None:
        self.told = 0
        self.deliveries = 0
        self.holes = 0


class LocalUser:
    """A user with sockets on this node. `blocked` are those he does not want to hear."""

    __slots__ = ("blocked", "clients", "user")

    def __init__(self, user: User) -> None:
        self.user = user
        self.clients: set[Client] = set()
        self.blocked: frozenset[int] = frozenset()


class Hub:
    """The registry of one node. `deliver` is where every event comes in; nothing in it waits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._subscriber: Subscriber
        self._listener: UserListener
        self.counts = Counts()
        self._topics: dict[int, Topic] = {}
        self._users: dict[int, LocalUser] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def attach(self, subscriber: Subscriber, listener: UserListener) -> None:
        """Say where topics are subscribed and who follows users, before anything else: broker,
        hub and gateway need each other."""
        self._subscriber = subscriber
        self._listener = listener

    @property
    def topic_count(self) -> int:
        return len(self._topics)

    # Users

    async def enter(self, user: User, client: Client) -> LocalUser:
        """Register a socket under its user; from now on it hears what concerns him."""
        local = self._users.get(user.id)
        if local is None:
            local = self._users[user.id] = LocalUser(user)
        local.clients.add(client)
        client.user = local
        await self._subscriber.subscribe([f"user:{user.id}"])
        return local

    def leave(self, client: Client) -> None:
        """Forget a socket."""
        for channel_id in client.channels:
            topic = self._topics.get(channel_id)
            if topic is not None:
                topic.part(client)
        client.channels = set()
        if client.user is not None:
            client.user.clients.discard(client)

    def users(self) -> list[LocalUser]:
        return [local for local in self._users.values() if local.clients]

    # Channels

    async def open(self, channel_ids: Sequence[int]) -> None:
        """Make these channels' topics live on this node. Once it returns, everything above
        `told` of each will be told to who has joined it."""
        new = [channel_id for channel_id in channel_ids if channel_id not in self._topics]
        if new:
            await self._open_new(new)
        for channel_id in channel_ids:
            topic = self._topics.get(channel_id)
            if topic is not None and topic.opened is not None:
                await asyncio.shield(topic.opened)

    async def _open_new(self, channel_ids: Sequence[int]) -> None:
        opened = asyncio.get_running_loop().create_future()
        topics = [Topic(channel_id) for channel_id in channel_ids]
        for topic in topics:
            topic.opened = opened
            self._topics[topic.channel_id] = topic
        try:
            await self._subscriber.subscribe([f"channel:{number}" for number in channel_ids])
            heads = await self._store.channels.heads(channel_ids)
        except BaseException as problem:
            for topic in topics:
                del self._topics[topic.channel_id]
            # Others who wait for the same topics are refused as well, or try again.
            opened.set_exception(problem if isinstance(problem, ChatError) else Unavailable())
            opened.exception()
            raise
        for topic in topics:
            topic.opened = None
            self._tell(topic, topic.begin(heads.get(topic.channel_id, 0)))
        opened.set_result(None)

    def join(self, client: Client, channel_id: int, position: int) -> bool:
        """Have a socket that has everything up to `position` told what follows. False, and
        nothing done, when it is behind: it must catch up first."""
        topic = self._topics.get(channel_id)
        if topic is None or not topic.join(client, position):
            return False
        client.channels.add(channel_id)
        return True

    async def catch_up(self, client: Client, channel_id: int, position: int) -> int | None:
        """Tell a socket what it missed above `position`, then join it; answer where it joined.
        None: it has gone, is no longer in the channel, or catches up with it already. A position
        that cannot be served is answered with a reset to where live goes on."""
        if self.hears(client, channel_id):
            return None
        if client.catching_up is None:
            client.catching_up = set()
        client.catching_up.add(channel_id)
        try:
            return await self._catch_up(client, channel_id, position)
        finally:
            client.catching_up.discard(channel_id)

    def hears(self, client: Client, channel_id: int) -> bool:
        """Whether a socket is told a channel, or is about to be."""
        return channel_id in client.channels or channel_id in (client.catching_up or ())

    async def _catch_up(self, client: Client, channel_id: int, position: int) -> int | None:
        confirmed = False
        while not client.closed:
            try:
                await self.open([channel_id])
                # Ahead of this node may be ahead of the store: a position nobody ever told.
                confirmed = confirmed or position <= self.head_of(channel_id)
                if confirmed and self.join(client, channel_id, position):
                    return position
                read = await self._store.channels.read_events(channel_id, position, PAGE)
                if read is None:
                    position = self._topics[channel_id].told or 0
                    client.push(client.wire.frame(Reset(channel=channel_id, offset=position)))
                    continue
                confirmed = True
                if read:
                    position = read[-1].offset
                if not await self._tell_missed(client, read):
                    return None
            except Unavailable as problem:
                await asyncio.sleep(problem.retry_after or 1.0)
        return None

    async def _tell_missed(self, client: Client, events: Sequence[DurableEvent]) -> bool:
        """Tell one socket a page of the past; False when it ends with its leaving, and then
        nothing behind that."""
        parted = await self._parted(client, events)
        owed = LOW_WATER
        for event in compacted(events if parted is None else events[: parted + 1]):
            if owed >= LOW_WATER or client.slow:
                await client.has_room()
                owed = 0
            frame = client.wire.frame(durable_push(event))
            client.push(frame)
            owed += len(frame)
        await client.has_room()
        return parted is None

    async def _parted(self, client: Client, events: Sequence[DurableEvent]) -> int | None:
        """Where among these events the channel was lost to a socket's user, if for good."""
        if client.user is None:
            return None
        user_id = client.user.user.id
        for index in range(len(events) - 1, -1, -1):
            event = events[index]
            if isinstance(event, ChannelDeleted):
                return index
            if isinstance(event, MemberLeft) and event.user.id == user_id:
                found = await self._store.members.find(event.channel_id, user_id)
                return None if found is not None and found.state == "joined" else index
        return None

    def head_of(self, channel_id: int) -> int:
        """Up to where this node has told a channel."""
        topic = self._topics.get(channel_id)
        return topic.told or 0 if topic is not None else 0

    # Events

    def deliver(self, event: Event) -> None:
        """Take in one event from this node or another; never waits."""
        if isinstance(event, DurableEvent):
            self._receive(event)
        elif isinstance(event, HeadMoved):
            topic = self._topics.get(event.channel_id)
            if topic is not None and topic.told is not None and event.head > topic.told:
                self._fill_later(topic)
        elif isinstance(event, ChannelEvent):
            self._tell_ephemeral(event)
        else:
            self._tell_user(event)

    def _receive(self, event: DurableEvent) -> None:
        topic = self._topics.get(event.channel_id)
        if topic is not None:
            self._tell(topic, topic.accept(event))

    def _tell(self, topic: Topic, events: Sequence[DurableEvent]) -> None:
        """Tell what is next in line; what then is left behind a hole has it filled."""
        for event in events:
            self.counts.told += 1
            if topic.live:
                self.counts.deliveries += len(topic.live)
                framed = Framed(durable_push(event))
                for client in topic.live:
                    client.push(framed.on(client.wire))
            if topic.ahead:
                topic.reached(event.offset)
            self._follow(topic, event)
        if topic.pending and topic.told is not None:
            self._fill_later(topic, HOLE_SECONDS)

    def _follow(self, topic: Topic, event: DurableEvent) -> None:
        """Let membership take effect at just the offset at which it changed."""
        if isinstance(event, MemberLeft):
            self._part(topic, event.user.id)
        elif isinstance(event, MemberJoined):
            local = self._users.get(event.user.id)
            for client in list(local.clients) if local is not None else ():
                self._listener.channel_gained(client, event.channel_id, event.offset)
        elif isinstance(event, ChannelDeleted):
            for client in list(topic.listeners()):
                self._forget(topic, client)

    def _part(self, topic: Topic, user_id: int) -> None:
        local = self._users.get(user_id)
        for client in local.clients if local is not None else ():
            self._forget(topic, client)

    def _forget(self, topic: Topic, client: Client) -> None:
        topic.part(client)
        client.channels.discard(topic.channel_id)

    def _tell_ephemeral(self, event: ChannelEvent) -> None:
        topic = self._topics.get(event.channel_id)
        if topic is None:
            return
        framed = Framed(ephemeral_push(event))
        subject = _subject(event)
        author = getattr(event, "user", None)
        scoped = isinstance(event, Typed | KeysPressed | PresenceChanged)
        for client in topic.listeners():
            if scoped and client.view is not None and event.channel_id not in client.view:
                continue
            if author is not None and client.user is not None:
                if scoped and client.user.user.id == author.id:
                    continue
                if author.id in client.user.blocked:
                    continue
            client.push_ephemeral(framed, subject)

    def _tell_user(self, event: UserEvent) -> None:
        local = self._users.get(event.user_id)
        if local is None:
            return
        if isinstance(event, ChannelGained):
            for client in list(local.clients):
                self._listener.channel_gained(client, event.channel_id, event.offset)
        elif isinstance(event, TokenRevoked):
            for client in list(local.clients):
                if event.token_id is None or client.token_id == event.token_id:
                    self._listener.token_revoked(client)
        else:
            self._listener.user_changed(local)

    # Holes

    def _fill_later(self, topic: Topic, delay: float = 0.0) -> None:
        if topic.filling is None:
            topic.filling = asyncio.get_running_loop().create_task(self._fill(topic, delay))
            self._tasks.add(topic.filling)
            topic.filling.add_done_callback(self._tasks.discard)

    async def _fill(self, topic: Topic, delay: float) -> None:
        """Read from the store what was committed and never heard here."""
        try:
            if delay:
                await asyncio.sleep(delay)
                if not topic.pending:
                    return
            while topic.told is not None:
                read = await self._store.channels.read_events(topic.channel_id, topic.told, PAGE)
                if not read:
                    break
                self.counts.holes += 1
                self._tell(topic, topic.accept_read(read))
        except ChatError as problem:
            logger.warning(
                "channel %d has a hole after %s: %s", topic.channel_id, topic.told, problem
            )
        finally:
            topic.filling = None

    async def audit(self) -> None:
        """Compare every topic with the store, fill what is behind, drop what nobody listens to."""
        await self._drop_idle()
        channel_ids = [
            topic.channel_id for topic in self._topics.values() if topic.told is not None
        ]
        heads = await self._store.channels.heads(channel_ids)
        for channel_id, head in heads.items():
            topic = self._topics.get(channel_id)
            if topic is not None and topic.told is not None and head > topic.told:
                self._fill_later(topic, HOLE_SECONDS if topic.pending else 0.0)

    async def _drop_idle(self) -> None:
        idle: list[str] = []
        for topic in list(self._topics.values()):
            if topic.live or topic.ahead or topic.opened is not None:
                topic.idle = 0
                continue
            topic.idle += 1
            if topic.idle > IDLE_TICKS:
                del self._topics[topic.channel_id]
                idle.append(f"channel:{topic.channel_id}")
        for user_id in [user_id for user_id, local in self._users.items() if not local.clients]:
            del self._users[user_id]
            idle.append(f"user:{user_id}")
        if idle:
            await self._subscriber.unsubscribe(idle)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _subject(event: ChannelEvent) -> object:
    """What a later event of the same subject makes pointless; None: nothing does."""
    if isinstance(event, CustomEvent):
        return None
    user = getattr(event, "user", None)
    return (type(event), event.channel_id, user.id if user is not None else 0)
