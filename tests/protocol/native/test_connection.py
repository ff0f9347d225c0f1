"""The state of a conversation: what may be said when, and what becomes of bad frames."""

from typing import Any

import msgspec
import pytest

from protocol.errors import CloseCode, ProtocolError
from protocol.native import frames
from protocol.native.codecs import JSON, MSGPACK
from protocol.native.connection import ACCEPTS, Connection, State

HELLO = frames.Hello(id=1, token="t")
PING = frames.Ping(id=2)


def connection_in(state: State) -> Connection:
    connection = Connection(JSON)
    if state is not State.GREETING:
        say(connection, HELLO)
    if state is State.OPEN:
        connection.decide(welcome=True)
    if state is State.CLOSED:
        connection.close()
    assert connection.state is state
    return connection


def say(connection: Connection, command: Any) -> Any:
    return connection.receive(msgspec.json.encode(command), binary=False)


def test_the_table_knows_every_state() -> None:
    assert set(ACCEPTS) == set(State)


@pytest.mark.parametrize(
    ("state", "hello", "other"),
    [
        (State.GREETING, HELLO, "unauthorized"),
        (State.GREETED, "invalid", PING),
        (State.OPEN, "invalid", PING),
        (State.CLOSED, None, None),
    ],
)
def test_each_state_takes_hello_or_other_commands(state: State, hello: Any, other: Any) -> None:
    for command, expected in ((HELLO, hello), (PING, other)):
        got = say(connection_in(state), command)
        if isinstance(expected, str):
            assert isinstance(got, frames.Error)
            assert (got.id, got.code) == (command.id, expected)
        else:
            assert got == expected


def test_commands_behind_an_undecided_hello_are_taken_in_order() -> None:
    connection = Connection(JSON)
    assert [say(connection, c) for c in (HELLO, PING, PING)] == [HELLO, PING, PING]


def test_after_a_refused_hello_another_may_follow() -> None:
    connection = connection_in(State.GREETED)
    connection.decide(welcome=False)
    assert connection.state is State.GREETING
    assert say(connection, HELLO) == HELLO


@pytest.mark.parametrize("state", [State.GREETING, State.OPEN, State.CLOSED])
def test_a_decision_moves_only_who_has_greeted(state: State) -> None:
    for welcome in (True, False):
        connection = connection_in(state)
        connection.decide(welcome=welcome)
        assert connection.state is state


def test_a_bad_frame_changes_no_state() -> None:
    for state in State:
        connection = connection_in(state)
        connection.receive(b'{"type":"hello","id":1,"token":5}', binary=False)
        assert connection.state is state


@pytest.mark.parametrize(
    ("frame", "code", "says"),
    [
        (b'{"type":"nonsense","id":3}', "unknown_type", "no command"),
        (b'{"id":3}', "unknown_type", "no command"),
        (b'{"type":5,"id":3}', "unknown_type", "no command"),
        (b'{"type":"read","id":3}', "invalid", "channel"),
        (b'{"type":"read","id":3,"channel":"1","up_to":1}', "invalid", "$.channel"),
        (b'{"type":"read","id":3,"channel":0,"up_to":1}', "invalid", "$.channel"),
        (b'{"type":"read","id":3,"channel":1,"up_to":-1}', "invalid", "$.up_to"),
        (b'{"type":"read","id":3,"channel":1,"up_to":9007199254740992}', "invalid", "$.up_to"),
        (b'{"type":"read","id":3,"channel":1.5,"up_to":1}', "invalid", "$.channel"),
        (b'{"type":"hello","id":3,"positions":{"1":"2"}}', "invalid", "$.positions"),
        (b'{"type":"ping","id":3', "malformed", "decoded"),
        (b'{"type":"ping","id":3} tail', "malformed", "decoded"),
        (b'{"type":"keystrokes","id":3,"channel":1,"keys":"\xff"}', "malformed", "decoded"),
        (b'{"type":"keystrokes","id":3,"channel":1,"keys":"\\ud800"}', "malformed", "decoded"),
        (b'{"type":"event","id":3,"data":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "malformed", ""),
    ],
    ids=range(15),
)
def test_a_bad_frame_with_an_id_is_answered_precisely(frame: bytes, code: str, says: str) -> None:
    refusal = connection_in(State.OPEN).receive(frame, binary=False)
    assert isinstance(refusal, frames.Error)
    assert (refusal.id, refusal.code) == (3, code)
    assert says in refusal.message
    assert len(refusal.message) <= 200


def test_nesting_is_named_as_the_reason() -> None:
    deep = b'{"type":"event","id":3,"data":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
    refusal = connection_in(State.OPEN).receive(deep, binary=False)
    assert isinstance(refusal, frames.Error)
    assert refusal.message == "The frame is nested too deep."


def test_a_known_type_in_a_frame_too_deep_to_read_loosely_is_still_answered() -> None:
    # The type of `channel` is refused before the nesting is met, which defeats a second look.
    frame = b'{"type":"read","id":3,"channel":[],"x":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
    refusal = connection_in(State.OPEN).receive(frame, binary=False)
    assert isinstance(refusal, frames.Error)
    assert (refusal.id, refusal.code) == (3, "invalid")


@pytest.mark.parametrize(
    "frame", [b"", b"hello", b"[]", b"{}x", b'{"type":"ping","id":-1', b"\xff"]
)
def test_a_bad_frame_without_an_id_closes(frame: bytes) -> None:
    problem = connection_in(State.OPEN).receive(frame, binary=False)
    assert isinstance(problem, ProtocolError)
    assert problem.code is CloseCode.MALFORMED
    assert frame.decode(errors="replace") not in problem.reason or not frame


def test_a_command_without_an_id_is_taken() -> None:
    taken = connection_in(State.OPEN).receive(b'{"type":"ping"}', binary=False)
    assert taken == frames.Ping(id=None)


def test_text_where_binary_belongs_closes_and_the_other_way_round() -> None:
    for codec, kind in ((JSON, "text"), (MSGPACK, "binary")):
        problem = Connection(codec).receive(codec.encode(HELLO), binary=not codec.binary)
        assert isinstance(problem, ProtocolError)
        assert problem.code is CloseCode.MALFORMED
        assert kind in problem.reason


def test_a_bad_msgpack_frame_is_answered_too() -> None:
    connection = Connection(MSGPACK)
    bad = msgspec.msgpack.encode({"type": "read", "id": 9, "channel": "1"})
    refusal = connection.receive(bad, binary=True)
    assert isinstance(refusal, frames.Error)
    assert (refusal.id, refusal.code) == (9, "invalid")
