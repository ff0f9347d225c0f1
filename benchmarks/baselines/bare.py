"""The limit in Python: an asyncio protocol that sends every text frame on to its sender's room.

One finished frame is written to every transport. Nobody is asked who he is, nothing is kept and
no rule of the RFC is checked; it is here to be compared with, not to be used.
"""

import argparse
import asyncio
import base64
import hashlib
import socket
from collections import defaultdict

import uvloop

rooms: dict[str, set["Bare"]] = defaultdict(set)
waiting: list["Bare"] = []


class Bare(asyncio.Protocol):
    """One socket: its unread bytes, its room, and (when joining) what it is owed this tick."""

    __slots__ = ("_rest", "owed", "room", "transport")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        self.room: str | None = None
        self.owed: list[bytes] = []
        self._rest = b""

    def connection_lost(self, exc: Exception | None) -> None:
        if self.room is not None:
            rooms[self.room].discard(self)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        self._rest = data[self._upgrade(data) if self.room is None else self._frames(data) :]

    def tell(self, frame: bytes) -> None:
        self.transport.write(frame)

    def _upgrade(self, data: bytes) -> int:
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return 0
        lines = data[:end].decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:])
        key = headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest())
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self.room = lines[0].split(" ")[1]
        rooms[self.room].add(self)
        return end + 4

    def _frames(self, data: bytes) -> int:
        used = 0
        while len(data) - used >= 6:
            length, head = data[used + 1] & 127, used + 6
            if length == 126:
                length, head = int.from_bytes(data[used + 2 : used + 4]), used + 8
            if len(data) < head + length:
                break
            if data[used] & 15 == 1:
                self._broadcast(unmasked(data[head - 4 : head], data[head : head + length]))
            used = head + length
        return used

    def _broadcast(self, payload: bytes) -> None:
        assert self.room is not None
        frame = framed(payload)
        for member in rooms[self.room]:
            member.tell(frame)


class Joining(Bare):
    """Writes what was said during one tick of the loop at once."""

    __slots__ = ()

    def tell(self, frame: bytes) -> None:
        if not self.owed:
            if not waiting:
                asyncio.get_running_loop().call_soon(flush)
            waiting.append(self)
        self.owed.append(frame)


def flush() -> None:
    """Write what every waiting socket is owed."""
    for member in waiting:
        member.transport.write(b"".join(member.owed))
        member.owed.clear()
    waiting.clear()


def framed(payload: bytes) -> bytes:
    """Make the text frame a server sends."""
    if len(payload) < 126:
        return bytes((0x81, len(payload))) + payload
    return b"\x81\x7e" + len(payload).to_bytes(2) + payload


def unmasked(key: bytes, payload: bytes) -> bytes:
    """Take the client's mask off."""
    repeated = (key * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload) ^ int.from_bytes(repeated)).to_bytes(len(payload))


async def serve(port: int, protocol: type[Bare]) -> None:
    """Listen until cancelled."""
    server = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", port, backlog=4096, family=socket.AF_INET
    )
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--join", action="store_true", help="one write per socket and tick")
    arguments = parser.parse_args()
    uvloop.run(serve(arguments.port, Joining if arguments.join else Bare))
