"""The id of a frame that cannot be decoded: found or not, but never at a price."""

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.native.codecs import JSON, MSGPACK
from protocol.native.connection import Connection, State
from protocol.native.salvage import find_id

MIB = 1024 * 1024
AFFORDABLE_SECONDS = 0.2

names = st.text(max_size=8).filter(lambda name: name != "id")
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
ids = st.integers(0, 2**53 - 1)
frames = st.tuples(st.dictionaries(names, values, max_size=4), ids, st.booleans())


def with_id(members: dict[str, Any], number: int, first: bool) -> dict[str, Any]:
    return {"id": number, **members} if first else {**members, "id": number}


@given(frames)
def test_the_id_of_a_whole_frame_is_found(frame: tuple[dict[str, Any], int, bool]) -> None:
    members = with_id(*frame)
    assert find_id(msgspec.json.encode(members), binary=False) == members["id"]
    assert find_id(msgspec.msgpack.encode(members), binary=True) == members["id"]


@given(frames, st.data())
def test_a_frame_cut_anywhere_gives_its_id_or_none(
    frame: tuple[dict[str, Any], int, bool], data: st.DataObject
) -> None:
    members = with_id(*frame)
    for codec in (JSON, MSGPACK):
        whole = codec.encode(members)
        cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
        found = find_id(cut, binary=codec.binary)
        # A number without its end may be a shorter one.
        assert found is None or str(members["id"]).startswith(str(found))


@given(frames, st.data())
def test_a_frame_with_other_bytes_in_it_raises_nothing(
    frame: tuple[dict[str, Any], int, bool], data: st.DataObject
) -> None:
    for codec in (JSON, MSGPACK):
        whole = bytearray(codec.encode(with_id(*frame)))
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
        found = find_id(whole, binary=codec.binary)
        assert found is None or 0 <= found < 2**53


@given(st.binary(max_size=200), st.booleans(), st.sampled_from([JSON, MSGPACK]))
def test_a_connection_raises_on_nothing(frame: bytes, binary: bool, codec: Any) -> None:
    connection = Connection(codec)
    connection.receive(frame, binary=binary)
    assert connection.state in (State.GREETING, State.GREETED)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (b'{"id":7,"text":"\\ud800"}', 7),
        (b'{"id":7,"text":"\xff\xfe"}', 7),
        (b'{"text":"\x00","id":7}', 7),
        (b'{"text":"a\\"b\\\\","id":7}', 7),
        (b'{"inner":{"id":1},"list":[{"id":2}],"id":7}', 7),
        (b'{"id":7,"id":8}', 7),
        (b' {"a" : [ ] , "id" : 7 }', 7),
        (b'{"x":"id","id":7', 7),
        (b'{"id":"7"}', None),
        (b'{"id":7.0}', None),
        (b'{"id":-7}', None),
        (b'{"id":true}', None),
        (b'{"id":null}', None),
        (b'{"id":[7]}', None),
        (b'{"id":9007199254740992}', None),
        (b'{"id":' + b"9" * 10_000 + b"}", None),
        (b'["id":7]', None),
        (b'[{"id":7}]', None),
        (b'"id":7', None),
        (b'{"text":"id\\', None),
        (b'{"text":"\\', None),
        (b"", None),
    ],
    ids=range(22),
)
def test_the_id_of_a_broken_json_frame(frame: bytes, expected: int | None) -> None:
    assert find_id(frame, binary=False) == expected


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (b"\x82\xa2id\x07\xa1t\xa1\xff", 7),
        (b"\x82\xa1t\xa1\xff\xa2id\x07", 7),
        (b"\x82\xa1t\x91\x81\xa2id\x01\xa2id\x07", 7),
        (b"\xde\x00\x01\xa2id\xcd\x01\x00", 256),
        (b"\xdf\x00\x00\x00\x01\xa2id\xce\x00\x01\x00\x00", 65536),
        (b"\x81\xa2id\xcf" + (2**53 - 1).to_bytes(8), 2**53 - 1),
        (b"\x81\xa2id\xcf" + (2**53).to_bytes(8), None),
        (b"\x81\xa2id\xcc", None),
        (b"\x81\xa2id", None),
        (b"\x81\xa2id\xff", None),
        (b"\x81\xa2id\xc3", None),
        (b"\x81\xa2id\xcb" + bytes(8), None),
        (b"\x81\xa2id" + b"\x91" * 100_000 + b"\x01", None),
        (b"\x82\xa1t\xc4\x03abc\xa2id\x07", 7),
        (b"\x82\xa1t\xc7\x02\x05ab\xa2id\x07", 7),
        (b"\x82\xa1t\xd6\x05abcd\xa2id\x07", 7),
        (b"\x82\xa1t\xdc\x00\x02\x01\x02\xa2id\x07", 7),
        (b"\x82\xa1t\xc1\xa2id\x07", None),
        (b"\x82\xa1t\xdb\xff\xff\xff\xff\xa2id\x07", None),
        (b"\xdf\xff\xff\xff\xff\xa1a\x01", None),
        (b"\x92\xa2id\x07", None),
        (b"\x80", None),
        (b"", None),
    ],
    ids=range(23),
)
def test_the_id_of_a_broken_msgpack_frame(frame: bytes, expected: int | None) -> None:
    assert find_id(frame, binary=True) == expected


LARGE: dict[str, tuple[bytes, bool, int | None]] = {
    "zeros": (bytes(2 * MIB), False, None),
    "quotes": (b'"' * (2 * MIB), False, None),
    "escaped quotes": (b'\\"' * MIB, False, None),
    "a string of escaped quotes that never ends": (b'{"' + b'\\"' * MIB, False, None),
    "colons": (b"{" + b":" * (2 * MIB), False, None),
    "spaces": (b" " * (2 * MIB), False, None),
    "words": (b"{a " * (2 * MIB // 3), False, None),
    "depth of ten thousand": (b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b',"id":7}', False, 7),
    "depth of a million": (b'{"a":' + b"[" * MIB + b"]" * MIB + b',"id":7}', False, 7),
    "objects in objects": (b'{"id":7,"a":' + b'{"a":' * (MIB // 3), False, 7),
    "a long text": (b'{"a":"\xff' + b"x" * (2 * MIB) + b'","id":7}', False, 7),
    "msgpack depth of ten thousand": (b"\x82\xa1a" + b"\x91" * 10_000 + b"\x01\xa2id\x07", True, 7),
    "msgpack depth of two million": (b"\x82\xa1a" + b"\x91" * (2 * MIB), True, None),
    "msgpack maps without end": (b"\xdf\xff\xff\xff\xff" * (MIB // 3), True, None),
    "msgpack nothings": (b"\xdf\xff\xff\xff\xff" + b"\xc0" * (2 * MIB), True, None),
}


@pytest.mark.parametrize("case", LARGE)
def test_two_mebibytes_of_anything_cost_little(case: str) -> None:
    frame, binary, expected = LARGE[case]
    started = time.process_time()
    assert find_id(frame, binary=binary) == expected
    assert time.process_time() - started < AFFORDABLE_SECONDS
