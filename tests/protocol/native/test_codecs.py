"""Codecs: two spellings of the same structs."""

from typing import Any

import msgspec
import pytest

from protocol.native import frames
from protocol.native.codecs import CODECS, JSON, MSGPACK, Codec
from protocol.native.connection import TYPES

both = pytest.mark.parametrize("codec", [JSON, MSGPACK], ids=["json", "msgpack"])

SAMPLES: dict[str, Any] = {
    "kind": "public",
    "channels": [1, 2],
    "channel": 3,
    "user": 4,
    "message": 5,
    "client_id": "c",
    "emoji": "👍",
    "up_to": 6,
    "keys": "typing…",
    "name": "wave",
    "status": "busy",
}


def sample(command: type[frames.Command]) -> frames.Command:
    """A command with all that it needs."""
    needed = [field.name for field in msgspec.structs.fields(command) if field.required]
    return command(id=7, **{name: SAMPLES[name] for name in needed})


@both
@pytest.mark.parametrize("command", TYPES.values(), ids=TYPES)
def test_every_command_survives_the_wire(codec: Codec, command: type[frames.Command]) -> None:
    sent = sample(command)
    assert codec.decode(codec.encode(sent)) == sent


@both
def test_what_is_decoded_loosely_is_plain_data(codec: Codec) -> None:
    encoded = codec.encode(frames.Heads(heads={"1": 2}))
    assert codec.decode_loosely(encoded) == {"heads": {"1": 2}}


def test_subprotocols_name_the_codecs_json_first() -> None:
    assert list(CODECS) == ["parlance.json.v1", "parlance.msgpack.v1"]
    assert not JSON.binary
    assert MSGPACK.binary


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 2**1000])
def test_msgpack_brings_larger_integers_as_doubles(number: int) -> None:
    event = frames.EventPush(channel=1, user=None, name="n", data={"deep": [number, "x", 5]})
    [large, text, small] = MSGPACK.decode_loosely(MSGPACK.encode(event))["data"]["deep"]
    assert (large, text, small) == (float(number), "x", 5)
    assert JSON.decode_loosely(JSON.encode(event))["data"]["deep"][0] == number


def test_every_command_is_part_of_the_union_and_bears_a_type_of_its_own() -> None:
    assert set(frames.AnyCommand.__args__) == set(frames.Command.__subclasses__())
    assert set(frames.AnyPush.__args__) == set(frames.Push.__subclasses__())
    assert len(TYPES) == len(frames.Command.__subclasses__())
