"""Drives the load generator: one object is one `load` process and the sockets it holds.

Rule: every figure is the generator's own; nothing is timed on this side of the pipe.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterable
from types import TracebackType
from typing import Literal, Self, TypeVar

import msgspec

from benchmarks.load.build import LOAD, build
from benchmarks.processes import LOAD_CORE, Failed, pin

_Answer = TypeVar("_Answer")


class Socket(msgspec.Struct, frozen=True):
    """One socket to open. Roles: b sends and receives, r, s, d(eaf), i(dle)."""

    role: Literal["b", "r", "s", "d", "i"]
    token: str = "-"
    room: str = "-"
    positions: dict[str, int] = {}


class Times(msgspec.Struct, frozen=True):
    """Percentiles in milliseconds."""

    count: int
    p50: float
    p99: float
    max: float


class Opened(msgspec.Struct, frozen=True):
    """`hello_ms` is from connect() to the hello reply, `live_ms` to the last frame waited for."""

    opened: int
    failed: int
    seconds: float
    per_second: float
    recovered: int
    cpu: float
    hello_ms: Times
    live_ms: Times
    first_error: msgspec.Raw | None = None


class Run(msgspec.Struct, frozen=True):
    """What was counted in `seconds`; `cpu` is the share of its core the generator used.

    `unfinished` messages lacked a delivery or an acknowledgement ten seconds after the last send.
    """

    seconds: float
    senders: int
    sent: int
    acked: int
    delivered: int
    acks_per_second: float
    deliveries_per_second: float
    frame_bytes: int
    errors: int
    duplicates: int
    disordered: int
    holes: int
    unfinished: int
    drain_seconds: float
    cpu: float
    ack_ms: Times
    delivery_ms: Times
    first_error: msgspec.Raw | None = None

    def check(self) -> Self:
        """Raise Failed unless every message was acknowledged once and reached all, in order."""
        wrong = [
            f"{field}: {getattr(self, field)}"
            for field in ("errors", "duplicates", "disordered", "holes", "unfinished")
            if getattr(self, field)
        ]
        if wrong or not self.senders or not self.sent:
            error = bytes(self.first_error or b"").decode()
            raise Failed(f"run is not clean: {', '.join(wrong) or 'nothing sent'} {error}")
        return self


class Status(msgspec.Struct, frozen=True):
    live: int
    closed: int
    close_code: int
    cpu_seconds: float


class _Nodes(msgspec.Struct, frozen=True):
    nodes: list[str]


class Generator:
    """A load generator connected to one port; leave the `with` block to end it."""

    def __init__(self, port: int, kind: Literal["native", "bare"] = "native") -> None:
        self._process = subprocess.Popen(
            [str(build(LOAD)), "127.0.0.1", str(port), kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        pin(self._process.pid, LOAD_CORE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()

    def open(
        self,
        sockets: Iterable[Socket],
        parallel: int = 64,
        until: Literal["hello", "heads"] = "hello",
        timeout: int = 120,
    ) -> Opened:
        """Open sockets beside those already open; raises Failed unless all come to live."""
        with tempfile.NamedTemporaryFile("w", suffix=".sockets") as file:
            file.writelines(_line(socket) for socket in sockets)
            file.flush()
            command = f"open {file.name} parallel={parallel} until={until} timeout={timeout}"
            opened = self._ask(command, Opened)
        if opened.failed:
            error = bytes(opened.first_error or b"").decode()
            raise Failed(f"{opened.failed} sockets could not be opened {error}")
        return opened

    def run(
        self,
        seconds: float,
        window: int = 1,
        until: Literal["all", "ack"] = "all",
        rate: float = 0,
        size: int = 64,
        warm: float = 0.5,
    ) -> Run:
        """Send messages and count; see `load.c` for what the options mean."""
        options = f"window={window} until={until} rate={rate} size={size} warm={warm}"
        return self._ask(f"run seconds={seconds} {options}", Run)

    def role(self, first: int, last: int, role: str) -> None:
        """Change the role of the sockets first..last, in the order they were opened."""
        self._ask(f"role {first} {last + 1} {role}", dict[str, int])

    def nodes(self) -> list[str]:
        """Name the node each socket is on."""
        return self._ask("nodes", _Nodes).nodes

    def status(self) -> Status:
        return self._ask("status", Status)

    def close(self) -> None:
        """Drop every socket, as a crash of all clients would."""
        self._ask("close", dict[str, int])

    def _ask(self, command: str, kind: type[_Answer]) -> _Answer:
        assert self._process.stdin
        assert self._process.stdout
        os.write(self._process.stdin.fileno(), command.encode() + b"\n")
        answer = self._process.stdout.readline()
        if not answer:
            raise Failed(f"the load generator ended with {self._process.wait()}")
        return msgspec.json.decode(answer, type=kind)


def _line(socket: Socket) -> str:
    positions = msgspec.json.encode(socket.positions).decode() if socket.positions else ""
    return f"{socket.role} {socket.token} {socket.room} {positions}\n"
