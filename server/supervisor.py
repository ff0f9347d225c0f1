"""The supervisor: holds the port and the data directory, and keeps servers and nodes alive.

It stays small and has one thread: children are bound to the life of the thread that starts them.
"""

import contextlib
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from server.children import Backoff, Node, NodeError, Signals, describe
from server.embedded.directory import DataDirectory
from server.embedded.postgres import Postgres
from server.embedded.process import EmbeddedError
from server.embedded.valkey import Valkey
from server.listener import listen
from server.settings import Settings, SettingsError

_log = logging.getLogger("parlance.supervisor")

NODE_COMMAND = (sys.executable, "-m", "server.node")
_DRAIN_MARGIN_SECONDS = 5.0
_TURN_SECONDS = 1.0

Prepare = Callable[[Settings, Path], str]


class EmbeddedServer(Protocol):
    """What the supervisor asks of the servers it runs itself."""

    name: str

    @property
    def pid(self) -> int | None: ...
    def start(self) -> None: ...
    def wait_until_ready(self) -> None: ...
    def poll(self) -> int | None: ...
    def stop(self) -> None: ...


def run(
    settings: Settings,
    prepare: Prepare | None = None,
    node_command: Sequence[str] = NODE_COMMAND,
) -> int:
    """Serve until SIGTERM or SIGINT, and return the exit code.

    `prepare` gets the settings with the URLs and the port in use, and the data directory; what it
    returns is printed when all nodes serve. What cannot be started is told on stderr in one line.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    try:
        with contextlib.ExitStack() as stack:
            return _serve(settings, prepare or _first_start, node_command, stack)
    except (SettingsError, EmbeddedError, NodeError) as error:
        sys.stderr.write(f"parlance: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 0


def _first_start(settings: Settings, _directory: Path) -> str:
    # Imported late: what it takes to reach a database is of no use to anything else here.
    from server.first_start import prepare

    return prepare(settings)


def _serve(
    settings: Settings,
    prepare: Prepare,
    node_command: Sequence[str],
    stack: contextlib.ExitStack,
) -> int:
    listener = stack.enter_context(listen(settings.host, settings.port))
    directory = stack.enter_context(contextlib.closing(DataDirectory(settings.data_directory)))
    settings = msgspec.structs.replace(settings, port=listener.getsockname()[1])
    settings, servers = _embedded(settings, directory)
    for server in servers:
        stack.callback(_stop, server)
        server.start()
    for server in servers:
        server.wait_until_ready()
        _log.info("%s started, pid %s", server.name, server.pid)
    welcome = prepare(settings, directory.path)
    with Signals() as signals:
        supervisor = Supervisor(settings, listener, servers, node_command, signals)
        return supervisor.run(welcome)


def _embedded(
    settings: Settings, directory: DataDirectory
) -> tuple[Settings, list[EmbeddedServer]]:
    """Return the servers that the settings do not replace, and the settings that name all."""
    servers: list[EmbeddedServer] = []
    if settings.database_url is None:
        postgres = Postgres(directory, connections=100 + 25 * settings.workers)
        settings = msgspec.structs.replace(settings, database_url=postgres.url)
        servers.append(postgres)
    if settings.redis_url is None:
        valkey = Valkey(directory)
        settings = msgspec.structs.replace(settings, redis_url=valkey.url)
        servers.append(valkey)
    return settings, servers


def _stop(server: EmbeddedServer) -> None:
    if server.pid is None:
        return
    # Impatience must not leave a server behind; stopping has its own deadlines.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    server.stop()
    _log.info("%s stopped", server.name)


class _Watched:
    def __init__(self, server: EmbeddedServer) -> None:
        self.server = server
        self.backoff = Backoff()


class _Slot:
    """The place of worker number n, whichever node fills it."""

    def __init__(self, node: Node) -> None:
        self.worker = node.worker
        self.node: Node | None = node
        self.backoff = Backoff()


class Supervisor:
    """The loop: one turn per signal, ready node or due restart."""

    def __init__(
        self,
        settings: Settings,
        listener: socket.socket,
        servers: Sequence[EmbeddedServer],
        node_command: Sequence[str],
        signals: Signals,
    ) -> None:
        self._settings = settings
        self._listener = listener
        self._servers = [_Watched(server) for server in servers]
        self._node_command = node_command
        self._signals = signals
        self._slots: list[_Slot] = []
        self._passing: list[Node] = []  # in no slot: a coming or a going node of a rolling restart
        self._rolling: Iterator[bool] | None = None
        self._is_stopping = False

    def run(self, welcome: str) -> int:
        """Serve until told to stop; 1 if a node ended before it was ever ready."""
        try:
            if not self._start_nodes():
                return 0 if self._is_stopping else 1
            sys.stdout.write(f"{welcome}\n")
            sys.stdout.flush()
            while not self._is_stopping:
                self._wait()
                self._tend_servers()
                self._tend_nodes()
                if self._rolling is not None and not next(self._rolling, False):
                    self._rolling = None
            return 0
        finally:
            self._stop_nodes()

    def _start_nodes(self) -> bool:
        for worker in range(self._settings.workers):
            self._slots.append(_Slot(self._spawn(worker)))
        while not all(node.is_ready for node in self._nodes()) and not self._is_stopping:
            self._wait()
            self._tend_servers()
            if any(node.is_lost and not node.is_ready for node in self._nodes()):
                _log.error("a node did not get ready")
                return False
        return not self._is_stopping

    def _spawn(self, worker: int) -> Node:
        node = Node(worker, self._node_command, self._settings, self._listener)
        _log.info("node %d started, pid %d", worker, node.pid)
        return node

    def _nodes(self) -> list[Node]:
        return [slot.node for slot in self._slots if slot.node is not None] + self._passing

    def _wait(self) -> set[int]:
        """Sleep until something happens, note it, and return the signals that came."""
        starting = [node for node in self._nodes() if node.is_starting]
        came, ready = self._signals.wait(starting, self._idle_seconds())
        for node in ready:
            node.read_ready()
        if came & {signal.SIGTERM, signal.SIGINT}:
            self._is_stopping = True
        if signal.SIGHUP in came:
            self._rolling = self._rolling or self._roll()
        return came

    def _idle_seconds(self) -> float:
        if self._is_stopping:
            return _TURN_SECONDS  # nothing is started again, due or not
        backoffs = [*(w.backoff for w in self._servers), *(s.backoff for s in self._slots)]
        dues = [backoff.due - time.monotonic() for backoff in backoffs if backoff.due is not None]
        return min([_TURN_SECONDS, *dues])

    def _tend_servers(self) -> None:
        for watched in self._servers:
            server, backoff = watched.server, watched.backoff
            if backoff.due is None and server.poll() is not None:
                _log.error("%s %s", server.name, describe(server.poll()))
                backoff.died()
            if not backoff.is_due:
                continue
            try:
                server.start()
            except (EmbeddedError, SettingsError) as error:
                _log.error("%s", error)
                backoff.died()
            else:
                _log.info("%s restarted, pid %s", server.name, server.pid)
                backoff.started()

    def _tend_nodes(self) -> None:
        for slot in self._slots:
            node = slot.node
            if node is not None and node.is_lost:
                node.end()
                _log.warning("node %d %s, pid %d", node.worker, describe(node.poll()), node.pid)
                slot.node = None
                slot.backoff.died()
            if slot.node is None and slot.backoff.is_due:
                self._refill(slot)

    def _refill(self, slot: _Slot) -> None:
        try:
            slot.node = self._spawn(slot.worker)
        except NodeError as error:
            _log.error("%s", error)
            slot.backoff.died()
        else:
            slot.backoff.started()

    def _roll(self) -> Iterator[bool]:
        """Replace one node after the other, each drained only when its successor serves."""
        _log.info("rolling restart")
        for slot in self._slots:
            try:
                successor = self._spawn(slot.worker)
            except NodeError as error:
                _log.error("%s: rolling restart ended", error)
                return
            self._passing.append(successor)
            while not (successor.is_ready or successor.is_lost):
                yield True
            self._passing.remove(successor)
            if not successor.is_ready:
                successor.end()
                _log.error("node %d did not get ready: rolling restart ended", slot.worker)
                return
            old, slot.node = slot.node, successor
            slot.backoff.started()
            if old is not None:
                yield from self._retire(old)
        _log.info("rolling restart done")

    def _retire(self, node: Node) -> Iterator[bool]:
        self._passing.append(node)
        node.drain()
        deadline = self._drain_deadline()
        while node.poll() is None and time.monotonic() < deadline:
            yield True
        node.end()
        self._passing.remove(node)
        _log.info("node %d drained, pid %d", node.worker, node.pid)

    def _stop_nodes(self) -> None:
        self._is_stopping = True
        self._listener.close()  # in its queue newcomers would wait, to be cut in the end
        for node in (nodes := self._nodes()):
            node.drain()
        deadline = self._drain_deadline()
        while any(node.poll() is None for node in nodes) and time.monotonic() < deadline:
            if signal.SIGINT in self._wait():
                break
        for node in nodes:
            node.end()
            _log.info("node %d %s, pid %d", node.worker, describe(node.poll()), node.pid)

    def _drain_deadline(self) -> float:
        return time.monotonic() + self._settings.drain_seconds + _DRAIN_MARGIN_SECONDS
