"""Wire formats: a codec, compressed or not, and how a finished websocket frame is made of them.

Rule: a broadcast is encoded and framed once per wire format; every socket gets the same bytes.
"""

import zlib
from typing import Any

from protocol.native.codecs import CODECS, JSON, MSGPACK, Codec

_SMALL = 126
_MEDIUM = 1 << 16
_FIN = 0x80
_COMPRESSED = 0x40
_TEXT = 0x01
_BINARY = 0x02
_DEFLATE_FROM = 128
"""Bytes below which compressing costs more than it saves; RFC 7692 leaves the choice."""


class Wire:
    """One of the four formats a socket can speak. `index` is its place in WIRES."""

    __slots__ = ("codec", "deflate", "index")

    def __init__(self, index: int, codec: Codec, *, deflate: bool) -> None:
        self.index = index
        self.codec = codec
        self.deflate = deflate

    def frame(self, item: Any) -> bytes:
        """Encode a frame of the native protocol and put a websocket frame around it."""
        payload = self.codec.encode(item)
        first = _FIN | (_BINARY if self.codec.binary else _TEXT)
        if self.deflate and len(payload) >= _DEFLATE_FROM:
            return _framed(first | _COMPRESSED, _deflated(payload))
        return _framed(first, payload)


def _framed(first: int, payload: bytes) -> bytes:
    # RFC 6455 5.2: 7 bits of length, or 126 and 16 bits, or 127 and 64 bits; servers do not mask.
    size = len(payload)
    if size < _SMALL:
        return bytes((first, size)) + payload
    if size < _MEDIUM:
        return bytes((first, 126)) + size.to_bytes(2) + payload
    return bytes((first, 127)) + size.to_bytes(8) + payload


def _deflated(payload: bytes) -> bytes:
    # RFC 7692 7.2.1: a raw deflate block, flushed, without its last four bytes. A fresh context
    # each time (server_no_context_takeover), or the bytes could not be shared between sockets.
    compressor = zlib.compressobj(wbits=-15)
    return (compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


WIRES = (
    Wire(0, JSON, deflate=False),
    Wire(1, MSGPACK, deflate=False),
    Wire(2, JSON, deflate=True),
    Wire(3, MSGPACK, deflate=True),
)


def wire_for(subprotocol: str | None, *, deflate: bool) -> Wire:
    codec = CODECS.get(subprotocol or "", JSON)
    return next(wire for wire in WIRES if wire.codec is codec and wire.deflate == deflate)


class Framed:
    """Something to tell many: framed when the first socket of a format needs it."""

    __slots__ = ("_frames", "_item")

    def __init__(self, item: Any) -> None:
        self._item = item
        self._frames: list[bytes | None] = [None, None, None, None]

    def on(self, wire: Wire) -> bytes:
        frame = self._frames[wire.index]
        if frame is None:
            frame = self._frames[wire.index] = wire.frame(self._item)
        return frame
