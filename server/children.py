"""What the supervisor's loop is made of: its nodes, its signals, and when to start again.

Nothing here decides; `server/supervisor.py` does.
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import msgspec

from server.embedded.privileges import child_setup
from server.settings import Settings

_READY_SECONDS = 60.0
_STABLE_SECONDS = 5.0
_FIRST_DELAY_SECONDS = 0.1
_LONGEST_DELAY_SECONDS = 5.0


class NodeError(Exception):
    """A node process that cannot be made; the text is one line for the operator."""


class Node:
    """One node process.

    Its stdin brings one line of JSON, and then tells by its end that the supervisor is gone; it
    writes a byte to `ready_fd` when it serves.
    """

    def __init__(
        self, worker: int, command: Sequence[str], settings: Settings, listener: socket.socket
    ) -> None:
        self.worker = worker
        self.is_ready = False
        self._started = time.monotonic()
        ready, theirs = os.pipe()
        self._ready: int | None = ready
        try:
            self._process = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.PIPE,
                bufsize=0,
                pass_fds=(listener.fileno(), theirs),
                # A terminal's Ctrl-C is for the supervisor, which drains its nodes.
                start_new_session=True,
                # Its database dies with the supervisor, and a next start needs its port.
                preexec_fn=child_setup(signal.SIGKILL),
            )
        except (OSError, subprocess.SubprocessError) as error:
            self._close_ready()
            raise NodeError(f"node {worker} cannot be run: {error}") from None
        finally:
            os.close(theirs)
        self._write({"settings": settings, "listen_fd": listener.fileno(), "ready_fd": theirs})

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_starting(self) -> bool:
        return self._ready is not None and self.poll() is None

    @property
    def is_lost(self) -> bool:
        """Whether it ended, or did not get ready and never will."""
        if self.is_ready:
            return self.poll() is not None
        return not self.is_starting or time.monotonic() > self._started + _READY_SECONDS

    def fileno(self) -> int:
        """Return what becomes readable when the node serves, or ends before."""
        assert self._ready is not None  # noqa: S101
        return self._ready

    def read_ready(self) -> None:
        self.is_ready = bool(os.read(self.fileno(), 1))
        self._close_ready()

    def poll(self) -> int | None:
        return self._process.poll()

    def drain(self) -> None:
        self._process.terminate()

    def end(self) -> None:
        """Kill it if it still lives, and let go of its pipes."""
        self._process.kill()
        self._process.wait()
        self._close_ready()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _close_ready(self) -> None:
        if self._ready is not None:
            os.close(self._ready)
            self._ready = None

    def _write(self, line: dict[str, object]) -> None:
        assert self._process.stdin is not None  # noqa: S101
        # One that is dead already is noticed like any other.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(msgspec.json.encode({**line, "worker": self.worker}) + b"\n")


class Backoff:
    """When to start again what died: at once, but ever later while it dies soon after."""

    def __init__(self) -> None:
        self.due: float | None = None
        self._delay = 0.0
        self._started = time.monotonic()

    @property
    def is_due(self) -> bool:
        return self.due is not None and time.monotonic() >= self.due

    def started(self) -> None:
        self._started = time.monotonic()
        self.due = None

    def died(self) -> None:
        now = time.monotonic()
        if now - self._started > _STABLE_SECONDS:
            self._delay = 0.0
        else:
            doubled = max(2 * self._delay, _FIRST_DELAY_SECONDS)
            self._delay = min(doubled, _LONGEST_DELAY_SECONDS)
        self.due = now + self._delay


class Signals:
    """Signals as values: they arrive in `wait` and interrupt nothing else.

    A signal that comes between two waits ends the next one at once.
    """

    _NUMBERS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)

    def __enter__(self) -> Self:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in self._NUMBERS:
            signal.signal(number, lambda *_: None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(-1)
        os.close(self._reader)
        os.close(self._writer)

    def wait(self, nodes: Sequence[Node], seconds: float) -> tuple[set[int], list[Node]]:
        """Return the signals that came, and the nodes that became ready or ended."""
        files: list[int | Node] = [self._reader, *nodes]
        readable, _, _ = select.select(files, [], [], max(seconds, 0.0))
        came = set(os.read(self._reader, 4096)) if self._reader in readable else set()
        return came, [node for node in nodes if node in readable]


def describe(status: int | None) -> str:
    """Tell in words how a child ended."""
    if status is not None and status < 0:
        return f"died with signal {signal.Signals(-status).name}"
    return f"exited with status {status}"
