"""A reader that is slower than the server: bounded memory, no durable event lost, no deadlock."""

import asyncio

import parlance
from tests.clients.python.conftest import Connect
from tests.clients.python.peer import GENERAL, JOHN, PATIENCE, Peer, Socket, channel, created
from tests.clients.python.test_events import next_events, offsets

LONG = "x" * 50_000


async def test_a_slow_reader_makes_the_client_stop_reading_the_socket(peer: Peer, connect: Connect):
    count = 400
    async with connect(max_queue=4) as chat:
        socket = await peer.accept()
        frames = [created(offset, LONG) for offset in range(1, count + 1)]
        pushing = asyncio.create_task(socket.push(*frames))
        done, _ = await asyncio.wait([pushing], timeout=0.2)
        assert not done
        events = await next_events(chat, count)
        await pushing
        assert peer.sockets.empty()
    assert offsets(events) == list(range(1, count + 1))


async def test_a_reader_that_answers_what_it_reads_never_waits_for_itself(
    peer: Peer, connect: Connect
):
    """The first answer comes behind ten times as many events as the client has room for."""
    total = 40
    stored = [created(offset) for offset in range(1, total + 1)]

    async def serve_sockets() -> None:
        socket = await peer.accept()
        command = await socket.command("message.send")
        peer.channels, peer.missed = [channel(head=total)], stored
        await socket.push(*stored)
        await socket.store(command, total + 1)
        async with asyncio.TaskGroup() as answering:
            answering.create_task(acknowledge(socket))
            while True:
                answering.create_task(acknowledge(await peer.accept()))

    async def acknowledge(socket: Socket) -> None:
        while True:
            await socket.store(await socket.command("message.send"), total + 1)

    serving = asyncio.create_task(serve_sockets())
    try:
        async with connect(max_queue=4) as chat:
            await asyncio.wait_for(chat.send(GENERAL, "start"), PATIENCE)
            seen = []
            async for event in chat:
                if isinstance(event, parlance.MessageCreated):
                    answering = chat.send(GENERAL, f"answer to {event.offset}")
                    await asyncio.wait_for(answering, PATIENCE)
                    seen.append(event.offset)
                if len(seen) == total:
                    break
    finally:
        serving.cancel()
    assert seen == list(range(1, total + 1))


async def test_who_only_sends_needs_no_reader(peer: Peer, connect: Connect):
    async with connect(max_queue=2) as chat:
        socket = await peer.accept()
        for offset in range(1, 50):
            sending = asyncio.create_task(chat.send(GENERAL, f"line {offset}"))
            command = await socket.command("message.send")
            await socket.push(created(offset))
            await socket.store(command, offset)
            await sending
        assert peer.sockets.empty()


async def test_passing_events_left_out_are_counted_and_durable_ones_come_again(
    peer: Peer, connect: Connect
):
    typing = {"type": "typing.started", "channel": GENERAL, "user": JOHN}
    async with connect(max_queue=2) as chat:
        first = await peer.accept()
        asking = asyncio.create_task(chat.ping())
        command = await first.command("ping")
        await first.push(created(1), created(2), typing, typing, created(3))
        await first.reply(command, {"heads": {}})
        await asking
        peer.channels = [channel(head=3)]
        peer.missed = [created(2), created(3)]
        events = await next_events(chat, 4)
        second = await peer.accept()
    assert second.hello["positions"] == {str(GENERAL): 1}
    assert offsets(events) == [1, 2, 3]
    assert parlance.Shed(count=2) in events


async def test_a_socket_that_ended_unseen_is_found_by_the_next_command(
    peer: Peer, connect: Connect
):
    async with connect(max_queue=1) as chat:
        first = await peer.accept()
        await first.push(created(1))
        await first.close(1012)
        peer.channels = [channel(head=1)]
        peer.missed = [created(1)]
        sending = asyncio.create_task(chat.send(GENERAL, "anybody?"))
        second = await peer.accept()
        await second.store(await second.command("message.send"), 2)
        await sending
        assert offsets(await next_events(chat, 1)) == [1]


async def test_a_slow_reader_is_not_taken_for_a_dead_connection(peer: Peer, connect: Connect):
    peer.heartbeat_seconds = 0.02
    async with connect(max_queue=1) as chat:
        socket = await peer.accept()
        frames = [created(offset, LONG) for offset in range(1, 101)]
        pushing = asyncio.create_task(socket.push(*frames))
        await asyncio.wait([pushing], timeout=0.2)
        assert offsets(await next_events(chat, 100)) == list(range(1, 101))
        await pushing
        assert peer.sockets.empty()
