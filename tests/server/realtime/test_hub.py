"""Hub: over a real store, and an unreliable way by which it hears of events."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec
import pytest

from chat.actors import Actor
from chat.channels import Channel, NewChannel
from chat.chat import Chat
from chat.errors import Unavailable
from chat.events import (
    ChannelGained,
    CustomEvent,
    Event,
    HeadMoved,
    KeysPressed,
    MemberJoined,
    MemberLeft,
    MessageSent,
    TokenRevoked,
    Typed,
    UserChanged,
)
from chat.messages import Draft
from protocol.errors import CloseCode
from server.realtime.client import Client
from server.realtime.hub import IDLE_TICKS, Hub, LocalUser
from server.realtime.wire import WIRES
from storage.postgres.store import PostgresStore
from tests.server.realtime.conftest import Enter, Node

PATIENCE_SECONDS = 5.0


class Ear:
    """A socket: keeps what was pushed to it."""

    def __init__(self) -> None:
        self.client = Client(self, WIRES[0], most_bytes=1 << 20)
        self.heard: list[dict[str, Any]] = []
        self._news = asyncio.Event()

    def later(self, client: Client) -> None:
        asyncio.get_running_loop().call_soon(client.flush)

    def write(self, data: bytes) -> int:
        while data:
            size, start = data[1], 2
            if size == 126:
                size, start = int.from_bytes(data[2:4]), 4
            self.heard.append(msgspec.json.decode(data[start : start + size]))
            data = data[start + size :]
        self._news.set()
        return 0

    def close(self, code: CloseCode, reason: str) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...

    @property
    def offsets(self) -> list[int]:
        return [push["offset"] for push in self.heard if "offset" in push]

    @property
    def kinds(self) -> list[str]:
        return [push["type"] for push in self.heard]

    async def until(self, reached: int) -> None:
        """Wait for the push with this offset."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while reached not in self.offsets:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{reached} is not among {self.offsets}") from None


class Post:
    """A broker that brings events to the hub at once, but for those it is told to lose."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.lost: list[Event] = []
        self.loses: Callable[[Event], bool] = lambda _: False

    def publish(self, event: Event) -> None:
        if self.loses(event):
            self.lost.append(event)
        else:
            self._hub.deliver(event)


class Radio:
    """A subscriber: keeps what is subscribed; a gate may hold it up, and fail it."""

    def __init__(self) -> None:
        self.topics: set[str] = set()
        self.asked = 0
        self.gate: asyncio.Future[None] | None = None

    async def subscribe(self, topics: Sequence[str]) -> None:
        self.asked += 1
        if self.gate is not None:
            await self.gate
        self.topics.update(topics)

    async def unsubscribe(self, topics: Sequence[str]) -> None:
        self.topics.difference_update(topics)


class Follower:
    """A listener that joins a channel once it is gained, and keeps what it is told."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.joining: list[asyncio.Task[int | None]] = []
        self.revoked: list[Client] = []
        self.changed: list[LocalUser] = []

    def channel_gained(self, client: Client, channel_id: int, offset: int) -> None:
        if not self._hub.hears(client, channel_id):
            work = self._hub.catch_up(client, channel_id, offset)
            self.joining.append(asyncio.get_running_loop().create_task(work))

    def token_revoked(self, client: Client) -> None:
        self.revoked.append(client)

    def user_changed(self, user: LocalUser) -> None:
        self.changed.append(user)


@pytest.fixture
async def hub(store: PostgresStore) -> AsyncIterator[Hub]:
    hub = Hub(store)
    hub.attach(Radio(), Follower(hub))
    yield hub
    await hub.close()


@pytest.fixture
def radio(hub: Hub) -> Radio:
    assert isinstance(hub._subscriber, Radio)
    return hub._subscriber


@pytest.fixture
def follower(hub: Hub) -> Follower:
    assert isinstance(hub._listener, Follower)
    return hub._listener


