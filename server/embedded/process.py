"""One embedded server as a child process: started, watched, stopped, and never left behind.

At most one server of a kind lives on a directory: whoever starts one first removes what is left.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from server.embedded.privileges import Account, child_setup

_POLL_SECONDS = 0.01
_LOG_BYTES = 16 * 1024 * 1024


class EmbeddedError(Exception):
    """An embedded server that does not run; the text is one line for the operator."""


class ServerProcess:
    """A server in the foreground, its output in a log file, asked to stop by `stop_signal`."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        stop_signal: signal.Signals,
        account: Account | None = None,
    ) -> None:
        self.name = name
        self._command = command
        self._log = log
        self._log_start = 0
        self._stop_signal = stop_signal
        self._account = account
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start it anew, without waiting for it to be ready; an earlier one has ended."""
        if self._process is not None:
            self._process.wait()
        if self._log.exists() and self._log.stat().st_size > _LOG_BYTES:
            self._log.replace(self._log.with_suffix(".log.1"))
        with self._log.open("ab") as log:
            self._log_start = log.tell()
            self._process = self._spawn(log.fileno())

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal, or None while it runs."""
        return self._process.poll() if self._process is not None else None

    def wait_until(self, is_ready: Callable[[], bool], seconds: float) -> None:
        """Raise EmbeddedError, quoting the server's own words, unless it gets ready in time."""
        deadline = time.monotonic() + seconds
        while not is_ready():
            if self.poll() is not None:
                raise EmbeddedError(f"{self.name} did not start: {self._last_words()}")
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"{self.name} is not ready after {seconds:g} s: {self._last_words()}"
                )
            time.sleep(_POLL_SECONDS)

    def stop(self, seconds: float, then: signal.Signals = signal.SIGKILL) -> None:
        """Stop it; after `seconds` send `then`, and SIGKILL if even that is not heard."""
        if self._process is None:
            return
        for number, patience in ((self._stop_signal, seconds), (then, 5.0)):
            self._process.send_signal(number)
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
            return
        self._process.kill()
        self._process.wait()

    def _spawn(self, output: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603
            self._command,
            cwd="/",
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # A terminal's Ctrl-C is for the supervisor, which stops its servers last.
            start_new_session=True,
            # Stopped by their own clean shutdown even when we are killed.
            preexec_fn=child_setup(self._stop_signal, self._account),
        )

    def _last_words(self) -> str:
        with self._log.open("rb") as log:
            log.seek(max(self._log_start, log.seek(0, os.SEEK_END) - 16384))
            text = log.read().decode(errors="replace")
        return last_words(text)


@contextlib.contextmanager
def one_line(name: str) -> Iterator[None]:
    """Turn what the system refuses while a server is started into an EmbeddedError."""
    try:
        yield
    except OSError as error:
        raise EmbeddedError(f"{name} cannot be started: {error}") from None
    except subprocess.SubprocessError as error:
        raise EmbeddedError(f"{name} cannot be started as its user: {error}") from None


def last_words(output: str) -> str:
    """Return the line of a server's output that tells why it ended."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    blames = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line]
    line = (blames or lines or ["it said nothing"])[-1]
    return line[max(line.find("FATAL"), line.find("PANIC"), 0) :]


def environment() -> Mapping[str, str]:
    """Return ours without what would point a PostgreSQL program to another server."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return {**ours, "LC_ALL": "C"}


def clear_leftovers(program: str, tag: str, stop_signal: signal.Signals, seconds: float) -> None:
    """Stop what an earlier supervisor left running for the directory that `tag` names.

    Only its main process is asked, and its own children are given the same time to go; then all
    are killed, which loses nothing that was committed.
    """
    found = _leftovers(program, tag)
    if not found:
        return
    main = [pid for pid, command in found.items() if not command.startswith("postgres:")]
    _signal_all(main, stop_signal)
    if _wait_until_gone(program, tag, seconds if main else 1.0):
        return
    _signal_all(list(_leftovers(program, tag)), signal.SIGKILL)
    if not _wait_until_gone(program, tag, 5.0):
        raise EmbeddedError(f"{program} of an earlier start still runs: {_leftovers(program, tag)}")


def command_of(pid: int) -> str:
    """Return the command line of a running process, or nothing."""
    return dict(_commands()).get(pid, "")


def _leftovers(program: str, tag: str) -> dict[int, str]:
    return {pid: line for pid, line in _commands() if tag in line and program in line}


def _commands() -> Iterator[tuple[int, str]]:
    """List the running processes; a zombie has no command line and does not count."""
    if sys.platform != "linux":
        listing = ["ps", "-axww", "-o", "pid=,command="]
        output = subprocess.run(listing, capture_output=True, text=True, check=True).stdout  # noqa: S603
        for line in output.splitlines():
            pid, _, command = line.strip().partition(" ")
            yield int(pid), command
        return
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it ended while we looked, or is none of ours
        yield int(entry.name), command.replace(b"\0", b" ").decode(errors="replace")


def _signal_all(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue  # it ended by itself, as it should


def _wait_until_gone(program: str, tag: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _leftovers(program, tag):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
