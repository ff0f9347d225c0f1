"""Events: typed, once, in order, from where this client was."""

import asyncio

import pytest

import parlance
from tests.clients.python.conftest import Connect
from tests.clients.python.peer import GENERAL, JANE, JOHN, PATIENCE, Peer, channel, created, message


async def next_events(chat: parlance.Chat, count: int) -> list[parlance.Event]:
    """The next so many events that are not the end of a recovery."""
    events: list[parlance.Event] = []
    async with asyncio.timeout(PATIENCE):
        while len(events) < count:
            event = await anext(chat)
            if not isinstance(event, parlance.CaughtUp):
                events.append(event)
    return events


def offsets(events: list[parlance.Event]) -> list[int]:
    return [event.offset for event in events if isinstance(event, parlance.DurableEvent)]


@pytest.mark.parametrize("codec", ["json", "msgpack"])
async def test_both_codecs_speak_of_the_same_things(peer: Peer, connect: Connect, codec: str):
    async with connect(codec=codec) as chat:
        socket = await peer.accept()
        await socket.push(created(1, "héllo 👋"))
        caught_up, event = await anext(chat), await anext(chat)
        sending = asyncio.create_task(chat.send(GENERAL, "back", properties={"a": [1, None]}))
        command = await socket.command("message.send")
        await socket.store(command, 2)
        stored = await sending
    assert chat.user.name == "jane"
    assert chat.channels[GENERAL].name == "general"
    assert caught_up == parlance.CaughtUp(heads={GENERAL: 0})
    assert isinstance(event, parlance.MessageCreated)
    assert (event.message.text, event.message.user) == (
        "héllo 👋",
        parlance.Sender(id=2, name="john", display_name="John"),
    )
    assert command["properties"] == {"a": [1, None]}
    assert (stored.offset, stored.text) == (2, "back")


async def test_a_guest_is_introduced_with_key_and_name(peer: Peer, connect: Connect):
    async with connect(api_key="key", username="jane"):
        socket = await peer.accept()
    assert socket.hello["api_key"] == "key"
    assert socket.hello["username"] == "jane"
    assert "token" not in socket.hello
    assert socket.hello["client"].startswith("parlance-python/")


async def test_unknown_pushes_and_unknown_fields_are_ignored(peer: Peer, connect: Connect):
    async with connect() as chat:
        socket = await peer.accept()
        await socket.push(
            {"type": "message.sparkled", "channel": GENERAL, "id": "not a number", "code": 3},
            {**created(1), "sparkles": {"a": 1}},
        )
        (event,) = await next_events(chat, 1)
    assert isinstance(event, parlance.MessageCreated)


async def test_every_passing_event_has_its_type(peer: Peer, connect: Connect):
    here = {"channel": GENERAL, "user": JOHN}
    async with connect() as chat:
        socket = await peer.accept()
        await socket.push(
            {"type": "typing.started", **here},
            {"type": "typing.stopped", **here, "thread": 4},
            {"type": "keystrokes", **here, "keys": "hel"},
            {"type": "read", **here, "read": 9},
            {"type": "presence", **here, "online": True, "status": "away"},
            {"type": "event", "channel": GENERAL, "user": None, "name": "dice", "data": [6]},
            {"type": "shed", "count": 3},
        )
        events = await next_events(chat, 7)
    assert [type(event) for event in events] == [
        parlance.TypingStarted,
        parlance.TypingStopped,
        parlance.Keystrokes,
        parlance.ReadMoved,
        parlance.PresenceChanged,
        parlance.CustomEvent,
        parlance.Shed,
    ]


async def test_a_broken_socket_is_resumed_where_it_broke_and_nothing_comes_twice(
    peer: Peer, connect: Connect
):
    peer.channels = [channel(head=10)]
    async with connect() as chat:
        first = await peer.accept()
        assert first.hello["positions"] == {}
        await first.push(created(11), created(12))
        before = await next_events(chat, 2)
        peer.channels = [channel(head=14)]
        peer.missed = [created(12), created(13), created(14)]
        first.break_off()
        second = await peer.accept()
        await second.push(created(14), created(15))
        after = await next_events(chat, 3)
    assert second.hello["positions"] == {str(GENERAL): 12}
    assert offsets(before + after) == [11, 12, 13, 14, 15]


async def test_what_was_received_but_not_yet_yielded_is_not_asked_for_again(
    peer: Peer, connect: Connect
):
    async with connect() as chat:
        first = await peer.accept()
        await first.push(created(1), created(2))
        await first.close(1012)
        second = await peer.accept()
        assert second.hello["positions"] == {str(GENERAL): 2}
        assert chat.positions == {GENERAL: 0}
        assert offsets(await next_events(chat, 2)) == [1, 2]
        assert chat.positions == {GENERAL: 2}