@pytest.fixture
def post(hub: Hub) -> Post:
    return Post(hub)


@pytest.fixture
def chat(store: PostgresStore, post: Post) -> Chat:
    """A core whose events reach the hub by the post."""
    return Chat(store, post)


Listen = Callable[..., Any]


@pytest.fixture
def listen(hub: Hub) -> Listen:
    """Have a person listen to a channel from a position on; from its head, by default."""

    async def listen(person: Actor, channel: Channel, position: int | None = None) -> Ear:
        ear = Ear()
        await hub.enter(person.require_user(), ear.client)
        await hub.catch_up(ear.client, channel.id, channel.head if position is None else position)
        return ear

    return listen


async def say(chat: Chat, who: Actor, channel: Channel, count: int = 1) -> int:
    """Send so many messages; the offset of the last."""
    sent = [await chat.messages.send(who, channel.id, Draft(text=str(n))) for n in range(count)]
    return sent[-1].message.offset


def after(channel: Channel, count: int) -> list[int]:
    return list(range(channel.head + 1, channel.head + 1 + count))


# Order


async def test_a_hole_is_filled_from_the_store_before_anything_later_is_told(
    hub: Hub, post: Post, chat: Chat, listen: Listen, jane: Actor, room: Channel
) -> None:
    ear = await listen(jane, room)
    post.loses = lambda event: getattr(event, "offset", 0) == room.head + 2
    await ear.until(await say(chat, jane, room, 4))
    assert ear.offsets == after(room, 4)
    assert (len(post.lost), hub.counts.holes) == (1, 1)


async def test_what_comes_late_twice_or_in_any_order_is_told_once_in_order(
    hub: Hub, post: Post, chat: Chat, listen: Listen, jane: Actor, room: Channel
) -> None:
    ear = await listen(jane, room)
    post.loses = lambda event: True
    last = await say(chat, jane, room, 20)
    events = post.lost * 3
    random.Random(1).shuffle(events)
    for event in events:
        hub.deliver(event)
    await ear.until(last)
    assert ear.offsets == after(room, 20)
    assert hub.counts.holes == 0


async def test_a_hint_or_an_audit_finds_what_was_never_heard_of(
    hub: Hub, post: Post, chat: Chat, listen: Listen, jane: Actor, room: Channel
) -> None:
    ear = await listen(jane, room)
    post.loses = lambda event: True
    last = await say(chat, jane, room)
    hub.deliver(HeadMoved(room.id, last))
    await ear.until(last)
    last = await say(chat, jane, room, 3)
    await hub.audit()
    await ear.until(last)
    hub.deliver(HeadMoved(room.id, last))
    assert ear.offsets == after(room, 4)


async def test_who_knows_more_than_this_node_hears_only_what_is_new_to_him(
    hub: Hub, post: Post, chat: Chat, listen: Listen, jane: Actor, john: Actor, room: Channel
) -> None:
    level = await listen(jane, room)
    post.loses = lambda event: True
    known = await say(chat, jane, room, 3)
    ahead = await listen(john, room, known)
    post.loses = lambda event: False
    last = await say(chat, jane, room, 2)
    await level.until(last)
    await ahead.until(last)
    assert level.offsets == after(room, 5)
    assert ahead.offsets == [known + 1, known + 2]
    assert hub._topics[room.id].ahead == {}


@pytest.mark.parametrize("position", [1, 10_000])
async def test_a_position_that_cannot_be_served_is_reset_to_where_live_goes_on(
    chat: Chat, listen: Listen, connection: Any, jane: Actor, room: Channel, position: int
) -> None:
    head = await say(chat, jane, room, 5)
    await connection.execute("UPDATE channels SET floor = 3 WHERE id = $1", room.id)
    ear = await listen(jane, room, position)
    await ear.until(await say(chat, jane, room))
    assert ear.kinds == ["reset", "message.created"]
    assert ear.offsets == [head, head + 1]


