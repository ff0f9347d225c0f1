"""What a child process is before it starts: another user under root, bound to our life.

All of it runs between fork and exec, so it takes no lock and imports nothing there.
"""

import ctypes
import errno
import os
import pwd
import signal
import stat
import struct
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from server.settings import SettingsError

_PR_SET_PDEATHSIG = 1
_PR_SET_SECUREBITS = 28
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_CHOWN = 0
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2
_CAP_KILL = 5
_CAP_SETGID = 6
_CAP_SETUID = 7
_CAP_SETPCAP = 8
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_CAPABILITY_VERSION_3 = 0x20080522

# What it takes to run a child as another user, to stop it, and to reach its socket and files.
_NEEDED_OF_ROOT = (_CAP_CHOWN, _CAP_DAC_OVERRIDE, _CAP_KILL, _CAP_SETGID, _CAP_SETUID)
_ROOT_IN_NAME = (
    "PostgreSQL does not run as root, and here root may not act as another user:"
    " run as an unprivileged user"
)

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Account(msgspec.Struct, frozen=True):
    """An existing user that a child becomes, and the one capability it keeps, if any."""

    uid: int
    gid: int
    capability: int | None = None


def account_for(directory: Path, executable: Path) -> Account | None:
    """Choose who runs `executable` on `directory`: None, or another user when we are root.

    A directory that exists keeps its owner. Raises SettingsError where that user cannot come in.
    """
    if os.geteuid() != 0:
        return None
    held = _held_capabilities()
    if _libc is not None and not all(held >> capability & 1 for capability in _NEEDED_OF_ROOT):
        raise SettingsError(_ROOT_IN_NAME)
    account = _owner(directory) or _unprivileged()
    return msgspec.structs.replace(
        account, capability=_capability_for(account, directory, executable)
    )


def give(path: Path, account: Account) -> None:
    """Make the account the owner of `path`."""
    try:
        os.chown(path, account.uid, account.gid)
    except OSError as error:
        # A user namespace may know no user but this root.
        if error.errno == errno.EINVAL:
            raise SettingsError(_ROOT_IN_NAME) from None
        raise


def child_setup(death_signal: signal.Signals, account: Account | None = None) -> Callable[[], None]:
    """Return what a child calls before exec.

    On Linux the child gets `death_signal` when this thread dies, in whatever way.
    """
    parent = os.getpid()

    def setup() -> None:
        if account is not None:
            _become(account)
        # After the change of user, which forgets it.
        if _libc is not None:
            _prctl(_PR_SET_PDEATHSIG, death_signal)
            if os.getppid() != parent:
                os._exit(1)

    return setup


def _owner(directory: Path) -> Account | None:
    try:
        status = directory.stat()
    except FileNotFoundError:
        return None
    return Account(status.st_uid, status.st_gid) if status.st_uid != 0 else None


def _unprivileged() -> Account:
    for name in ("parlance", "postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise SettingsError("PostgreSQL does not run as root, and there is no user nobody to run it as")


def _capability_for(account: Account, directory: Path, executable: Path) -> int | None:
    """Return the smallest capability that lets the account reach both paths, None if it can.

    A clone in /root or in a `mktemp -d` directory is closed to everyone else. Its mode is the
    operator's; so the child is let through instead, and can then read what root can.
    """
    closed = _first_closed(account, [*directory.resolve().parents, *executable.resolve().parents])
    wanted = [_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE]
    if not _may_execute(account, executable):
        # Searching directories is not executing files; overriding is both.
        closed, wanted = closed or executable, [_CAP_DAC_OVERRIDE]
    if closed is None:
        return None
    held = _held_capabilities()
    for capability in wanted:
        if held >> capability & held >> _CAP_SETPCAP & 1:
            return capability
    raise SettingsError(
        f"PostgreSQL does not run as root, and its user {account.uid} may not pass {closed}:"
        " open it, or run as an unprivileged user"
    )


def _first_closed(account: Account, directories: Iterable[Path]) -> Path | None:
    return next((path for path in directories if not _may_execute(account, path)), None)


def _may_execute(account: Account, path: Path) -> bool:
    status = path.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _held_capabilities() -> int:
    """Return the bits that are both permitted and in the bounding set."""
    if _libc is None:
        return 0
    lines = Path("/proc/self/status").read_text().splitlines()
    sets = {key: value for key, _, value in (line.partition(":") for line in lines)}
    return int(sets["CapPrm"], 16) & int(sets["CapBnd"], 16)


def _become(account: Account) -> None:
    if account.capability is not None:
        # Capabilities survive the change of user; and access(2), by which PostgreSQL looks for its
        # own programs, heeds them although the user is not root.
        _prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setgid(account.gid)
    os.setuid(account.uid)
    if account.capability is not None:
        _keep_only(account.capability)


def _keep_only(capability: int) -> None:
    """Reduce this process to one capability, and let it survive exec as an ambient one."""
    assert _libc is not None  # noqa: S101
    bit = 1 << capability
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    data = struct.pack("=6I", bit, bit, bit, 0, 0, 0)
    if _libc.capset(header, data) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability)


def _prctl(*arguments: int) -> None:
    assert _libc is not None  # noqa: S101
    padded = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:5]]
    if _libc.prctl(*padded) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
