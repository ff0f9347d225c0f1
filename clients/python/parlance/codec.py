"""The two encodings of the wire. Rule: both carry the same frames; nothing else knows which."""

from typing import Any, Protocol, TypeVar

import msgspec

T = TypeVar("T")


class Frame(msgspec.Struct, frozen=True):
    """Any frame of the server, as far as it takes to see what it is."""

    type: str


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    result: msgspec.Raw


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A frame of type `error`; without an id it answers nothing in particular."""

    id: int | None = None
    code: str = "error"
    message: str = ""
    retry_after: float | None = None


class Codec(Protocol):
    """Bytes of one WebSocket message to and from values.

    `decode` takes numbers as text too: the keys of an object are text on the wire, and channel
    ids here. It raises msgspec.DecodeError.
    """

    subprotocol: str
    is_text: bool

    def encode(self, value: dict[str, Any]) -> bytes: ...

    def decode(self, data: bytes | msgspec.Raw, kind: type[T]) -> T: ...


class JsonCodec:
    subprotocol = "parlance.json.v1"
    is_text = True

    def encode(self, value: dict[str, Any]) -> bytes:
        return msgspec.json.encode(value)

    def decode(self, data: bytes | msgspec.Raw, kind: type[T]) -> T:
        return msgspec.json.decode(data, type=kind, strict=False)


class MsgpackCodec:
    subprotocol = "parlance.msgpack.v1"
    is_text = False

    def encode(self, value: dict[str, Any]) -> bytes:
        return msgspec.msgpack.encode(value)

    def decode(self, data: bytes | msgspec.Raw, kind: type[T]) -> T:
        return msgspec.msgpack.decode(data, type=kind, strict=False)


CODECS: dict[str, Codec] = {"json": JsonCodec(), "msgpack": MsgpackCodec()}
