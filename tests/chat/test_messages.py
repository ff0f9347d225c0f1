"""Messages: sent once, in order, told after the commit, read back as they are now."""

import asyncio

import pytest

from chat.actors import Actor
from chat.channels import Channel, NewChannel
from chat.chat import Chat
from chat.errors import Blocked, Forbidden, Invalid, NotAMember, NotFound
from chat.events import HeadMoved, MessageDeleted, MessageEdited, MessageSent, ReactionAdded
from chat.messages import Draft, File, Sent
from chat.operations import messages
from chat.pages import CursorRequest, MessageFilter
from chat.store import Outcome
from storage.postgres.store import PostgresStore
from tests.conftest import RecordingBroker


@pytest.fixture
async def room(chat: Chat, jane: Actor, john: Actor) -> Channel:
    assert john.user is not None
    return await chat.channels.create(jane, NewChannel(kind="PRIVATE", members=[john.user.id]))


async def test_sends_take_dense_offsets_in_the_order_they_were_made(
    chat: Chat, jane: Actor, room: Channel
) -> None:
    sent = await asyncio.gather(
        *(
            chat.messages.send(jane, room.id, Draft(text=str(n), client_id=str(n)))
            for n in range(50)
        )
    )
    offsets = [one.message.offset for one in sent]
    assert offsets == list(range(room.head + 1, room.head + 51))
    assert [one.message.number for one in sent] == list(range(1, 51))


async def test_a_resend_answers_with_the_first_result_and_tells_nobody_again(
    chat: Chat, jane: Actor, room: Channel, broker: RecordingBroker
) -> None:
    first = await chat.messages.send(jane, room.id, Draft(text="one", client_id="a"))
    again = await chat.messages.send(jane, room.id, Draft(text="other", client_id="a"))
    assert not first.duplicate
    assert again.duplicate
    assert again.message == first.message
    assert len(broker.of(MessageSent)) == 1


async def test_the_same_client_id_twice_in_one_batch_is_stored_once(
    chat: Chat, jane: Actor, room: Channel
) -> None:
    draft = Draft(text="one", client_id="same")
    sent = await asyncio.gather(*(chat.messages.send(jane, room.id, draft) for _ in range(5)))
    assert [one.duplicate for one in sent] == [False, True, True, True, True]
    assert len({one.message.id for one in sent}) == 1
    assert len(await chat.messages.history(jane, room.id)) == 1


async def test_client_ids_of_two_senders_do_not_meet(
    chat: Chat, jane: Actor, john: Actor, room: Channel
) -> None:
    draft = Draft(text="one", client_id="same")
    first = await chat.messages.send(jane, room.id, draft)
    second = await chat.messages.send(john, room.id, draft)
    assert first.message.id != second.message.id


async def test_an_outsider_can_neither_send_to_nor_see_a_private_channel(
    chat: Chat, mallory: Actor, room: Channel, broker: RecordingBroker
) -> None:
    with pytest.raises(NotFound):
        await chat.messages.send(mallory, room.id, Draft(text="hi"))
    with pytest.raises(NotFound):
        await chat.messages.history(mallory, room.id)
    assert broker.of(MessageSent) == []


async def test_only_members_send_to_a_public_channel(
    chat: Chat, jane: Actor, mallory: Actor
) -> None:
    lobby = await chat.channels.create(jane, NewChannel(kind="PUBLIC"))
    with pytest.raises(NotAMember):
        await chat.messages.send(mallory, lobby.id, Draft(text="hi"))


async def test_who_is_blocked_cannot_send_a_direct_message(
    chat: Chat, jane: Actor, john: Actor
) -> None:
    assert jane.user is not None
    assert john.user is not None
    direct = await chat.channels.create(jane, NewChannel(kind="DIRECT", members=[john.user.id]))
    await chat.users.block(jane, john.user.id)
    with pytest.raises(Blocked):
        await chat.messages.send(john, direct.id, Draft(text="hi"))
    await chat.users.unblock(jane, john.user.id)
    await chat.messages.send(john, direct.id, Draft(text="hi"))