@pytest.mark.parametrize("seed", range(6))
async def test_whoever_catches_up_while_others_talk_finds_no_seam(
    hub: Hub, post: Post, chat: Chat, listen: Listen, jane: Actor, room: Channel, seed: int
) -> None:
    chance = random.Random(seed)
    post.loses = lambda event: isinstance(event, MessageSent) and chance.random() < 0.2
    ears: dict[Ear, int] = {}

    async def talk() -> None:
        while len(ears) < 20:
            await say(chat, jane, room)

    async def arrive() -> None:
        while len(ears) < 20:
            head = (await chat.channels.get(jane, room.id)).head
            position = chance.randint(room.head, head)
            ear = await listen(jane, room, position)
            ears[ear] = position
            if chance.random() < 0.3:
                hub.leave(ears.popitem()[0].client)

    await asyncio.gather(talk(), talk(), arrive(), arrive())
    post.loses = lambda event: False
    last = await say(chat, jane, room)
    for ear, position in ears.items():
        await ear.until(last)
        assert ear.offsets == list(range(position + 1, last + 1))


async def test_nobody_joins_a_channel_twice(
    hub: Hub, chat: Chat, listen: Listen, jane: Actor, room: Channel
) -> None:
    await say(chat, jane, room, 3)
    ear = Ear()
    await hub.enter(jane.require_user(), ear.client)
    joined = await asyncio.gather(*(hub.catch_up(ear.client, room.id, room.head) for _ in range(3)))
    assert sorted(joined, key=str) == [room.head + 3, None, None]
    assert ear.offsets == after(room, 3)


async def test_a_socket_that_has_gone_is_told_nothing_more(
    hub: Hub, chat: Chat, listen: Listen, jane: Actor, john: Actor, room: Channel
) -> None:
    ear, other = await listen(jane, room), await listen(john, room)
    hub.leave(ear.client)
    ear.client.gone()
    assert await hub.catch_up(ear.client, room.id, room.head) is None
    await other.until(await say(chat, john, room))
    assert (ear.heard, [local.user.name for local in hub.users()]) == ([], ["john"])


# Membership


async def test_whoever_is_put_out_hears_of_it_and_of_nothing_behind_it(
    chat: Chat, listen: Listen, jane: Actor, john: Actor, room: Channel
) -> None:
    stays, goes = await listen(jane, room), await listen(john, room)
    await say(chat, jane, room)
    await chat.members.remove(jane, room.id, john.require_user().id)
    await stays.until(await say(chat, jane, room, 3))
    assert goes.kinds == ["message.created", "member.left"]
    assert len(stays.heard) == 5


async def test_the_past_of_a_channel_ends_for_its_former_member_where_he_left_it(
    hub: Hub, chat: Chat, jane: Actor, john: Actor, room: Channel
) -> None:
    await say(chat, jane, room, 2)
    await chat.members.remove(jane, room.id, john.require_user().id)
    await say(chat, jane, room, 2)
    for person, kinds in (
        (john, ["message.created"] * 2 + ["member.left"]),
        (jane, ["message.created"] * 2 + ["member.left"] + ["message.created"] * 2),
    ):
        ear = Ear()
        await hub.enter(person.require_user(), ear.client)
        joined = await hub.catch_up(ear.client, room.id, room.head)
        assert (ear.kinds, joined is None) == (kinds, person is john)
        assert hub.hears(ear.client, room.id) == (person is jane)


async def test_who_left_and_came_back_meanwhile_is_told_all_of_it_and_goes_on(
    chat: Chat, listen: Listen, jane: Actor, john: Actor, lobby: Channel
) -> None:
    await chat.members.leave(john, lobby.id)
    await say(chat, jane, lobby)
    await chat.members.join(john, lobby.id)
    ear = await listen(john, lobby, lobby.head)
    await ear.until(await say(chat, jane, lobby))
    assert ear.kinds == ["member.left", "message.created", "member.joined", "message.created"]


