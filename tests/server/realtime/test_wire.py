"""Frames on the wire: lengths as RFC 6455 has them, the same bytes for every socket."""

import pytest
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from protocol.native.frames import EventPush
from server.realtime.wire import WIRES, Framed, Wire, wire_for

PLAIN = Wire(0, WIRES[0].codec, deflate=False)


def read(wire: Wire, data: bytes) -> Frame:
    """The frame as the websockets library reads it on the client's side."""
    reader = StreamReader()
    reader.feed_data(data)
    extensions = []
    if wire.deflate:
        extensions.append(
            PerMessageDeflate(
                remote_no_context_takeover=True,
                local_no_context_takeover=True,
                remote_max_window_bits=15,
                local_max_window_bits=15,
            )
        )
    parsing = Frame.parse(reader.read_exact, mask=False, max_size=None, extensions=extensions)
    try:
        while True:
            next(parsing)
    except StopIteration as done:
        frame: Frame = done.value
    assert not reader.buffer
    return frame


def event_of(wire: Wire, size: int) -> EventPush:
    empty = len(wire.codec.encode(EventPush(channel=1, user=None, name="", data=None)))
    return EventPush(channel=1, user=None, name="x" * (size - empty), data=None)


@pytest.mark.parametrize("size", [125, 126, 127, 128, 65_535, 65_536])
def test_every_length_is_framed_as_the_norm_has_it(size: int) -> None:
    event = event_of(PLAIN, size)
    data = PLAIN.frame(event)
    head = 2 if size < 126 else 4 if size < 65_536 else 10
    assert len(data) == head + size
    frame = read(PLAIN, data)
    assert (frame.opcode, frame.fin) == (Opcode.TEXT, True)
    assert frame.data == PLAIN.codec.encode(event)


@pytest.mark.parametrize("wire", WIRES, ids=range(4))
@pytest.mark.parametrize("size", [60, 200, 70_000])
def test_every_format_is_read_by_a_foreign_client(wire: Wire, size: int) -> None:
    event = EventPush(channel=1, user=None, name="x" * size, data=None)
    frame = read(wire, wire.frame(event))
    assert frame.opcode is (Opcode.BINARY if wire.codec.binary else Opcode.TEXT)
    assert bytes(frame.data) == wire.codec.encode(event)


def test_what_is_told_to_many_is_framed_once_per_format() -> None:
    framed = Framed(EventPush(channel=1, user=None, name="x", data=None))
    for wire in WIRES:
        assert framed.on(wire) is framed.on(wire)


def test_a_wire_is_chosen_by_subprotocol_and_compression() -> None:
    assert wire_for(None, deflate=False) is WIRES[0]
    assert wire_for("parlance.msgpack.v1", deflate=True) is WIRES[3]
