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
    msgspec.msgpack.Encoder().encode,
    msgspec.msgpack.Decoder(AnyCommand).decode,
    msgspec.msgpack.Decoder().decode,
)
CODECS = {codec.subprotocol: codec for codec in (JSON, MSGPACK)}
"""By subprotocol, in the order of our preference. None offered: JSON."""