@pytest.mark.parametrize(
    "draft",
    [
        Draft(),
        Draft(text=""),
        Draft(text="a\x00b"),
        Draft(text="\ud800"),
        Draft(text="x" * 65_537),
        Draft(text="x", client_id=""),
        Draft(text="x", client_id="c" * 256),
        Draft(text="x", properties={"a": {"b": "\x00"}}),
        Draft(text="x", properties={"a": float("nan")}),
        Draft(text="x", properties={"a": b"bytes"}),
        Draft(files=[File("", "name", "text/plain", 1)]),
        Draft(files=[File("http://x", "name", "text/plain", -1)]),
        Draft(files=[File("http://x", "n", "t/p", 1)] * 33),
        Draft(text="x", group_tag="g" * 256),
        Draft(text="x", reply_to=0),
    ],
)
async def test_what_cannot_be_stored_is_refused(
    chat: Chat, jane: Actor, room: Channel, draft: Draft
) -> None:
    with pytest.raises(Invalid):
        await chat.messages.send(jane, room.id, draft)
    assert await chat.messages.history(jane, room.id) == []


async def test_only_the_author_edits_and_everybody_is_told(
    chat: Chat, jane: Actor, john: Actor, room: Channel, broker: RecordingBroker
) -> None:
    sent = (await chat.messages.send(jane, room.id, Draft(text="one"))).message
    with pytest.raises(Forbidden):
        await chat.messages.edit(john, room.id, sent.id, text="two")
    edited = await chat.messages.edit(jane, room.id, sent.id, text="two")
    assert (edited.text, edited.offset) == ("two", sent.offset)
    assert edited.edited is not None
    [event] = broker.of(MessageEdited)
    assert event.offset == sent.offset + 1
    assert event.message == edited


async def test_a_deleted_message_keeps_its_place_without_its_content(
    chat: Chat, jane: Actor, john: Actor, room: Channel, broker: RecordingBroker
) -> None:
    sent = (await chat.messages.send(jane, room.id, Draft(text="one"))).message
    with pytest.raises(Forbidden):
        await chat.messages.delete(john, room.id, sent.id)
    await chat.messages.delete(jane, room.id, sent.id)
    await chat.messages.delete(jane, room.id, sent.id)
    [left] = await chat.messages.history(john, room.id)
    assert (left.id, left.text, left.properties) == (sent.id, None, {})
    assert left.deleted is not None
    assert len(broker.of(MessageDeleted)) == 1
    with pytest.raises(Invalid):
        await chat.messages.edit(jane, room.id, sent.id, text="again")


async def test_reactions_are_counted_once_per_user_and_emoji(
    chat: Chat, jane: Actor, john: Actor, room: Channel, broker: RecordingBroker
) -> None:
    sent = (await chat.messages.send(jane, room.id, Draft(text="one"))).message
    for actor in (jane, jane, john):
        await chat.messages.react(actor, room.id, sent.id, "👍")
    await chat.messages.unreact(jane, room.id, sent.id, "👎")
    [message] = await chat.messages.history(jane, room.id)
    [reaction] = message.reactions
    assert (reaction.emoji, reaction.count) == ("👍", 2)
    assert len(broker.of(ReactionAdded)) == 2
    await chat.messages.unreact(jane, room.id, sent.id, "👍")
    await chat.messages.unreact(john, room.id, sent.id, "👍")
    [message] = await chat.messages.history(jane, room.id)
    assert message.reactions == []