@pytest.mark.parametrize("lost", [(MemberLeft,), (MemberJoined, ChannelGained)])
async def test_leaving_and_coming_back_across_a_hole_ends_with_hearing_the_channel(
    post: Post,
    chat: Chat,
    listen: Listen,
    jane: Actor,
    john: Actor,
    lobby: Channel,
    lost: tuple[type[Event], ...],
) -> None:
    other, ear = await listen(jane, lobby), await listen(john, lobby)
    post.loses = lambda event: isinstance(event, lost)
    await chat.members.leave(john, lobby.id)
    await chat.members.join(john, lobby.id)
    joined = await say(chat, jane, lobby)
    await other.until(joined)
    assert post.lost
    last = await say(chat, jane, lobby)
    await ear.until(last)
    assert other.offsets == after(lobby, 4)
    assert ear.offsets in ([lobby.head + 1, last - 1, last], after(lobby, 4))
    assert ear.kinds[0] == "member.left"


async def test_a_deleted_channel_parts_everybody(
    hub: Hub, chat: Chat, listen: Listen, jane: Actor, john: Actor, room: Channel
) -> None:
    ears = [await listen(jane, room), await listen(john, room)]
    await chat.channels.delete(jane, room.id)
    for ear in ears:
        await ear.until(room.head + 1)
        assert (ear.kinds, ear.client.channels) == (["channel.deleted"], set())
    late = Ear()
    await hub.enter(john.require_user(), late.client)
    assert await hub.catch_up(late.client, room.id, room.head) is None
    assert late.kinds == ["channel.deleted"]


async def test_a_channel_gained_twice_at_once_is_told_and_joined_once(
    node: Node, enter: Enter, jane: Actor, john: Actor, store: PostgresStore
) -> None:
    peer = await enter(john)
    new = NewChannel(kind="PRIVATE", members=[john.require_user().id])
    made = await Chat(store, Silence()).channels.create(jane, new)
    for _ in range(3):
        node.realtime.hub.deliver(ChannelGained(john.require_user().id, made.id, made.head))
    await peer.told("channel.created", channel=made.id)
    await node.chat.messages.send(jane, made.id, Draft(text="hello"))
    await peer.told("message.created", channel=made.id)
    assert await peer.heard() == []


class Silence:
    """A broker that tells nobody."""

    def publish(self, event: Event) -> None:
        del event


# What is passing


async def test_nothing_passing_is_heard_of_somebody_blocked_but_all_that_is_stored(
    hub: Hub, chat: Chat, listen: Listen, jane: Actor, john: Actor, room: Channel
) -> None:
    deaf, other = await listen(jane, room), await listen(jane, room)
    assert deaf.client.user is other.client.user
    assert deaf.client.user is not None
    deaf.client.user.blocked = frozenset({john.require_user().id})
    outsider = await listen(john, room)
    author = john.require_user().author
    hub.deliver(Typed(room.id, author, started=True))
    hub.deliver(CustomEvent(room.id, author, "wave"))
    hub.deliver(CustomEvent(room.id, None, "of nobody"))
    last = await say(chat, john, room)
    for ear in (deaf, other):
        await ear.until(last)
        assert ear.kinds == ["event", "message.created"]
    await outsider.until(last)
    assert outsider.kinds == ["event", "event", "message.created"]


async def test_typing_is_heard_where_the_channel_is_in_view_and_by_others_only(
    hub: Hub, chat: Chat, listen: Listen, jane: Actor, john: Actor, room: Channel
) -> None:
    looking, away, anywhere = [await listen(jane, room) for _ in range(3)]
    himself = await listen(john, room)
    looking.client.view, away.client.view = frozenset({room.id}), frozenset()
    author = john.require_user().author
    hub.deliver(Typed(room.id, author, started=True))
    hub.deliver(KeysPressed(room.id, author, "x"))
    hub.deliver(CustomEvent(room.id, author, "wave"))
    last = await say(chat, john, room)
    kinds = ["typing.started", "keystrokes", "event", "message.created"]
    for ear, expected in (
        (looking, kinds),
        (anywhere, kinds),
        (away, kinds[2:]),
        (himself, kinds[2:]),
    ):
        await ear.until(last)
        assert ear.kinds == expected


