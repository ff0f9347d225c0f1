"""Channels: equal ones are one, also when made at the same time; who may change them."""

import asyncio
from typing import Any

import pytest

from chat.actors import Actor
from chat.channels import ChannelChanges, NewChannel
from chat.chat import Chat
from chat.errors import Blocked, Conflict, Forbidden, Invalid, NotFound
from chat.events import ChannelDeleted, ChannelGained, ChannelUpdated, CustomEvent, KeysPressed
from chat.operations.channels import check_keys
from chat.pages import PageRequest
from tests.conftest import RecordingBroker


def id_of(person: Actor) -> int:
    return person.require_user().id


@pytest.mark.parametrize("kind", ["DIRECT", "PUBLIC", "PRIVATE"])
async def test_equal_channels_made_at_once_are_one(
    chat: Chat, jane: Actor, john: Actor, kind: str
) -> None:
    both = [id_of(jane), id_of(john)]
    name = None if kind == "DIRECT" else "x"
    new = NewChannel(kind=kind, name=name, members=both)  # type: ignore[arg-type]
    made = await asyncio.gather(
        *(chat.channels.create(who, new) for who in (jane, john) for _ in range(4))
    )
    assert len({channel.id for channel in made}) == 1


async def test_channels_without_a_name_are_never_equal(chat: Chat, jane: Actor) -> None:
    first, second = [await chat.channels.create(jane, NewChannel(kind="PUBLIC")) for _ in "ab"]
    assert first.id != second.id


async def test_a_name_of_another_kind_or_of_a_room_not_ones_own_is_a_conflict(
    chat: Chat, jane: Actor, mallory: Actor
) -> None:
    await chat.channels.create(jane, NewChannel(kind="PRIVATE", name="x"))
    with pytest.raises(Conflict):
        await chat.channels.create(jane, NewChannel(kind="PUBLIC", name="x"))
    with pytest.raises(Conflict):
        await chat.channels.create(mallory, NewChannel(kind="PRIVATE", name="x"))


async def test_a_deleted_channel_frees_its_name(
    chat: Chat, jane: Actor, john: Actor, broker: RecordingBroker
) -> None:
    new = NewChannel(kind="PUBLIC", name="x", members=[id_of(john)])
    first = await chat.channels.create(jane, new)
    with pytest.raises(Forbidden):
        await chat.channels.delete(john, first.id)
    await chat.channels.delete(jane, first.id)
    assert broker.of(ChannelDeleted) == [ChannelDeleted(first.id, first.head + 1)]
    with pytest.raises(NotFound):
        await chat.channels.get(jane, first.id)
    assert (await chat.channels.create(jane, new)).id != first.id


async def test_members_are_told_that_a_channel_is_theirs(
    chat: Chat, jane: Actor, john: Actor, mallory: Actor, broker: RecordingBroker
) -> None:
    made = await chat.channels.create(jane, NewChannel(kind="PRIVATE", members=[id_of(john)]))
    assert {event.user_id for event in broker.of(ChannelGained)} == {id_of(jane), id_of(john)}
    assert made.members == 2
    with pytest.raises(NotFound):
        await chat.channels.place(mallory, made.id)


async def test_who_blocked_somebody_gets_no_direct_channel_from_him(
    chat: Chat, jane: Actor, john: Actor
) -> None:
    await chat.users.block(john, id_of(jane))
    with pytest.raises(Blocked):
        await chat.channels.create(jane, NewChannel(kind="DIRECT", members=[id_of(john)]))


@pytest.mark.parametrize(
    "new",
    [
        NewChannel(kind="DIRECT"),
        NewChannel(kind="DIRECT", members=list(range(1, 10))),
        NewChannel(kind="DIRECT", members=[1], name="x"),
        NewChannel(kind="PUBLIC", name=""),
        NewChannel(kind="PUBLIC", display_name="x" * 256),
        NewChannel(kind="PUBLIC", members=[0]),
        NewChannel(kind="PUBLIC", members=[2**53]),
        NewChannel(kind="PUBLIC", members=list(range(1, 1002))),
        NewChannel(kind="PUBLIC", properties={"a": "\x00"}),
    ],
    ids=range(9),
)
async def test_what_is_no_channel_is_refused(chat: Chat, jane: Actor, new: NewChannel) -> None:
    with pytest.raises(Invalid):
        await chat.channels.create(jane, new)