async def test_a_reply_belongs_to_the_thread_of_its_message(
    chat: Chat, jane: Actor, john: Actor, room: Channel
) -> None:
    root = (await chat.messages.send(jane, room.id, Draft(text="root"))).message
    first = (await chat.messages.send(john, room.id, Draft(text="a", reply_to=root.id))).message
    second = (await chat.messages.send(jane, room.id, Draft(text="b", reply_to=first.id))).message
    assert first.thread_id is not None
    assert first.thread_id == second.thread_id
    assert (first.reply_to, second.reply_to) == (root.id, first.id)
    assert await chat.messages.reply_counts([root, first]) == {root.id: 2}
    with pytest.raises(NotFound):
        await chat.messages.send(jane, room.id, Draft(text="c", reply_to=2**52))


async def test_history_goes_both_ways_and_around(chat: Chat, jane: Actor, room: Channel) -> None:
    for n in range(10):
        await chat.messages.send(jane, room.id, Draft(text=str(n)))
    offsets = [message.offset for message in await chat.messages.history(jane, room.id)]
    middle = offsets[5]

    async def texts(**where: int) -> list[str | None]:
        return [message.text for message in await chat.messages.history(jane, room.id, **where)]

    assert await texts(limit=3) == ["7", "8", "9"]
    assert await texts(before=middle, limit=2) == ["3", "4"]
    assert await texts(after=middle, limit=2) == ["6", "7"]
    assert await texts(around=middle, limit=4) == ["3", "4", "5", "6"]
    with pytest.raises(Invalid):
        await texts(before=1, after=2)
    with pytest.raises(Invalid):
        await texts(limit=201)


async def test_unread_counts_what_others_wrote_behind_the_mark(
    chat: Chat, jane: Actor, john: Actor, room: Channel
) -> None:
    for n in range(3):
        await chat.messages.send(jane, room.id, Draft(text=str(n)))
    await chat.messages.send(john, room.id, Draft(text="mine"))
    last = (await chat.messages.send(jane, room.id, Draft(text="last"))).message

    async def unread(actor: Actor) -> int:
        return (await chat.channels.place(actor, room.id)).unread

    assert (await unread(jane), await unread(john)) == (1, 4)
    await chat.messages.delete(jane, room.id, last.id)
    assert await unread(john) == 3
    history = await chat.messages.history(john, room.id)
    assert await chat.messages.read(john, room.id, history[0].offset) == (history[0].offset, 2)
    assert await chat.messages.read(john, room.id, 1) == (history[0].offset, 2)
    _, left = await chat.messages.read(john, room.id, 2**50)
    assert (left, await unread(john)) == (0, 0)
    await chat.messages.send(john, room.id, Draft(text="mine again"))
    assert await unread(john) == 0


async def test_submitted_messages_are_told_and_answered_in_their_order(
    chat: Chat, store: PostgresStore, jane: Actor, room: Channel, broker: RecordingBroker
) -> None:
    outcomes: list[Outcome] = []
    for draft in (Draft(text="a", client_id="a"), Draft(text="b"), Draft(text="c", client_id="a")):
        chat.messages.submit(jane, room.id, draft, outcomes.append)
    chat.messages.submit(jane, 2**50, Draft(text="nowhere"), outcomes.append)
    with pytest.raises(Invalid):
        chat.messages.submit(jane, room.id, Draft(), outcomes.append)
    await store.idle()
    kinds = [(o.message.text, o.duplicate) if isinstance(o, Sent) else type(o) for o in outcomes]
    assert kinds[:3] == [("a", False), ("b", False), ("a", True)]
    assert kinds[3] is NotFound
    assert [event.message.text for event in broker.of(MessageSent)] == ["a", "b"]
    # Whoever stored the first may have died before he told it.
    assert broker.of(HeadMoved) == [HeadMoved(room.id, room.head + 1)]


async def test_the_application_speaks_as_itself_and_for_its_users_and_they_only_for_themselves(
    chat: Chat, actor: Actor, jane: Actor, john: Actor, room: Channel
) -> None:
    system = (await chat.messages.send(actor, room.id, Draft(text="a"))).message
    behalf = await chat.messages.send(actor, room.id, Draft(text="b"), on_behalf_of=john.user)
    assert (system.sender, behalf.message.sender) == (None, john.require_user().author)
    with pytest.raises(Forbidden):
        await chat.messages.send(jane, room.id, Draft(text="c"), on_behalf_of=john.user)


