"""Presence: who is here, since when he is told to be, and which channels he has open."""

import pytest

from chat.actors import Actor
from chat.channels import Channel, NewChannel
from chat.chat import Chat
from chat.errors import Forbidden, Invalid
from chat.events import PresenceChanged
from chat.operations import presence
from chat.pages import PageRequest
from tests.conftest import RecordingBroker


def id_of(person: Actor) -> int:
    return person.require_user().id


@pytest.fixture
async def room(chat: Chat, jane: Actor, john: Actor, broker: RecordingBroker) -> Channel:
    made = await chat.channels.create(
        jane, NewChannel(kind="PRIVATE", name="room", members=[id_of(john)])
    )
    broker.events.clear()
    return made


async def arrive(chat: Chat, person: Actor, user_agent: str | None = None) -> int:
    return (await chat.presence.open(person, user_agent)).session_id


def told(broker: RecordingBroker) -> list[tuple[int, str, bool, str]]:
    return [
        (event.channel_id, event.user.name, event.online, event.status)
        for event in broker.of(PresenceChanged)
    ]


async def test_a_user_is_here_from_his_first_session_until_after_his_last(
    chat: Chat, actor: Actor, jane: Actor, room: Channel, broker: RecordingBroker
) -> None:
    sessions = [await arrive(chat, jane) for _ in range(2)]
    assert told(broker) == [(room.id, "jane", True, "")]
    for session in sessions:
        assert (await chat.users.get(actor, id_of(jane))).online
        await chat.presence.settle([id_of(jane)])
        assert len(told(broker)) == 1
        await chat.presence.end([session])
    await chat.presence.settle([id_of(jane)])
    await chat.presence.settle([id_of(jane)])
    assert told(broker)[1:] == [(room.id, "jane", False, "")]
    assert not (await chat.users.get(actor, id_of(jane))).online


async def test_who_is_gone_and_comes_back_is_told_again(
    chat: Chat, jane: Actor, room: Channel, broker: RecordingBroker
) -> None:
    for _ in range(2):
        await chat.presence.end([await arrive(chat, jane)])
        await chat.presence.settle([id_of(jane)])
    assert [online for _, _, online, _ in told(broker)] == [True, False, True, False]
    assert {channel for channel, *_ in told(broker)} == {room.id}


async def test_a_socket_learns_at_once_where_its_user_is_and_whom_he_blocks(
    chat: Chat, actor: Actor, jane: Actor, john: Actor, mallory: Actor, room: Channel
) -> None:
    await chat.users.block(jane, id_of(mallory))
    opening = await chat.presence.open(jane, "test")
    assert (opening.user.name, opening.user.online) == ("jane", True)
    assert [(place.channel.id, place.joined) for place in opening.places] == [(room.id, True)]
    assert opening.blocked == {id_of(mallory)}
    other = await chat.presence.open(mallory, None)
    assert (other.places, other.blocked) == ([], frozenset())
    with pytest.raises(Forbidden):
        await chat.presence.open(actor, None)


async def test_presence_is_not_told_in_crowds(
    chat: Chat,
    jane: Actor,
    room: Channel,
    broker: RecordingBroker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(presence, "MOST_MEMBERS", 1)
    alone = await chat.channels.create(jane, NewChannel(kind="PUBLIC"))
    await arrive(chat, jane)
    assert [channel for channel, *_ in told(broker)] == [alone.id]
    assert room.members == 2


async def test_a_status_is_told_where_its_user_is(
    chat: Chat, actor: Actor, jane: Actor, room: Channel, broker: RecordingBroker
) -> None:
    user = await chat.presence.set_status(jane, "busy")
    assert (user.status, told(broker)) == ("busy", [(room.id, "jane", False, "busy")])
    with pytest.raises(Invalid):
        await chat.presence.set_status(jane, "x" * 256)
    with pytest.raises(Forbidden):
        await chat.presence.set_status(actor, "busy")


async def participants(chat: Chat, actor: Actor, channel: Channel) -> list[str]:
    page = await chat.members.participants(actor, channel.id, PageRequest())
    return sorted(user.name for user in page.items)


async def test_whoever_has_a_channel_open_is_a_participant_until_he_looks_elsewhere(
    chat: Chat, actor: Actor, jane: Actor, john: Actor, room: Channel
) -> None:
    first, second, other = [await arrive(chat, who) for who in (jane, jane, john)]
    lobby = await chat.channels.create(jane, NewChannel(kind="PUBLIC"))
    await chat.presence.view(jane, first, [room.id, lobby.id])
    await chat.presence.view(jane, second, [room.id])
    await chat.presence.view(john, other, [room.id, lobby.id, room.id])
    assert await participants(chat, actor, room) == ["jane", "john"]
    assert await participants(chat, actor, lobby) == ["jane"]
    await chat.presence.view(jane, first, [])
    assert await participants(chat, actor, room) == ["jane", "john"]
    assert await participants(chat, actor, lobby) == []
    await chat.presence.end([second])
    assert await participants(chat, actor, room) == ["john"]
    await chat.members.remove(actor, room.id, id_of(john))
    assert await participants(chat, actor, room) == []


async def test_a_view_holds_so_many_channels_and_only_ones_that_can_be(
    chat: Chat, jane: Actor
) -> None:
    session = await arrive(chat, jane)
    for channels in ([0], [2**53], list(range(1, presence.MAX_VIEW + 2))):
        with pytest.raises(Invalid):
            await chat.presence.view(jane, session, channels)
    await chat.presence.view(jane, session, [2**53 - 1])


async def test_sessions_are_listed_by_whether_they_go_on(
    chat: Chat, actor: Actor, jane: Actor, john: Actor, room: Channel
) -> None:
    first, second = await arrive(chat, jane, "one"), await arrive(chat, john, "two")
    for person, session in ((jane, first), (john, second)):
        await chat.presence.view(person, session, [room.id])
    await chat.presence.end([first])
    for state, expected in ((None, [first, second]), ("ACTIVE", [second]), ("ENDED", [first])):
        request = PageRequest(sort=(("createdTime", False),))
        users = await chat.presence.list_user_sessions(actor, request, state)  # type: ignore[arg-type]
        chats = await chat.presence.list_chat_sessions(actor, request, state)  # type: ignore[arg-type]
        assert [session.id for session in users.items] == expected
        assert [session.session.id for session in chats.items] == expected
        assert {session.channel_id for session in chats.items} == {room.id}
        assert users.total == chats.total == len(expected)
    [ended] = (await chat.presence.list_user_sessions(actor, PageRequest(), "ENDED")).items
    assert (ended.user.name, ended.user_agent, ended.ended is None) == ("jane", "one", False)
    with pytest.raises(Invalid):
        await chat.presence.list_user_sessions(actor, PageRequest(sort=(("user", False),)))
