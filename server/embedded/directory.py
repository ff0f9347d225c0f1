"""The data directory: who may enter it, who holds it, and how the sockets inside are reached.

Nothing may be written below it by anyone who does not hold its lock.
"""

import contextlib
import errno
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from server.settings import SettingsError

# sun_path holds 108 bytes on Linux and 104 on macOS, each with its final NUL.
SOCKET_PATH_LIMIT = 103
_LONGEST_SOCKET = "postgres/.s.PGSQL.5432"
_LOCK = "lock"


class DataDirectory:
    """An open data directory, held by this process until `close`.

    `tag` names it in the command lines of its servers; it is unique on this machine, and stays
    when the directory is renamed.
    """

    def __init__(self, path: Path) -> None:
        """Make or take over `path`; SettingsError says in one line why that cannot be."""
        self.path = path
        with _refusals(path):
            _create(path)
            self._lock = _take_lock(path)
            try:
                self.log.mkdir(mode=0o700, exist_ok=True)
                status = path.stat()
                self.tag = f"parlance-{status.st_dev:08x}-{status.st_ino:016x}"
                self._link = self._make_link()
            except BaseException:
                os.close(self._lock)
                raise

    @property
    def log(self) -> Path:
        return self.path / "log"

    @property
    def reachable(self) -> Path:
        """The same directory by a name that a socket address can hold."""
        return self._link or self.path

    def require_space(self, needed_bytes: int) -> None:
        """Raise SettingsError unless an unprivileged process may still write so much."""
        status = os.statvfs(self.path)
        free = status.f_bavail * status.f_frsize
        if free < needed_bytes:
            raise SettingsError(
                f"data directory {self.path}: no space left, {free >> 20} MiB are free"
                f" and {needed_bytes >> 20} MiB are needed"
            )

    def close(self) -> None:
        if self._link is not None:
            _remove_link(self._link)
        os.ftruncate(self._lock, 0)
        os.close(self._lock)

    def _make_link(self) -> Path | None:
        """Record the holder in the lock file, and the link to be removed should it be killed."""
        _, _, stale = _read_lock(self._lock).partition("\n")
        if stale:
            _remove_link(Path(stale))
        link = None if _fits_an_address(self.path) else _link_to(self.path)
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, os.fsencode(f"{os.getpid()}\n{link or ''}"), 0)
        return link


@contextlib.contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SettingsError(f"data directory {path} cannot be used: {error.strerror}") from None


def _create(path: Path) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.stat()
    if os.geteuid() not in (0, status.st_uid):
        raise PermissionError(errno.EPERM, "it belongs to another user")
    # A slip such as `--data /srv` must not close somebody's directory to everybody else.
    names = {entry.name for entry in path.iterdir()} - {"lost+found"}
    if names and _LOCK not in names:
        raise OSError(errno.ENOTEMPTY, "it holds other files and is no data directory of Parlance")
    # Under root PostgreSQL runs as another user, who passes through here without seeing the names;
    # all that is inside is closed by its own mode.
    path.chmod(0o711 if os.geteuid() == 0 else 0o700)


def _take_lock(path: Path) -> int:
    lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _read_lock(lock).partition("\n")[0] or "unknown"
        os.close(lock)
        raise SettingsError(
            f"data directory {path} is in use by process {holder}:"
            " stop it, or name another directory with --data"
        ) from None
    return lock


def _read_lock(lock: int) -> str:
    return os.fsdecode(os.pread(lock, 8192, 0)).strip()


def _fits_an_address(path: Path) -> bool:
    # PostgreSQL and asyncpg both read a list where we give one path, hence no commas or quotes.
    plain = re.fullmatch(r"[\w./+-]+", str(path), re.ASCII)
    return plain is not None and len(os.fsencode(path / _LONGEST_SOCKET)) <= SOCKET_PATH_LIMIT


def _link_to(path: Path) -> Path:
    private = Path(tempfile.mkdtemp(prefix="parlance-"))
    private.chmod(0o711 if os.geteuid() == 0 else 0o700)
    link = private / "data"
    link.symlink_to(path.absolute())
    if not _fits_an_address(link):
        _remove_link(link)
        raise OSError(errno.ENAMETOOLONG, f"{path} and {private} are too long: set TMPDIR")
    return link


def _remove_link(link: Path) -> None:
    if link.is_symlink() and link.parent.name.startswith("parlance-"):
        shutil.rmtree(link.parent)


def reachable_of_holder(path: Path) -> Path | None:
    """By what name the process that holds this directory reaches it; None when nobody does."""
    try:
        lock = os.open(path / _LOCK, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _, _, link = _read_lock(lock).partition("\n")
        return Path(link) if link else path
    finally:
        os.close(lock)
    return None