async def test_changes_are_told_and_leave_the_rest(
    chat: Chat, jane: Actor, john: Actor, broker: RecordingBroker
) -> None:
    new = NewChannel(kind="PUBLIC", members=[id_of(john)], properties={"a": 1})
    made = await chat.channels.create(jane, new)
    with pytest.raises(Forbidden):
        await chat.channels.update(john, made.id, ChannelChanges(display_name="x"))
    changed = await chat.channels.update(jane, made.id, ChannelChanges(display_name="x"))
    assert (changed.display_name, changed.properties) == ("x", {"a": 1})
    assert broker.of(ChannelUpdated) == [ChannelUpdated(made.id, made.head + 1, changed)]
    with pytest.raises(Invalid):
        await chat.channels.update(jane, made.id, ChannelChanges(display_name=""))
    with pytest.raises(Invalid):
        await chat.channels.update(jane, made.id, ChannelChanges(properties={"a": b""}))


async def test_custom_events_come_from_members_or_the_application(
    chat: Chat, actor: Actor, jane: Actor, mallory: Actor, broker: RecordingBroker
) -> None:
    made = await chat.channels.create(jane, NewChannel(kind="PUBLIC"))
    for who in (jane, actor):
        await chat.channels.tell(who, made.id, "wave", {"n": 1})
    with pytest.raises(Forbidden):
        await chat.channels.tell(mallory, made.id, "wave", None)
    assert [event.user is None for event in broker.of(CustomEvent)] == [False, True]


async def test_the_application_makes_channels_without_members(chat: Chat, actor: Actor) -> None:
    made = await chat.channels.create(actor, NewChannel(kind="PRIVATE", name="empty"))
    assert (made.members, made.owner_id) == (0, None)


async def test_nobody_of_whom_nothing_is_known_or_left_becomes_a_member(
    chat: Chat, actor: Actor, jane: Actor, john: Actor
) -> None:
    await chat.users.delete(actor, id_of(john))
    for member in (id_of(john), 2**50):
        for kind in ("DIRECT", "PRIVATE"):
            new = NewChannel(kind=kind, members=[member])
            with pytest.raises(NotFound):
                await chat.channels.create(jane, new)


async def test_channels_are_listed_by_what_they_are(
    chat: Chat, actor: Actor, jane: Actor, john: Actor
) -> None:
    tagged = NewChannel(kind="PUBLIC", name="a", properties={"tag": 1})
    public = await chat.channels.create(jane, tagged)
    direct = await chat.channels.create(jane, NewChannel(kind="DIRECT", members=[id_of(john)]))

    async def listed(**where: Any) -> list[int]:
        page = await chat.channels.page(actor, PageRequest(), **where)
        assert page.total == len(page.items)
        return [channel.id for channel in page.items]

    assert await listed() == [public.id, direct.id]
    assert await listed(kind="DIRECT") == await listed(member_id=id_of(john)) == [direct.id]
    assert await listed(member_names=("jane", "john")) == [direct.id]
    assert await listed(properties={"tag": 1}) == [public.id]
    assert await listed(created_to=public.created) == [public.id]
    assert await listed(created_from=direct.created) == [direct.id]
    with pytest.raises(Invalid):
        await listed(properties={"a": "\x00"})


async def test_a_list_of_what_is_visible_goes_on_where_it_ended(chat: Chat, jane: Actor) -> None:
    made = [(await chat.channels.create(jane, NewChannel(kind="PUBLIC"))).id for _ in range(3)]
    first, following = await chat.channels.visible(jane, limit=2)
    rest, end = await chat.channels.visible(jane, after=following or 0, limit=2)
    assert [place.channel.id for place in (*first, *rest)] == made
    assert (following, end) == (made[1], None)


async def test_threads_and_heads_are_those_of_ones_own_channels(
    chat: Chat, actor: Actor, jane: Actor, mallory: Actor
) -> None:
    made = await chat.channels.create(jane, NewChannel(kind="PRIVATE"))
    thread = await chat.channels.get_thread(jane, made.main_thread_id)
    assert (thread.channel_id, thread.kind) == (made.id, "MAIN")
    for who, thread_id in ((mallory, made.main_thread_id), (jane, 2**50)):
        with pytest.raises(NotFound):
            await chat.channels.get_thread(who, thread_id)
    assert await chat.channels.heads(jane) == {made.id: made.head}
    assert await chat.channels.heads(mallory) == {}
    with pytest.raises(Forbidden):
        await chat.channels.heads(actor)


async def test_what_is_typed_is_published_up_to_a_length(
    chat: Chat, jane: Actor, broker: RecordingBroker
) -> None:
    pressed = KeysPressed(1, jane.require_user().author, check_keys("x" * 1000))
    chat.channels.publish(pressed)
    assert broker.of(KeysPressed) == [pressed]
    with pytest.raises(Invalid):
        check_keys("x" * 1001)
