"""Client: one write per tick, and what becomes of a socket that does not keep up."""

import asyncio

import pytest

from protocol.errors import CloseCode
from protocol.native.frames import EventPush
from server.realtime.client import MOST_HELD, Client
from server.realtime.wire import WIRES, Framed

JSON = WIRES[0]


class Pipe:
    """An outlet that keeps what is written and takes as much as it is told to."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.waiting = 0
        self.closed: CloseCode | None = None
        self.owed: list[Client] = []

    def later(self, client: Client) -> None:
        self.owed.append(client)

    def write(self, data: bytes) -> int:
        self.written.append(data)
        return self.waiting

    def close(self, code: CloseCode, reason: str) -> None:
        self.closed = code

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


@pytest.fixture
def pipe() -> Pipe:
    return Pipe()


@pytest.fixture
def client(pipe: Pipe) -> Client:
    return Client(pipe, JSON, most_bytes=1000)


def framed(name: str) -> Framed:
    return Framed(EventPush(channel=1, user=None, name=name, data=None))


def test_what_one_tick_brings_leaves_in_one_write(client: Client, pipe: Pipe) -> None:
    for data in (b"a", b"b", b"c"):
        client.push(data)
    assert pipe.owed == [client]
    client.flush()
    client.flush()
    assert pipe.written == [b"abc"]


def test_a_slow_socket_gets_the_latest_of_each_subject_and_the_number_shed(
    client: Client, pipe: Pipe
) -> None:
    client.paused()
    for name in ("1", "2", "3"):
        client.push_ephemeral(framed(name), "typing")
    client.push_ephemeral(framed("custom"), None)
    assert pipe.owed == []
    client.resumed()
    client.flush()
    [data] = pipe.written
    assert data.startswith(framed("3").on(JSON) + framed("custom").on(JSON))
    assert b'"shed","count":2' in data


def test_only_so_much_is_held_for_a_slow_socket(client: Client, pipe: Pipe) -> None:
    client.paused()
    for number in range(MOST_HELD + 5):
        client.push_ephemeral(framed(str(number)), number)
    client.resumed()
    client.flush()
    assert b'"shed","count":5' in pipe.written[0]
    assert pipe.written[0].count(b'"event"') == MOST_HELD


def test_durable_pushes_are_written_to_a_slow_socket_until_it_owes_too_much(
    client: Client, pipe: Pipe
) -> None:
    client.paused()
    pipe.waiting = 1000
    client.push(b"a")
    client.flush()
    assert pipe.closed is None
    pipe.waiting = 1001
    client.push(b"b")
    client.flush()
    assert pipe.closed is CloseCode.TOO_SLOW
    client.push(b"c")
    client.flush()
    assert pipe.written == [b"a", b"b"]


def test_a_close_says_what_is_owed_before(client: Client, pipe: Pipe) -> None:
    client.push(b"a")
    client.close(CloseCode.REVOKED, "x")
    client.close(CloseCode.NORMAL, "x")
    assert (pipe.written, pipe.closed) == ([b"a"], CloseCode.REVOKED)


async def test_whoever_waits_for_room_goes_on_when_there_is_some_or_the_socket_is_gone(
    client: Client,
) -> None:
    await client.has_room()
    for end in (client.resumed, client.gone):
        client.paused()
        waiting = asyncio.ensure_future(client.has_room())
        await asyncio.sleep(0)
        assert not waiting.done()
        end()
        await waiting
