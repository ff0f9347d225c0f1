"""When to come back, when to give up, and how a dead connection is noticed."""

import asyncio

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

import parlance
from parlance.client import LONGEST_DELAY, backoff
from tests.clients.python.conftest import Connect
from tests.clients.python.peer import GENERAL, Peer, created


async def test_the_delay_of_a_drain_is_kept_when_the_server_closes_first(
    peer: Peer, connect: Connect, waits: list[float]
):
    async with connect():
        first = await peer.accept()
        await first.push({"type": "drain", "reconnect_after": 20.0})
        await first.close(1012)
        await peer.accept()
    assert waits == [pytest.approx(20.0, abs=2.0)]


async def test_a_drained_client_leaves_by_itself_when_its_time_has_come(
    peer: Peer, connect: Connect, waits: list[float]
):
    async with connect():
        first = await peer.accept()
        await first.push({"type": "drain", "reconnect_after": 0.01})
        await first.websocket.wait_closed()
        await peer.accept()
    assert first.websocket.close_code == 1000
    assert waits == [0.0]


async def test_a_command_under_way_gets_its_answer_before_a_drained_client_leaves(
    peer: Peer, connect: Connect
):
    async with connect() as chat:
        first = await peer.accept()
        leaving = asyncio.create_task(chat.leave(GENERAL))
        command = await first.command("channel.leave")
        await first.push({"type": "drain", "reconnect_after": 0.0})
        await first.push(created(1))
        await first.reply(command, {})
        await leaving
        await peer.accept()


async def test_failures_are_met_with_growing_delays_and_success_starts_over(
    peer: Peer, connect: Connect, waits: list[float]
):
    attempts: list[int] = []

    def count(attempt: int) -> float:
        attempts.append(attempt)
        return 0.25

    async with connect(_backoff=count) as chat:
        first = await peer.accept()
        unavailable = {"code": "unavailable", "message": "Wait.", "retry_after": 3.0}
        busy = {"code": "unavailable", "message": "Wait.", "retry_after": 4.0}
        peer.refusal_close = 1012
        peer.refusals = [unavailable, busy]
        first.break_off()
        second = await peer.accept()
        assert isinstance(await anext(chat), parlance.CaughtUp)
        assert isinstance(await anext(chat), parlance.CaughtUp)
        second.break_off()
        await peer.accept()
    assert waits == [0.25, 3.0, 4.0, 0.25]
    assert attempts == [0, 0]


def test_the_delay_doubles_is_capped_and_differs_from_client_to_client():
    assert all(0.25 <= backoff(0) <= 0.5 for _ in range(100))
    assert all(1.0 <= backoff(2) <= 2.0 for _ in range(100))
    assert all(LONGEST_DELAY / 2 <= backoff(10_000) <= LONGEST_DELAY for _ in range(100))
    assert len({backoff(5) for _ in range(100)}) > 50


@pytest.mark.parametrize("code", [1000, 4001, 4003, 4004, 4005])
async def test_a_final_close_is_raised_to_the_reader_and_to_who_waits(
    peer: Peer, connect: Connect, code: int
):
    async with connect() as chat:
        socket = await peer.accept()
        sending = asyncio.create_task(chat.send(GENERAL, "hello"))
        await socket.command("message.send")
        await socket.close(code, "because")
        assert isinstance(await anext(chat), parlance.CaughtUp)
        with pytest.raises(parlance.Closed) as closed:
            await anext(chat)
        with pytest.raises(parlance.Closed):
            await sending
        with pytest.raises(parlance.Closed):
            await chat.send(GENERAL, "again")
        assert peer.sockets.empty()
    assert (closed.value.close_code, closed.value.reason) == (code, "because")


@pytest.mark.parametrize("code", [1001, 1011, 1012, 4002, 4008, 4999])
async def test_other_closes_are_come_back_from(peer: Peer, connect: Connect, code: int):
    async with connect(_backoff=lambda attempt: 0.5) as chat:
        socket = await peer.accept()
        await socket.close(code)
        await peer.accept()
        assert isinstance(await anext(chat), parlance.CaughtUp)


async def test_a_client_that_was_too_fast_comes_back_later(
    peer: Peer, connect: Connect, waits: list[float]
):
    async with connect():
        socket = await peer.accept()
        await socket.close(4009)
        await peer.accept()
    assert waits == [5.0]


async def test_a_refused_hello_is_final(peer: Peer, connect: Connect):
    peer.refusals = [{"code": "unauthorized", "message": "The token is not valid."}]
    with pytest.raises(parlance.Closed, match="token is not valid") as closed:
        async with connect():
            pytest.fail("the hello was refused")
    assert closed.value.close_code == 4001