async def test_saved_positions_let_another_run_go_on(peer: Peer, connect: Connect):
    peer.channels = [channel(head=5)]
    peer.missed = [created(4), created(5)]
    async with connect(positions={str(GENERAL): 3}) as chat:
        socket = await peer.accept()
        events = await next_events(chat, 2)
    assert socket.hello["positions"] == {str(GENERAL): 3}
    assert offsets(events) == [4, 5]


async def test_offsets_left_out_of_a_recovery_count_as_seen_once_it_ended(
    peer: Peer, connect: Connect
):
    peer.channels = [channel(head=9)]
    peer.missed = [created(6)]
    async with connect(positions={GENERAL: 3}) as chat:
        await peer.accept()
        assert isinstance(await anext(chat), parlance.MessageCreated)
        assert chat.positions == {GENERAL: 6}
        assert isinstance(await anext(chat), parlance.CaughtUp)
        assert chat.positions == {GENERAL: 9}


async def test_a_reset_moves_the_position_and_is_told(peer: Peer, connect: Connect):
    async with connect(positions={GENERAL: 50}) as chat:
        socket = await peer.accept()
        reset = {"type": "reset", "channel": GENERAL, "offset": 20}
        await socket.push(reset, created(20), created(21))
        events = await next_events(chat, 2)
    assert events[0] == parlance.Reset(channel=GENERAL, offset=20)
    assert offsets(events) == [21]


async def test_a_new_channel_is_known_from_its_offset_on(peer: Peer, connect: Connect):
    async with connect() as chat:
        socket = await peer.accept()
        details = channel(8, head=3, name="random")
        new = {"type": "channel.created", "channel": 8, "offset": 3, "details": details}
        await socket.push(new, created(3, number=8), created(4, number=8))
        events = await next_events(chat, 2)
        assert offsets(events) == [3, 4]
        assert chat.channels[8].name == "random"
        assert chat.positions == {GENERAL: 0, 8: 4}


@pytest.mark.parametrize(
    "end", [{"type": "channel.deleted"}, {"type": "member.left", "user": JANE}]
)
async def test_a_channel_that_ended_for_this_user_is_forgotten(peer: Peer, connect: Connect, end):
    async with connect() as chat:
        socket = await peer.accept()
        await socket.push({**end, "channel": GENERAL, "offset": 1})
        await next_events(chat, 1)
        assert chat.positions == {}
        assert chat.channels == {}
        socket.break_off()
        second = await peer.accept()
    assert second.hello["positions"] == {}


async def test_another_member_leaving_forgets_nothing(peer: Peer, connect: Connect):
    async with connect() as chat:
        socket = await peer.accept()
        left = {"type": "member.left", "channel": GENERAL, "offset": 1, "user": JOHN}
        await socket.push(left)
        await next_events(chat, 1)
        assert chat.positions == {GENERAL: 1}
        assert GENERAL in chat.channels


async def test_edits_deletions_and_reactions_carry_what_changed(peer: Peer, connect: Connect):
    async with connect() as chat:
        socket = await peer.accept()
        place = {"channel": GENERAL}
        reaction = {"message": 1001, "user": JOHN, "emoji": "👍"}
        edited = {**message(1, "better"), "edited": "2026-01-02T03:04:06.000Z"}
        await socket.push(
            {"type": "message.updated", **place, "offset": 2, "message": edited},
            {"type": "reaction.added", **place, "offset": 3, **reaction},
            {"type": "reaction.removed", **place, "offset": 4, **reaction},
            {"type": "message.deleted", **place, "offset": 5, "message": message(1)},
        )
        events = await next_events(chat, 4)
    assert isinstance(events[0], parlance.MessageUpdated)
    assert events[0].message.text == "better"
    assert offsets(events) == [2, 3, 4, 5]


async def test_leaving_the_block_ends_an_iteration_under_way(peer: Peer, connect: Connect):
    async with connect() as chat:
        await peer.accept()
        reading = asyncio.create_task(anext(chat, None))
        assert isinstance(await reading, parlance.CaughtUp)
        reading = asyncio.create_task(anext(chat, "the end"))
    assert await reading == "the end"


async def test_a_cancelled_reader_loses_no_event(peer: Peer, connect: Connect):
    async with connect() as chat:
        socket = await peer.accept()
        await anext(chat)
        reading = asyncio.create_task(anext(chat))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await socket.push(created(1))
        assert offsets(await next_events(chat, 1)) == [1]