async def test_a_message_is_got_by_whoever_sees_its_channel(
    chat: Chat, actor: Actor, jane: Actor, mallory: Actor, room: Channel
) -> None:
    sent = (await chat.messages.send(jane, room.id, Draft(text="a"))).message
    for who in (actor, jane):
        assert await chat.messages.get(who, sent.id) == sent
        assert await chat.messages.get_in(who, room.id, sent.id) == sent
    for refused in (
        chat.messages.get(mallory, sent.id),
        chat.messages.get(jane, 2**50),
        chat.messages.get_in(mallory, room.id, sent.id),
        chat.messages.get_in(jane, room.id, 2**50),
    ):
        with pytest.raises(NotFound):
            await refused


async def test_an_edit_leaves_something_and_changes_something(
    chat: Chat, jane: Actor, room: Channel
) -> None:
    picture = [File("http://x", "n", "t/p", 1)]
    text = (await chat.messages.send(jane, room.id, Draft(text="a"))).message
    file = (await chat.messages.send(jane, room.id, Draft(text="a", files=picture))).message
    for bad in ({}, {"text": ""}, {"text": "\x00"}, {"properties": {"a": "\x00"}}):
        with pytest.raises(Invalid):
            await chat.messages.edit(jane, room.id, text.id, **bad)
    assert (await chat.messages.edit(jane, room.id, file.id, text="")).text == ""
    edited = await chat.messages.edit(jane, room.id, text.id, properties={"b": 1})
    assert (edited.text, edited.properties) == ("a", {"b": 1})


async def test_a_deleted_message_takes_no_reactions_and_no_other_is_one(
    chat: Chat, jane: Actor, room: Channel
) -> None:
    sent = (await chat.messages.send(jane, room.id, Draft(text="a"))).message
    for emoji in ("", " ", "x" * 65, "\x00"):
        with pytest.raises(Invalid):
            await chat.messages.react(jane, room.id, sent.id, emoji)
    await chat.messages.delete(jane, room.id, sent.id)
    with pytest.raises(Invalid):
        await chat.messages.react(jane, room.id, sent.id, "+1")


async def test_only_the_application_deletes_everything_and_only_its_own(
    chat: Chat, actor: Actor, jane: Actor, room: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "DELETE_BATCH", 2)
    other = await chat.channels.create(jane, NewChannel(kind="PUBLIC"))
    for channel in (room, other, room, room, other):
        await chat.messages.send(jane, channel.id, Draft(text="x"))
    with pytest.raises(Forbidden):
        await chat.messages.delete_all(jane)
    await chat.messages.delete_all(Actor(application_id=2**50))
    assert set(await chat.messages.last_of([room, other])) == {room.id, other.id}
    await chat.messages.delete_all(actor)
    assert await chat.messages.last_of([room, other]) == {}


async def test_lists_hold_what_was_asked_for_newest_first(
    chat: Chat, actor: Actor, jane: Actor, mallory: Actor, room: Channel
) -> None:
    for text in ("one", "two", "three"):
        await chat.messages.send(jane, room.id, Draft(text=text))

    async def texts(who: Actor, wanted: MessageFilter) -> list[str | None]:
        page = await chat.messages.page(who, wanted, CursorRequest())
        return [message.text for message in page.items]

    here = MessageFilter(channel_id=room.id)
    assert await texts(jane, here) == ["three", "two", "one"]
    assert await texts(actor, MessageFilter(text="T")) == ["three", "two"]
    assert await texts(actor, MessageFilter(sender_name="mallory")) == []
    for who, wanted, refusal in (
        (jane, MessageFilter(), Forbidden),
        (mallory, here, NotFound),
        (actor, MessageFilter(text="x" * 1001), Invalid),
    ):
        with pytest.raises(refusal):
            await texts(who, wanted)
