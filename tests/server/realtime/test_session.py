"""The order of commands: sends keep theirs, everything else waits and holds back."""

import asyncio
from typing import Any

import pytest

from chat.actors import Actor
from chat.channels import Channel
from chat.chat import Chat
from tests.server.realtime.conftest import Connect, Enter, token_of


async def test_pipelined_sends_are_stored_in_their_order(
    enter: Enter, jane: Actor, room: Channel
) -> None:
    peer = await enter(jane)
    sends = [
        peer.ask("message.send", channel=room.id, client_id=str(n), text=str(n)) for n in range(100)
    ]
    answers = await asyncio.gather(*sends)
    assert [a["result"]["message"]["offset"] for a in answers] == list(
        range(room.head + 1, room.head + 101)
    )


async def test_other_commands_wait_for_sends_before_and_hold_back_those_after(
    enter: Enter, jane: Actor, room: Channel
) -> None:
    peer = await enter(jane)
    before = peer.ask("message.send", channel=room.id, client_id="a", text="before")
    history = peer.ask("history", channel=room.id)
    after = peer.ask("message.send", channel=room.id, client_id="b", text="after")
    _, seen, _ = await asyncio.gather(before, history, after)
    assert [m["text"] for m in seen["result"]["messages"]] == ["before"]


async def test_sends_that_are_refused_hold_nothing_up_wherever_they_wait(
    enter: Enter, jane: Actor, room: Channel
) -> None:
    peer = await enter(jane)
    asked = []
    for number in range(50):
        asked.append(peer.ask("history", channel=room.id))
        asked.append(peer.ask("message.send", channel=room.id, client_id=str(number)))
        asked.append(peer.ask("message.send", channel=room.id, client_id="", text="x"))
    answers = await asyncio.gather(*asked)
    kinds = [answer["type"] for answer in answers]
    assert kinds == ["reply", "error", "error"] * 50
    assert {a["code"] for a in answers if a["type"] == "error"} == {"invalid"}
    await peer.do("message.send", channel=room.id, client_id="good", text="x")


async def test_commands_sent_behind_the_hello_are_carried_out(
    dial: Connect, chat: Chat, jane: Actor, room: Channel
) -> None:
    peer = await dial()
    token = await token_of(chat, jane)
    hello = peer.ask("hello", token=token)
    sent = peer.ask("message.send", channel=room.id, client_id="a", text="x")
    bad = peer.ask("message.send", channel=room.id, client_id="b")
    listed = peer.ask("channel.list")
    answers = await asyncio.gather(hello, sent, bad, listed)
    assert [answer["type"] for answer in answers] == ["reply", "reply", "error", "reply"]


async def test_commands_behind_a_refused_hello_are_refused(dial: Connect, room: Channel) -> None:
    peer = await dial()
    hello = peer.ask("hello", api_key="\x00", username="x")
    sent = peer.ask("message.send", channel=room.id, client_id="a", text="x")
    listed = peer.ask("channel.list")
    answers = await asyncio.gather(hello, sent, listed)
    assert [answer["code"] for answer in answers] == ["invalid", "unauthorized", "unauthorized"]


BAD: list[tuple[str, dict[str, Any]]] = [
    ("channel.create", {"kind": "public", "name": "x" * 2**20}),
    ("channel.create", {"kind": "public", "name": "\x00"}),
    ("channel.create", {"kind": "PUBLIC"}),
    ("channel.create", {"kind": "private", "members": ["1"]}),
    ("channel.create", {"kind": "private", "members": list(range(1, 1002))}),
    ("channel.create", {"kind": "private", "properties": {"a": "\x00"}}),
    ("channel.create", {"kind": "private", "properties": {"a": "x" * 2**20}}),
    ("channel.create", {"kind": "private", "properties": {"a": 2**1023}}),
    ("message.send", {"client_id": "a", "text": "x" * 2**20}),
    ("message.send", {"client_id": "a", "text": "a\x00b"}),
    ("message.send", {"client_id": 1, "text": "x"}),
    ("message.send", {"text": "x"}),
    ("message.send", {"client_id": "a", "text": ["x"]}),
    ("message.send", {"client_id": "a", "text": "x", "properties": [1]}),
    ("message.send", {"client_id": "a", "text": "x", "properties": {"\x00": 1}}),
    ("message.send", {"client_id": "a", "files": [{"url": "x"}]}),
    ("message.send", {"client_id": "a", "text": "x", "reply_to": 0}),
    ("event", {"name": "x" * 2**20}),
    ("event", {"name": "x", "data": [1] * 2**19}),
    ("keystrokes", {"keys": 5}),
    ("read", {"up_to": "1"}),
    ("read", {"up_to": 2**53}),
    ("history", {"limit": "50"}),
]


@pytest.mark.parametrize("subprotocol", ["parlance.json.v1", "parlance.msgpack.v1"])
@pytest.mark.parametrize(("kind", "fields"), BAD, ids=range(len(BAD)))
async def test_bad_input_is_refused_and_nothing_is_stored(
    enter: Enter, jane: Actor, room: Channel, subprotocol: str, kind: str, fields: dict[str, Any]
) -> None:
    peer = await enter(jane, subprotocol=subprotocol)
    place = {} if kind == "channel.create" else {"channel": room.id}
    if subprotocol == "parlance.msgpack.v1" and fields.get("properties") == {"a": 2**1023}:
        fields = {**fields, "properties": {"a": b"binary"}}
    before = await peer.do("ping")
    answer = await peer.ask(kind, **place, **fields)
    assert (answer["type"], answer["code"]) == ("error", "invalid")
    assert len(answer["message"]) <= 200
    assert await peer.do("ping") == before
