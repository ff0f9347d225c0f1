"""A socket that does not read costs nobody else anything, and itself nothing it was promised."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .peers import Peer, Push, peer_of
from .people import Person
from .serving import Serving

COUNT = 400
LARGE = "x" * 50_000
SMALL_BUFFER_BYTES = 4096


@asynccontextmanager
async def slow_peer(server: Serving, person: Person) -> AsyncIterator[Peer]:
    """A socket with little room on its way, which is not read until `resume_reading`."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
    narrow.connect(("127.0.0.1", server.port))
    narrow.setblocking(False)
    async with peer_of(server.url, person.token, sock=narrow) as peer:
        peer.websocket.transport.pause_reading()
        try:
            yield peer
        finally:
            peer.websocket.transport.resume_reading()


async def test_a_socket_that_does_not_read_is_closed_and_resumes_without_a_loss(
    server: Serving, jane: Person, john: Person, room: int
) -> None:
    async with (
        peer_of(server.url, jane.token) as speaker,
        slow_peer(server, john) as slow,
        peer_of(server.url, john.token, node=slow.node) as swift,
    ):
        head = slow.welcome["channels"][0]["head"]
        for n in range(COUNT):
            sent = await speaker.send(room, LARGE, client_id=str(n))
            await swift.hears("message.created", offset=sent["offset"])
        slow.websocket.transport.resume_reading()
        assert await slow.until_closed() in (4008, 1006)
        heard = slow.offsets(room)
        assert heard == list(range(head + 1, head + 1 + len(heard)))
        assert len(heard) < COUNT
        async with peer_of(
            server.url, john.token, positions={room: head + len(heard)}, node=slow.node
        ) as back:
            await back.hears("heads")
            assert heard + back.offsets(room) == swift.offsets(room)
            assert len(swift.offsets(room)) == COUNT
            page = await back.ask("history", channel=room, limit=200)
            assert len(page["messages"]) == 200


async def test_what_passes_by_is_shed_for_the_slow_socket_only_and_counted(
    server: Serving, jane: Person, john: Person, room: int
) -> None:
    async with (
        peer_of(server.url, jane.token) as speaker,
        slow_peer(server, john) as slow,
        peer_of(server.url, john.token, node=slow.node) as swift,
    ):
        for n in range(COUNT):
            await speaker.ask("event", channel=room, name=f"event {n}", data=LARGE[:15_000])
            await speaker.ask("keystrokes", channel=room, keys=f"keys {n}")
            await swift.hears("keystrokes", keys=f"keys {n}")
        last = await speaker.send(room, "durable")
        await swift.hears_text("durable")
        slow.websocket.transport.resume_reading()
        # Whatever the other socket was told is either told here or counted.
        everything = len(passing(swift.pushes))
        await slow.until(lambda told: len(passing(told)) + shed(told) == everything)
        assert shed(slow.pushes) > 0
        assert slow.heard("keystrokes", keys=f"keys {COUNT - 1}")
        assert slow.offsets(room) == swift.offsets(room) == [last["offset"]]
        assert not swift.heard("shed")


def passing(pushes: list[Push]) -> list[Push]:
    kinds = ("event", "keystrokes", "typing.started", "typing.stopped")
    return [push for push in pushes if push["type"] in kinds]


def shed(pushes: list[Push]) -> int:
    return sum(push["count"] for push in pushes if push["type"] == "shed")