async def test_events_of_a_channel_or_user_not_here_are_nobodys(
    hub: Hub, jane: Actor, room: Channel, follower: Follower
) -> None:
    author = jane.require_user().author
    hub.deliver(Typed(room.id, author, started=True))
    hub.deliver(HeadMoved(room.id, 100))
    hub.deliver(UserChanged(author.id))
    hub.deliver(MemberJoined(room.id, 100, author))
    assert (hub.topic_count, follower.changed, hub.users()) == (0, [], [])


async def test_a_revoked_token_concerns_the_sockets_that_came_in_with_it(
    hub: Hub, listen: Listen, jane: Actor, john: Actor, room: Channel, follower: Follower
) -> None:
    first, second, other = [await listen(who, room) for who in (jane, jane, john)]
    first.client.token_id, second.client.token_id, other.client.token_id = 1, 2, 1
    user_id = jane.require_user().id
    hub.deliver(TokenRevoked(user_id, 1))
    assert follower.revoked == [first.client]
    hub.deliver(TokenRevoked(user_id, None))
    assert set(follower.revoked) == {first.client, second.client}
    hub.deliver(UserChanged(user_id))
    assert follower.changed == [first.client.user]


# Topics


async def test_topics_nobody_listens_to_are_dropped_after_a_while_and_opened_again(
    hub: Hub, radio: Radio, chat: Chat, listen: Listen, jane: Actor, room: Channel
) -> None:
    ear = await listen(jane, room)
    topics = {f"channel:{room.id}", f"user:{jane.require_user().id}"}
    for _ in range(IDLE_TICKS + 2):
        await hub.audit()
    assert radio.topics == topics
    hub.leave(ear.client)
    for _ in range(IDLE_TICKS):
        await hub.audit()
    assert f"channel:{room.id}" in radio.topics
    await hub.audit()
    assert (radio.topics, hub.topic_count, hub.users()) == (set(), 0, [])
    await say(chat, jane, room)
    again = await listen(jane, room)
    await again.until(await say(chat, jane, room))
    assert again.offsets == after(room, 2)
    assert radio.topics == topics


async def test_openings_of_the_same_topic_share_one_subscription(
    hub: Hub, radio: Radio, room: Channel
) -> None:
    await asyncio.gather(*(hub.open([room.id]) for _ in range(5)))
    assert radio.asked == 1


@pytest.mark.parametrize("cancelled", [False, True])
async def test_an_opening_that_fails_refuses_whoever_waits_and_the_next_one_succeeds(
    hub: Hub, radio: Radio, jane: Actor, room: Channel, cancelled: bool
) -> None:
    radio.gate = asyncio.get_running_loop().create_future()
    first = asyncio.ensure_future(hub.open([room.id]))
    await asyncio.sleep(0)
    others = [asyncio.ensure_future(hub.open([room.id])) for _ in range(2)]
    await asyncio.sleep(0)
    if cancelled:
        first.cancel()
    else:
        radio.gate.set_exception(Unavailable())
    problems = await asyncio.gather(first, *others, return_exceptions=True)
    expected = asyncio.CancelledError if cancelled else Unavailable
    assert [type(problem) for problem in problems] == [expected, Unavailable, Unavailable]
    assert all(problem.retry_after for problem in problems if isinstance(problem, Unavailable))
    assert hub.topic_count == 0
    radio.gate = None
    await hub.open([room.id])
    assert hub.head_of(room.id) == room.head
