"""Client: the server's view of one open socket, what it is owed and how fast it takes it.

Rule: nothing here waits. What is pushed in one tick of the loop leaves in one write; ephemeral
pushes are coalesced or shed for a slow socket, durable ones close it (4008) and are resumed.
"""

import asyncio
from typing import TYPE_CHECKING, Protocol

from protocol.errors import CloseCode
from protocol.native.frames import Shed
from server.realtime.wire import Framed, Wire

if TYPE_CHECKING:
    from server.realtime.hub import LocalUser
    from server.realtime.session import Session

HIGH_WATER = 64 * 1024
LOW_WATER = 16 * 1024
MOST_HELD = 100
"""Ephemeral pushes held for a slow socket, one per subject; beyond this they are shed."""


class Outlet(Protocol):
    """Where a client's bytes leave, and who is told that it has some for this tick."""

    def later(self, client: "Client") -> None: ...
    def write(self, data: bytes) -> int:
        """Write; answer how many bytes the socket has not taken yet."""
        ...

    def close(self, code: CloseCode, reason: str) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class Client:
    """One socket that speaks a wire format. `user` is set by its hello."""

    __slots__ = (
        "_held",
        "_most_bytes",
        "_out",
        "_room",
        "_shed",
        "catching_up",
        "channels",
        "closed",
        "gained",
        "outlet",
        "session",
        "session_id",
        "slow",
        "token_id",
        "user",
        "view",
        "wire",
    )

    def __init__(self, outlet: Outlet, wire: Wire, most_bytes: int) -> None:
        self.outlet = outlet
        self._most_bytes = most_bytes
        self._out: list[bytes] = []
        self._held: dict[object, bytes] | None = None
        self._shed = 0
        self._room: asyncio.Event | None = None
        self.wire = wire
        self.slow = False
        self.closed = False
        self.session: Session | None = None
        self.user: LocalUser | None = None
        self.session_id = 0
        self.token_id: int | None = None
        self.channels: set[int] = set()
        self.catching_up: set[int] | None = None
        self.gained: list[tuple[int, int]] | None = []
        self.view: frozenset[int] | None = None

    def push(self, frame: bytes) -> None:
        """Owe a finished frame to the socket; it leaves at the end of this tick."""
        if not self._out:
            if self.closed:
                return
            self.outlet.later(self)
        self._out.append(frame)

    def push_ephemeral(self, framed: Framed, subject: object) -> None:
        """Push what may be lost. While the socket is slow only the latest push of a subject is
        kept; `subject` None is never coalesced, only shed."""
        if not self.slow:
            self.push(framed.on(self.wire))
            return
        if self._held is None:
            self._held = {}
        if subject is not None and self._held.pop(subject, None) is not None:
            self._shed += 1
        elif len(self._held) >= MOST_HELD:
            self._shed += 1
            return
        self._held[subject if subject is not None else object()] = framed.on(self.wire)

    def flush(self) -> None:
        """Write what this tick brought; give up on a socket that still owes too much of earlier
        ticks. One that was level may be owed any amount at once: a page of long messages."""
        if self.closed or not self._out:
            self._out.clear()
            return
        out, self._out = self._out, []
        was_slow = self.slow
        waiting = self.outlet.write(out[0] if len(out) == 1 else b"".join(out))
        if was_slow and waiting > self._most_bytes:
            self.close(CloseCode.TOO_SLOW, "the socket does not take what it is sent")

    def paused(self) -> None:
        """The transport is over its high-water mark."""
        self.slow = True

    def resumed(self) -> None:
        """The transport has drained: give out what was held, and say what was shed."""
        self.slow = False
        held, self._held = self._held, None
        for frame in (held or {}).values():
            self.push(frame)
        if self._shed:
            self.push(self.wire.frame(Shed(count=self._shed)))
            self._shed = 0
        self._wake()

    async def has_room(self) -> None:
        """Wait until the socket takes more, or has gone."""
        self.flush()
        while self.slow and not self.closed:
            if self._room is None:
                self._room = asyncio.Event()
            await self._room.wait()

    def _wake(self) -> None:
        if self._room is not None:
            self._room.set()
            self._room = None

    def close(self, code: CloseCode, reason: str) -> None:
        """Close the socket, after what is owed to it."""
        if self.closed:
            return
        if self._out and code is not CloseCode.TOO_SLOW:
            out, self._out = self._out, []
            self.outlet.write(b"".join(out))
        self.gone()
        self.outlet.close(code, reason)

    def gone(self) -> None:
        """The socket takes nothing any more."""
        self.closed = True
        self._out.clear()
        self._held = None
        self._wake()
