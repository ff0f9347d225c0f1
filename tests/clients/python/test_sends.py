"""Sends: until acknowledged, once, in order; and what becomes of other commands."""

import asyncio

import pytest

import parlance
from tests.clients.python.conftest import Connect
from tests.clients.python.peer import GENERAL, Peer, channel, message


async def test_a_send_that_was_not_acknowledged_is_sent_again_with_its_client_id(
    peer: Peer, connect: Connect
):
    async with connect() as chat:
        first = await peer.accept()
        sending = asyncio.create_task(chat.send(GENERAL, "once"))
        command = await first.command("message.send")
        first.break_off()
        second = await peer.accept()
        again = await second.command("message.send")
        await second.store(again, 1)
        stored = await sending
    assert again["client_id"] == command["client_id"]
    assert stored.client_id == command["client_id"]


async def test_sends_to_one_channel_keep_their_order_across_a_reconnect(
    peer: Peer, connect: Connect
):
    texts = ["one", "two", "three"]
    async with connect() as chat:
        first = await peer.accept()
        sends = [asyncio.create_task(chat.send(GENERAL, text)) for text in texts]
        await first.command("message.send")
        await first.close(1012)
        second = await peer.accept()
        seen = []
        for offset in (1, 2, 3):
            command = await second.command("message.send")
            assert second.commands.empty()
            seen.append(command["text"])
            await second.store(command, offset)
        stored = await asyncio.gather(*sends)
    assert seen == texts
    assert [each.offset for each in stored] == [1, 2, 3]


async def test_a_send_to_one_channel_does_not_wait_for_another_channel(
    peer: Peer, connect: Connect
):
    peer.channels = [channel(), channel(8)]
    async with connect() as chat:
        socket = await peer.accept()
        slow = asyncio.create_task(chat.send(GENERAL, "slow"))
        waiting = await socket.command("message.send")
        fast = asyncio.create_task(chat.send(8, "fast"))
        await socket.store(await socket.command("message.send"), 1)
        assert (await fast).text == "fast"
        assert not slow.done()
        await socket.store(waiting, 2)
        await slow


async def test_a_refusal_to_be_tried_again_is_waited_out(
    peer: Peer, connect: Connect, waits: list[float]
):
    async with connect() as chat:
        socket = await peer.accept()
        sending = asyncio.create_task(chat.send(GENERAL, "patience"))
        command = await socket.command("message.send")
        await socket.refuse(command, "unavailable", retry_after=1.5)
        again = await socket.command("message.send")
        await socket.store(again, 1)
        await sending
    assert again["client_id"] == command["client_id"]
    assert waits == [1.5]


async def test_a_plain_refusal_is_raised_with_its_code(peer: Peer, connect: Connect):
    async with connect() as chat:
        socket = await peer.accept()
        sending = asyncio.create_task(chat.send(GENERAL, "no"))
        await socket.refuse(await socket.command("message.send"), "not_a_member")
        with pytest.raises(parlance.Refused) as refusal:
            await sending
    assert refusal.value.code == "not_a_member"
    assert refusal.value.retry_after is None


async def test_a_cancelled_send_lets_the_next_one_through(peer: Peer, connect: Connect):
    async with connect() as chat:
        socket = await peer.accept()
        first = asyncio.create_task(chat.send(GENERAL, "cancelled"))
        cancelled = await socket.command("message.send")
        second = asyncio.create_task(chat.send(GENERAL, "next"))
        first.cancel()
        command = await socket.command("message.send")
        await socket.store(cancelled, 1)
        await socket.store(command, 2)
        assert (await second).text == "next"
        with pytest.raises(asyncio.CancelledError):
            await first


async def test_a_send_that_nobody_answers_is_sent_again_on_the_same_socket(
    peer: Peer, connect: Connect
):
    async with connect(timeout=0.05) as chat:
        socket = await peer.accept()
        sending = asyncio.create_task(chat.send(GENERAL, "hello?"))
        command = await socket.command("message.send")
        again = await socket.command("message.send")
        await socket.store(again, 1)
        await sending
    assert again["client_id"] == command["client_id"]


async def test_a_command_that_must_not_be_repeated_raises_when_the_connection_breaks(
    peer: Peer, connect: Connect
):
    async with connect() as chat:
        first = await peer.accept()
        reacting = asyncio.create_task(chat.react(GENERAL, 1001, "👍"))
        await first.command("reaction.add")
        first.break_off()
        with pytest.raises(parlance.ConnectionLost):
            await reacting
        second = await peer.accept()
        assert second.commands.empty()


async def test_a_question_is_asked_again_after_a_reconnect(peer: Peer, connect: Connect):
    async with connect() as chat:
        first = await peer.accept()
        asking = asyncio.create_task(chat.history(GENERAL, before=9, limit=2))
        await first.command("history")
        first.break_off()
        second = await peer.accept()
        command = await second.command("history")
        await second.reply(command, {"messages": [message(7), message(8)]})
        assert [each.offset for each in await asking] == [7, 8]
    assert (command["before"], command["limit"]) == (9, 2)
    assert "after" not in command


async def test_a_command_without_an_answer_times_out(peer: Peer, connect: Connect):
    async with connect(timeout=0.01) as chat:
        await peer.accept()
        with pytest.raises(parlance.CommandTimeout):
            await chat.leave(GENERAL)


async def test_what_is_on_screen_is_said_again_on_the_next_socket(peer: Peer, connect: Connect):
    async with connect() as chat:
        first = await peer.accept()
        viewing = asyncio.create_task(chat.view([GENERAL]))
        await first.reply(await first.command("view"), {})
        await viewing
        first.break_off()
        second = await peer.accept()
        again = await second.command("view")
    assert again["channels"] == [GENERAL]


async def test_a_command_too_large_for_the_server_never_leaves(peer: Peer, connect: Connect):
    async with connect() as chat:
        socket = await peer.accept()
        with pytest.raises(parlance.Refused) as refusal:
            await chat.send(GENERAL, "x" * peer.frame_bytes)
        assert socket.commands.empty()
    assert refusal.value.code == "frame_too_large"


async def test_a_send_waiting_when_the_block_is_left_is_told_so(peer: Peer, connect: Connect):
    async with connect() as chat:
        socket = await peer.accept()
        sending = asyncio.create_task(chat.send(GENERAL, "too late"))
        await socket.command("message.send")
    with pytest.raises(parlance.Closed):
        await sending


async def test_an_answer_of_an_unknown_shape_is_told_to_who_asked_alone(
    peer: Peer, connect: Connect
):
    async with connect() as chat:
        socket = await peer.accept()
        asking = asyncio.create_task(chat.ping())
        await socket.reply(await socket.command("ping"), {"heads": "many"})
        with pytest.raises(parlance.Unreadable):
            await asking
        asking = asyncio.create_task(chat.ping())
        await socket.reply(await socket.command("ping"), {"heads": {"7": 3}})
        assert await asking == {7: 3}