async def test_a_server_that_is_not_there_is_told_at_once():
    async def taken(*_: object) -> None: ...

    server = await asyncio.start_server(taken, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    with pytest.raises(parlance.ConnectFailed):
        async with parlance.connect(f"http://127.0.0.1:{port}", token="t", proxy=None):
            pytest.fail("nobody listens there")


async def test_a_server_of_another_protocol_is_told():
    async def hang_up(websocket: ServerConnection) -> None:
        await websocket.wait_closed()

    async with serve(hang_up, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        with pytest.raises(parlance.ConnectFailed, match="does not speak"):
            async with parlance.connect(f"ws://127.0.0.1:{port}", token="t", proxy=None):
                pytest.fail("this is no Parlance server")


async def test_a_server_that_answers_with_a_page_is_told_with_its_status():
    def unavailable(websocket: ServerConnection, request: Request) -> Response:
        response = websocket.respond(503, "Later.")
        response.headers["Retry-After"] = "7"
        return response

    async def unreached(websocket: ServerConnection) -> None: ...

    async with serve(unreached, "127.0.0.1", 0, process_request=unavailable) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        with pytest.raises(parlance.ConnectFailed, match="503") as failure:
            async with parlance.connect(f"http://127.0.0.1:{port}", token="t", proxy=None):
                pytest.fail("the server said 503")
    assert failure.value.retry_after == 7.0


async def test_a_server_that_does_not_answer_hello_is_given_up(peer: Peer, connect: Connect):
    peer.greets.clear()
    with pytest.raises(parlance.ConnectFailed):
        async with connect(open_timeout=0.05):
            pytest.fail("nobody answered")
    peer.greets.set()


async def test_a_dead_connection_is_noticed(peer: Peer, connect: Connect):
    peer.heartbeat_seconds = 0.02
    async with connect() as chat:
        first = await peer.accept()
        peer.heartbeat_seconds = 25.0
        first.websocket.transport.pause_reading()
        await peer.accept()
        assert isinstance(await anext(chat), parlance.CaughtUp)
        first.break_off()


async def test_a_quiet_connection_is_kept(peer: Peer, connect: Connect):
    peer.heartbeat_seconds = 0.01
    async with connect() as chat:
        socket = await peer.accept()
        for _ in range(10):
            asking = asyncio.create_task(chat.ping())
            await socket.reply(await socket.command("ping"), {"heads": {}})
            await asking
            await (await socket.websocket.ping())
        assert peer.sockets.empty()


async def test_a_frame_that_cannot_be_read_ends_the_conversation(peer: Peer, connect: Connect):
    async with connect() as chat:
        socket = await peer.accept()
        await socket.push({"type": "message.created", "channel": "?", "offset": 1})
        await anext(chat)
        with pytest.raises(parlance.Closed):
            await anext(chat)


async def test_a_greeting_that_cannot_be_read_is_final(peer: Peer, connect: Connect):
    peer.channels = [{"id": "?"}]
    with pytest.raises(parlance.Closed, match="answer to hello") as closed:
        async with connect():
            pytest.fail("nobody could read that")
    assert closed.value.close_code == 1002


async def test_leaving_the_block_while_reconnecting_leaves_nothing_behind(
    peer: Peer, connect: Connect
):
    tasks = asyncio.all_tasks()
    reached = asyncio.Event()

    async def forever(seconds: float) -> None:
        reached.set()
        await asyncio.Event().wait()

    async with connect(_sleep=forever):
        socket = await peer.accept()
        socket.break_off()
        await reached.wait()
    await socket.websocket.wait_closed()
    assert {task for task in asyncio.all_tasks() - tasks if "parlance" in repr(task)} == set()


@pytest.mark.parametrize(
    ("given", "socket"),
    [
        ("http://127.0.0.1:8000", "ws://127.0.0.1:8000/socket"),
        ("https://chat.example/", "wss://chat.example/socket"),
        ("https://example.org/chat", "wss://example.org/chat/socket"),
        ("ws://127.0.0.1:8000/socket", "ws://127.0.0.1:8000/socket"),
    ],
)
def test_the_address_of_the_server_is_enough(given: str, socket: str):
    assert parlance.endpoint.socket_url(given) == socket


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://example.org", "http://", ""])
def test_what_is_no_address_is_refused(url: str):
    with pytest.raises(ValueError, match="is not an http"):
        parlance.connect(url, token="t")


@pytest.mark.parametrize(
    "identity",
    [{}, {"api_key": "k"}, {"username": "u"}, {"token": "t", "api_key": "k", "username": "u"}],
)
def test_one_identity_is_needed(identity: dict[str, str]):
    with pytest.raises(ValueError, match="takes a token"):
        parlance.connect("http://127.0.0.1", **identity)
