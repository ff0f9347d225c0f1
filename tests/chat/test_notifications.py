"""Notifications: derived from messages, of what a member did not see at once."""

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import asyncpg
import pytest

from chat.actors import Actor
from chat.channels import Channel, NewChannel
from chat.chat import Chat
from chat.errors import Forbidden, Invalid, NotFound
from chat.messages import Draft
from chat.notifications import Notification
from chat.pages import CursorPage, CursorRequest
from storage.postgres.notifications import NEWER, OLDER


@pytest.fixture
async def room(chat: Chat, jane: Actor, john: Actor) -> Channel:
    members = [john.require_user().id]
    return await chat.channels.create(jane, NewChannel(kind="PUBLIC", name="room", members=members))


@pytest.fixture
def missed(chat: Chat) -> Callable[..., Awaitable[CursorPage[Notification]]]:
    async def page(who: Actor, **request: Any) -> CursorPage[Notification]:
        return await chat.notifications.page(who, who.require_user().id, CursorRequest(**request))

    return page


def bodies(page: CursorPage[Notification]) -> list[str]:
    return [notification.body for notification in page.items]


async def say(chat: Chat, who: Actor, room: Channel, text: str, **fields: Any) -> int:
    return (await chat.messages.send(who, room.id, Draft(text=text, **fields))).message.id


async def test_members_are_notified_of_what_others_say(
    chat: Chat, jane: Actor, john: Actor, mallory: Actor, room: Channel, missed: Any
) -> None:
    sent = await say(chat, jane, room, "hello")
    [told] = (await missed(john)).items
    assert (told.id, told.kind, told.title, told.body) == (
        sent,
        "USER:SENT:MESSAGE",
        "Jane sent a message",
        "hello",
    )
    assert told.missed.read is None
    assert (await missed(jane)).items == []
    assert (await missed(mallory)).items == []


async def test_who_has_the_channel_open_is_not_notified(
    chat: Chat, jane: Actor, john: Actor, room: Channel, missed: Any
) -> None:
    await say(chat, jane, room, "before")
    opening = await chat.presence.open(john, None)
    await chat.presence.view(john, opening.session_id, [room.id])
    await say(chat, jane, room, "seen")
    await chat.presence.view(john, opening.session_id, [])
    await say(chat, jane, room, "after")
    await chat.presence.end([opening.session_id])
    assert bodies(await missed(john)) == ["after", "before"]


async def test_the_nearest_reason_is_told(
    chat: Chat, actor: Actor, jane: Actor, john: Actor, room: Channel, missed: Any
) -> None:
    await chat.channels.create(jane, NewChannel(kind="PRIVATE", name="secret"))
    mine = await say(chat, john, room, "mine")
    await say(chat, actor, room, "from the system to @john")
    await say(chat, jane, room, "you mean @john", reply_to=mine)
    await say(chat, jane, room, "hey @john, look at #room")
    await say(chat, jane, room, "it is in #room")
    await say(chat, jane, room, "it is in #secret, @mallory")
    told = (await missed(john)).items
    assert [each.kind for each in reversed(told)] == [
        "SYSTEM:SENT:MESSAGE",
        "USER:REPLIED_TO:MESSAGE",
        "USER:MENTIONED:USER",
        "USER:MENTIONED:CHANNEL",
        "USER:SENT:MESSAGE",
    ]
    assert told[3].missed.parent is not None
    assert told[3].missed.parent.id == mine
    assert told[1].title == "Jane mentioned #room"
    mentioned = told[2].mention
    assert mentioned is not None
    assert mentioned.user is not None
    assert mentioned.user.id == john.user_id


async def test_reading_is_shown_on_the_notification(
    chat: Chat, jane: Actor, john: Actor, room: Channel, missed: Any
) -> None:
    await say(chat, jane, room, "one")
    [one] = (await missed(john)).items
    await chat.messages.read(john, room.id, one.missed.message.offset)
    await say(chat, jane, room, "two")
    two, one = (await missed(john)).items
    assert one.missed.read is not None
    assert two.missed.read is None


async def test_nobody_is_notified_of_what_was_said_before_he_came_or_once_he_left(
    chat: Chat, jane: Actor, mallory: Actor, room: Channel, missed: Any
) -> None:
    await say(chat, jane, room, "early")
    await chat.members.join(mallory, room.id)
    await say(chat, jane, room, "late")
    assert bodies(await missed(mallory)) == ["late"]
    await chat.members.leave(mallory, room.id)
    assert bodies(await missed(mallory)) == []


async def test_deleted_messages_notify_nobody(
    chat: Chat, jane: Actor, john: Actor, room: Channel, missed: Any
) -> None:
    sent = await say(chat, jane, room, "oops")
    await chat.messages.delete(jane, room.id, sent)
    assert (await missed(john)).items == []


