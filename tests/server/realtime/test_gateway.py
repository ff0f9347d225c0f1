"""Getting in and being thrown out: handshakes, credentials, close codes, frames on the wire."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.typing import Subprotocol

from chat.actors import Actor
from chat.applications import Credentials
from chat.channels import Channel
from chat.chat import Chat
from protocol.native.codecs import CODECS
from server.settings import Settings
from tests.server.realtime.conftest import PATIENCE_SECONDS, Connect, Enter, Node, running, token_of

UPGRADING = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
BOTH = pytest.mark.parametrize("subprotocol", CODECS)


UPGRADE = (
    b"GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@contextlib.asynccontextmanager
async def raw(
    node: Node, said: bytes
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A TCP connection on which these bytes were said."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
        try:
            writer.write(said)
            yield reader, writer
        finally:
            writer.transport.abort()


def changed(settings: Settings, **values: Any) -> Settings:
    return msgspec.structs.replace(settings, **values)


# The handshake


@BOTH
async def test_both_subprotocols_speak_the_same(
    enter: Enter, dial: Connect, jane: Actor, room: Channel, subprotocol: str
) -> None:
    peer = await enter(jane, subprotocol=subprotocol)
    assert peer.connection.subprotocol == subprotocol
    await peer.do("message.send", channel=room.id, client_id="a", text="ü\U0001f600")
    push = await peer.told("message.created")
    assert push["message"]["text"] == "ü\U0001f600"


@pytest.mark.parametrize("offered", [None, "nonsense.v9"])
async def test_without_a_subprotocol_of_ours_it_is_json(
    enter: Enter, jane: Actor, offered: str | None
) -> None:
    peer = await enter(jane, subprotocol=offered)
    assert peer.connection.subprotocol is None
    assert peer.user["name"] == "jane"


async def test_the_first_subprotocol_that_is_known_is_taken(node: Node) -> None:
    offered = [Subprotocol(name) for name in ("x", "parlance.msgpack.v1", "parlance.json.v1")]
    async with connect(node.socket, subprotocols=offered, proxy=None) as connection:
        assert connection.subprotocol == "parlance.msgpack.v1"


@pytest.mark.parametrize("path", ["/", "/socket/more", "/sockets", "/v1/channels"])
async def test_there_are_no_sockets_elsewhere(node: Node, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://127.0.0.1:{node.port}{path}", proxy=None)
    assert refused.value.response.status_code == 404


async def test_a_plain_request_for_the_socket_is_no_error_of_the_server(node: Node) -> None:
    async with httpx.AsyncClient() as client:
        for method in ("GET", "POST", "HEAD"):
            answer = await client.request(method, f"{node.http}/socket")
            assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    "headers",
    [
        "Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        "Sec-WebSocket-Version: 13\r\n",
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n",
        "",
    ],
)
async def test_a_broken_handshake_is_refused(node: Node, headers: str) -> None:
    request = f"GET /socket HTTP/1.1\r\nHost: x\r\n{UPGRADING}{headers}\r\n"
    async with raw(node, request.encode()) as (reader, _):
        status = (await reader.readline()).split()[1]
        assert 400 <= int(status) < 500


# Credentials


async def test_the_token_may_come_with_the_upgrade(
    dial: Connect, node: Node, chat: Chat, jane: Actor
) -> None:
    token = await token_of(chat, jane)
    by_query = await dial(f"{node.socket}?token={token}")
    assert (await by_query.do("hello"))["user"]["name"] == "jane"
    by_header = await dial(additional_headers={"Authorization": f"bearer {token}"})
    assert (await by_header.do("hello"))["user"]["name"] == "jane"


async def test_the_token_of_the_hello_goes_before_that_of_the_upgrade(
    dial: Connect, node: Node, chat: Chat, jane: Actor, john: Actor
) -> None:
    peer = await dial(f"{node.socket}?token={await token_of(chat, jane)}")
    hello = await peer.do("hello", token=await token_of(chat, john))
    assert hello["user"]["name"] == "john"


@pytest.mark.parametrize("token", ["", "plu_wrong", "\x00", "x" * 100_000, "plu_%ff"])
async def test_a_wrong_token_is_refused_and_closes_4001(dial: Connect, token: str) -> None:
    peer = await dial()
    refusal = await peer.ask("hello", token=token)
    assert refusal["code"] == "unauthorized"
    assert await peer.closed() == 4001


@pytest.mark.parametrize("fields", [{}, {"api_key": "x"}, {"username": "x"}])
async def test_a_hello_without_credentials_closes_4001(
    dial: Connect, fields: dict[str, str]
) -> None:
    peer = await dial()
    assert (await peer.ask("hello", **fields))["code"] == "unauthorized"
    assert await peer.closed() == 4001


async def test_a_header_of_strange_bytes_is_a_wrong_token(node: Node) -> None:
    hello = b'{"type":"hello","id":1}'
    frame = bytes((0x81, 0x80 | len(hello), 0, 0, 0, 0)) + hello
    headers = b"Authorization: Bearer \xff\xfe\r\nUser-Agent: \xff\r\n\r\n"
    async with raw(node, UPGRADE + headers) as (reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(frame)
        size = (await reader.readexactly(2))[1]
        assert b'"code":"unauthorized"' in await reader.readexactly(size)
        assert (await reader.readexactly(4))[2:] == (4001).to_bytes(2)


async def test_guests_come_in_by_the_public_key_and_a_name(
    dial: Connect, application: Credentials, jane: Actor
) -> None:
    peer = await dial()
    hello = {"api_key": application.api_key, "username": "visitor"}
    first = await peer.do("hello", **hello)
    assert (first["user"]["guest"], first["user"]["name"]) == (True, "visitor")
    again = await (await dial()).do("hello", **hello)
    assert again["user"]["id"] == first["user"]["id"]
    for refused in (
        {**hello, "username": "jane"},
        {**hello, "api_key": "no such key"},
    ):
        other = await dial()
        assert (await other.ask("hello", **refused))["code"] == "unauthorized"
        assert await other.closed() == 4001


async def test_guests_are_refused_where_the_application_does_not_admit_them(
    dial: Connect, application: Credentials, connection: Any
) -> None:
    await connection.execute(
        "UPDATE applications SET guest_users = false WHERE id = $1", application.application_id
    )
    peer = await dial()
    refusal = await peer.ask("hello", api_key=application.api_key, username="visitor")
    assert refusal["code"] == "guests_disabled"
    assert await peer.closed() == 4001


@pytest.mark.parametrize(
    "hello",
    [
        {"client": "\x00"},
        {"client": "x" * 1025},
        {"api_key": "\x00", "username": "x"},
        {"api_key": "x", "username": "\x00"},
        {"api_key": "x", "username": "x" * 2**20},
        {"positions": {"1": -1}},
        {"positions": {"1": "1"}},
        {"positions": {"1": 2**53}},
        {"positions": []},
        {"token": 1},
    ],
    ids=range(10),
)
async def test_a_hello_that_is_not_valid_may_be_said_again(
    dial: Connect, chat: Chat, jane: Actor, hello: dict[str, Any]
) -> None:
    peer = await dial()
    token = await token_of(chat, jane)
    refusal = await peer.ask("hello", **({} if "api_key" in hello else {"token": token}) | hello)
    assert refusal["code"] == "invalid"
    assert (await peer.do("hello", token=token))["user"]["name"] == "jane"


@BOTH
@pytest.mark.parametrize(
    "positions",
    [
        {"9" * 5000: 1},
        {"99999999999999999999": 1},
        {"nonsense": 1},
        {"-1": 1},
        {"": 1},
        {"\u0663": 1},
    ],
    ids=range(6),
)
async def test_positions_of_what_is_no_channel_do_no_harm(
    enter: Enter, jane: Actor, room: Channel, subprotocol: str, positions: dict[str, int]
) -> None:
    peer = await enter(jane, {"positions": positions}, subprotocol=subprotocol)
    await peer.do("message.send", channel=room.id, client_id="a", text="x")
    await peer.told("message.created")


async def test_a_position_in_a_channel_that_is_not_ones_own_is_reset(
    enter: Enter, mallory: Actor, room: Channel
) -> None:
    peer = await enter(mallory, {"positions": {str(room.id): 0, str(2**53 - 1): 0}})
    resets = [push for push in peer.pushes if push["type"] == "reset"]
    assert [push["channel"] for push in resets] == [room.id, 2**53 - 1]
    assert {push["offset"] for push in resets} == {0}


# Close codes


async def test_no_hello_in_time_closes_4002(settings: Settings, dial: Connect) -> None:
    async with running(changed(settings, hello_seconds=0.05)) as node:
        assert await (await dial(node.socket)).closed() == 4002


async def test_a_revoked_token_is_told_and_closes_4003(
    enter: Enter, chat: Chat, actor: Actor, jane: Actor, john: Actor
) -> None:
    peer, other = await enter(jane), await enter(john)
    [token] = await chat.users.list_tokens(actor, jane.require_user().id)
    await chat.users.revoke_token(actor, jane.require_user().id, token.id)
    await peer.told("revoked")
    assert await peer.closed() == 4003
    assert await other.heard() == []


async def test_a_deleted_user_is_closed_4003(
    enter: Enter, chat: Chat, actor: Actor, jane: Actor, john: Actor, room: Channel
) -> None:
    peer, other = await enter(jane), await enter(john)
    await chat.users.delete(actor, jane.require_user().id)
    assert await peer.closed() == 4003
    assert (await other.told("member.left"))["user"]["name"] == "jane"


async def test_a_token_that_expires_closes_4003(
    enter: Enter, node: Node, jane: Actor, connection: Any
) -> None:
    peer = await enter(jane)
    await connection.execute(
        "UPDATE user_tokens SET expires = now() WHERE user_id = $1", jane.require_user().id
    )
    await node.realtime.check_tokens()
    assert await peer.closed() == 4003


@pytest.mark.parametrize("frame", ["", "nonsense", "[]", "{", '{"type":"ping","id":"1"}', b"{}"])
async def test_a_frame_that_cannot_be_answered_closes_4004(
    enter: Enter, jane: Actor, frame: str | bytes
) -> None:
    peer = await enter(jane)
    await peer.send_raw(frame)
    assert await peer.closed() == 4004


async def test_text_on_a_binary_subprotocol_closes_4004(enter: Enter, jane: Actor) -> None:
    peer = await enter(jane, subprotocol="parlance.msgpack.v1")
    await peer.send_raw('{"type":"ping","id":1}')
    assert await peer.closed() == 4004


async def test_a_frame_too_large_closes_4005(
    settings: Settings, enter: Enter, jane: Actor, room: Channel
) -> None:
    async with running(changed(settings, max_frame_bytes=4096)) as node:
        peer = await enter(jane, url=node.socket)
        assert await peer.refused("event", channel=room.id, name="x" * 3900) == "invalid"
        await peer.send_raw("x" * 4097)
        assert await peer.closed() == 4005
        whole = await enter(jane, url=node.socket)
        await whole.connection.send(["x" * 2049, "x" * 2049])
        assert await whole.closed() == 4005


async def test_who_does_not_read_is_closed_4008_and_nobody_else_waits(
    settings: Settings, enter: Enter, jane: Actor, john: Actor, room: Channel, chat: Chat
) -> None:
    async with running(changed(settings, outgoing_buffer_bytes=65536)) as node:
        reader = await enter(john, url=node.socket)
        token = await token_of(chat, jane)
        async with connect(
            node.socket, proxy=None, max_queue=1, compression=None, ping_interval=None
        ) as slow:
            await slow.send(msgspec.json.encode({"type": "hello", "token": token}).decode())
            sent = 0
            while not node.realtime.slow_closed:
                text = "x" * 60_000
                await reader.do("message.send", channel=room.id, client_id=str(sent), text=text)
                await reader.told("message.created")
                sent += 1
            with contextlib.suppress(ConnectionClosed):
                async for _ in slow:
                    pass
            assert slow.close_code == 4008
        assert await reader.heard() is not None


async def test_too_many_commands_are_refused_and_then_close_4009(
    settings: Settings, enter: Enter, jane: Actor
) -> None:
    async with running(changed(settings, commands_per_second=2.0)) as node:
        peer = await enter(jane, url=node.socket)
        for _ in range(6):
            await peer.do("ping")
        refusal = await peer.ask("ping")
        while refusal["type"] == "reply":
            refusal = await peer.ask("ping")
        assert refusal["code"] == "rate_limited"
        assert 0.5 <= refusal["retry_after"] <= 1
        for number in range(100, 130):
            with contextlib.suppress(ConnectionClosed):
                await peer.send_raw(f'{{"type":"ping","id":{number}}}')
        assert await peer.closed() == 4009


async def test_a_drain_is_told_with_a_time_and_closes_1012(
    settings: Settings, enter: Enter, dial: Connect, jane: Actor
) -> None:
    async with running(changed(settings, drain_seconds=0.2)) as node:
        peer, silent = await enter(jane, url=node.socket), await dial(node.socket)
        draining = asyncio.create_task(node.realtime.drain())
        push = await peer.told("drain")
        assert 0 <= push["reconnect_after"] <= 0.2
        with pytest.raises(InvalidStatus) as refused:
            await connect(node.socket, proxy=None)
        assert refused.value.response.status_code == 503
        assert refused.value.response.headers["Retry-After"] == "1"
        assert await peer.closed() == 1012
        assert await silent.closed() == 1012
        await draining
        assert not await node.upkeep.is_ready()


# Frames


async def test_fragmented_frames_are_put_together(enter: Enter, jane: Actor, room: Channel) -> None:
    peer = await enter(jane)
    command = f'{{"type":"message.send","id":99,"channel":{room.id},"client_id":"a","text":"hi"}}'
    await peer.connection.send([command[:10], "", command[10:30], command[30:]])
    assert (await peer.told("message.created"))["message"]["text"] == "hi"


async def test_pings_inside_a_fragmented_frame_are_answered(enter: Enter, jane: Actor) -> None:
    peer = await enter(jane)

    async def fragments() -> Any:
        yield '{"type":"ping",'
        await (await peer.connection.ping(b"inside"))
        yield '"id":77}'

    await peer.connection.send(fragments())
    reply = await peer.told("reply")
    assert reply["id"] == 77


async def test_of_pings_sent_without_reading_the_pongs_only_the_latest_is_answered(
    node: Node,
) -> None:
    count = 200_000
    ping = b"\x89\xfd" + bytes(4) + bytes(125)
    async with raw(node, UPGRADE + b"\r\n") as (reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ping * count + b"\x89\x84" + bytes(4) + b"last")
        await writer.drain()
        answered = 0
        end = b""
        while not end.endswith(b"\x8a\x04last"):
            read = await reader.read(65536)
            assert read
            answered += len(read)
            end = end[-6:] + read
    assert answered < count * len(ping) / 2


async def test_who_is_silent_is_pinged_and_who_stays_silent_is_cut(
    settings: Settings, enter: Enter, node: Node, jane: Actor, dial: Connect
) -> None:
    async with running(changed(settings, heartbeat_seconds=0.1)) as node:
        answering = await enter(jane, url=node.socket, ping_interval=None)
        async with raw(node, UPGRADE + b"\r\n") as (reader, _):
            await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(2) == b"\x89\x00"
            with contextlib.suppress(ConnectionError):
                assert not (await reader.read()).strip(b"\x89\x00")
        await answering.do("ping")


@BOTH
async def test_with_deflate_large_frames_are_compressed_both_ways(
    settings: Settings, enter: Enter, jane: Actor, john: Actor, room: Channel, subprotocol: str
) -> None:
    async with running(changed(settings, deflate=True)) as node:
        packed = await enter(jane, url=node.socket, compression="deflate", subprotocol=subprotocol)
        plain = await enter(john, url=node.socket, subprotocol=subprotocol)
        assert [type(e).__name__ for e in packed.connection.protocol.extensions] == [
            "PerMessageDeflate"
        ]
        assert not plain.connection.protocol.extensions
        text = "compressible " * 4000
        for number in range(3):
            await packed.do("message.send", channel=room.id, client_id=str(number), text=text)
            for peer in (packed, plain):
                assert (await peer.told("message.created"))["message"]["text"] == text


async def test_a_frame_that_inflates_beyond_the_limit_closes_4005(
    settings: Settings, enter: Enter, jane: Actor
) -> None:
    async with running(changed(settings, deflate=True)) as node:
        peer = await enter(jane, url=node.socket, compression="deflate")
        await peer.send_raw("x" * (settings.max_frame_bytes + 1))
        assert await peer.closed() == 4005


async def test_without_the_setting_nothing_is_compressed(enter: Enter, jane: Actor) -> None:
    peer = await enter(jane, extensions=[ClientPerMessageDeflateFactory()])
    assert not peer.connection.protocol.extensions
