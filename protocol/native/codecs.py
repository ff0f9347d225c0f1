"""The two codecs of the native protocol: the same structs as JSON text or MessagePack binary."""

from collections.abc import Callable
from typing import Any

import msgspec

from protocol.native.frames import AnyCommand


class Codec(msgspec.Struct, frozen=True):
    """How frames of one subprotocol are written. `binary` tells the websocket opcode."""

    subprotocol: str
    binary: bool
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes | bytearray], AnyCommand]
    decode_loosely: Callable[[bytes | bytearray], Any]


_encode_msgpack = msgspec.msgpack.Encoder().encode


def _encode_bounded(item: Any) -> bytes:
    """MessagePack ends at 64 bits: what JSON brought beyond that travels as a double."""
    try:
        return _encode_msgpack(item)
    except OverflowError:
        return _encode_msgpack(_bounded(msgspec.to_builtins(item)))


def _bounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_bounded(item) for item in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return float(value)
    return value


JSON = Codec(
    "parlance.json.v1",
    False,
    msgspec.json.Encoder().encode,
    msgspec.json.Decoder(AnyCommand).decode,
    msgspec.json.Decoder().decode,
)
MSGPACK = Codec(
    "parlance.msgpack.v1",
    True,
    _encode_bounded,
    msgspec.msgpack.Decoder(AnyCommand).decode,
    msgspec.msgpack.Decoder().decode,
)
CODECS = {codec.subprotocol: codec for codec in (JSON, MSGPACK)}
"""By subprotocol, in the order of our preference. None offered: JSON."""