async def test_pages_lead_through_all_channels_and_back(
    chat: Chat, jane: Actor, john: Actor, room: Channel, missed: Any
) -> None:
    other = await chat.channels.create(
        jane, NewChannel(kind="PRIVATE", members=[john.require_user().id])
    )
    for number in range(7):
        await say(chat, jane, room if number % 3 else other, str(number))
        await say(chat, john, room, "my own")
    first = await missed(john, size=3)
    assert bodies(first) == ["6", "5", "4"]
    assert (first.older, first.newer) == (True, False)
    second = await missed(john, size=3, before=first.items[-1].id)
    third = await missed(john, size=3, before=second.items[-1].id)
    assert bodies(second) + bodies(third) == ["3", "2", "1", "0"]
    assert (third.older, third.newer) == (False, True)
    back = await missed(john, size=3, after=third.items[0].id)
    assert bodies(back) == ["3", "2", "1"]
    assert (await missed(john, size=3, after=second.items[0].id)).newer is False


async def test_notifications_are_a_matter_between_a_user_and_the_application(
    chat: Chat, actor: Actor, jane: Actor, john: Actor
) -> None:
    page = await chat.notifications.page(actor, jane.require_user().id, CursorRequest())
    assert page.items == []
    with pytest.raises(Forbidden):
        await chat.notifications.page(john, jane.require_user().id, CursorRequest())
    with pytest.raises(NotFound):
        await chat.notifications.page(actor, 2**52, CursorRequest())
    with pytest.raises(Invalid):
        await chat.notifications.page(actor, jane.require_user().id, CursorRequest(size=0))


async def _fill(
    connection: "asyncpg.Connection[Any]", channel: Channel, sender: int, count: int
) -> None:
    """Messages as if sent one by one."""
    await connection.execute(
        """INSERT INTO messages (channel_id, at_offset, number, application_id, sender_id, text)
           SELECT $1, $2::bigint + n, n, $3, $4, 'x' FROM generate_series(1, $5::bigint) n""",
        channel.id,
        channel.head,
        channel.application_id,
        sender,
        count,
    )
    await connection.execute(
        "UPDATE channels SET head = head + $2, messages = $2 WHERE id = $1", channel.id, count
    )


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


async def _explain(
    connection: "asyncpg.Connection[Any]", statement: str, *values: int
) -> list[dict[str, Any]]:
    """The nodes of the plan as it ran."""
    found = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
    return list(_nodes(json.loads(found)[0]["Plan"]))


async def test_a_page_reads_little_however_much_there_is(
    chat: Chat,
    jane: Actor,
    john: Actor,
    missed: Any,
    connection: "asyncpg.Connection[Any]",
) -> None:
    """A hundred channels, one of them with a hundred thousand messages."""
    sender, reader = jane.require_user().id, john.require_user().id
    channels = [
        await chat.channels.create(jane, NewChannel(kind="PRIVATE", members=[reader]))
        for _ in range(100)
    ]
    for channel in channels[1:]:
        await _fill(connection, channel, sender, 20)
    await _fill(connection, channels[0], sender, 100_000)
    await connection.execute("ANALYZE messages, memberships, channels, chat_sessions")
    newest = await connection.fetchval("SELECT max(id) FROM messages")
    places = ((OLDER, newest + 1), (OLDER, newest - 50_000), (NEWER, newest - 50_000))
    for statement, position in places:
        nodes = await _explain(connection, statement, reader, position, 52)
        of_messages = [node for node in nodes if node.get("Relation Name") == "messages"]
        assert of_messages
        assert all("Index" in node["Node Type"] for node in of_messages)
        assert sum(node["Actual Rows"] * node["Actual Loops"] for node in of_messages) < 10_000
    assert len((await missed(john, size=50)).items) == 50


async def test_what_is_passed_over_bounds_a_page_and_the_next_one_goes_on(
    chat: Chat,
    jane: Actor,
    john: Actor,
    room: Channel,
    missed: Any,
    connection: "asyncpg.Connection[Any]",
) -> None:
    """Ten thousand messages of his own stand before the one he missed."""
    await say(chat, jane, room, "the first")
    channel = await chat.channels.get(jane, room.id)
    await connection.execute(
        """INSERT INTO messages (channel_id, at_offset, number, application_id, sender_id, text)
           SELECT $1, $2::bigint + n, 1 + n, $3, $4, 'x' FROM generate_series(1, 10000) n""",
        channel.id,
        channel.head,
        channel.application_id,
        john.require_user().id,
    )
    page = await missed(john, size=5)
    turns = 0
    while not page.items:
        assert page.older
        page = await missed(john, size=5, before=page.end)
        turns += 1
    assert bodies(page) == ["the first"]
    assert 0 < turns < 5
    assert not page.older
