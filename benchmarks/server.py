"""Runs `parlance serve` on a fresh data directory, its node on the server's core.

PostgreSQL and Valkey stay where the system puts them, for every rival alike.
"""

import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from benchmarks.processes import SERVER_CORE, Failed, children, free_port, pin, running, wait_until

# People are limited to what people can do; the generator is not one.
_ENVIRONMENT = {"PARLANCE_COMMANDS_PER_SECOND": "1000000", "PARLANCE_LOG_LEVEL": "warning"}


class Parlance(msgspec.Struct, frozen=True, kw_only=True):
    """A running server: where it listens, who may administer it, and which processes serve."""

    port: int
    client_id: str
    client_secret: str
    database: str
    nodes: list[int]

    def metric(self, name: str) -> float:
        """Read one figure of /metrics, from whichever node answers."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(name):
                    return float(line.split()[-1])
        raise Failed(f"no {name} in /metrics")


@contextmanager
def parlance(workers: int = 1, **settings: str | float) -> Iterator[Parlance]:
    """Serve until the block is left; `settings` become `PARLANCE_*` variables."""
    given = {f"PARLANCE_{name.upper()}": str(value) for name, value in settings.items()}
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="parlance-bench-") as directory:
        os.chmod(directory, 0o755)  # under root PostgreSQL is another user, and must pass
        data = Path(directory, "data")
        command = [sys.executable, "-m", "server", "serve", "--port", str(port)]
        command += ["--data", str(data), "--workers", str(workers)]
        with running(command, os.environ | _ENVIRONMENT | given) as process:
            wait_until(lambda: _is_ready(port), process, 60)
            wait_until(lambda: len(_nodes(process)) == workers, process, 30)
            nodes = _nodes(process)
            for node in nodes:
                if workers == 1:
                    pin(node, SERVER_CORE)
            credentials = msgspec.json.decode((data / "credentials.json").read_bytes())
            yield Parlance(
                port=port,
                client_id=credentials["client_id"],
                client_secret=credentials["client_secret"],
                database=_database(data),
                nodes=nodes,
            )


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _nodes(process: subprocess.Popen[bytes]) -> list[int]:
    return [
        child
        for child in children(process.pid)
        if b"server.node" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def _database(data: Path) -> str:
    """Where PostgreSQL listens: as the environment says, or as the embedded one wrote down."""
    given = os.environ.get("PARLANCE_DATABASE_URL")
    if given:
        return given
    sockets = (data / "postgres" / "postmaster.pid").read_text().splitlines()[4]
    return f"postgresql://parlance@/parlance?host={sockets}"
