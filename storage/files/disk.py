"""DiskFiles: files in a directory that the nodes of one machine share.

Rule: a file comes into being by `rename`, whole and synced; whatever is under `incoming` and not
locked belongs to a process that died.
"""

import asyncio
import fcntl
import os
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, Self, TypeVar

from chat.errors import NotFound, Unavailable
from chat.files import limited

T = TypeVar("T")

THREADS = 8
PIECE_BYTES = 256 * 1024


class DiskFiles:
    """Made by `opened`. All that touches the disk runs in a few threads of its own."""

    def __init__(self, directory: Path, threads: ThreadPoolExecutor) -> None:
        self._directory = directory
        self._incoming = directory / "incoming"
        self._threads = threads

    @classmethod
    @asynccontextmanager
    async def opened(cls, directory: Path) -> AsyncIterator[Self]:
        """Make the directory where it is missing, and clear what was left half written.

        Raises Unavailable when the directory cannot be used.
        """
        with ThreadPoolExecutor(THREADS, thread_name_prefix="files") as threads:
            files = cls(directory, threads)
            await files._run(files._prepare)
            yield files

    async def put(self, key: str, chunks: AsyncIterator[bytes], *, limit: int) -> int:
        place = self._place(key)
        draft = _Draft(self._incoming / secrets.token_hex(16))
        size = 0
        try:
            await self._run(draft.open)
            async for piece in _gathered(limited(chunks, limit)):
                await self._run(partial(draft.write, piece))
                size += len(piece)
            await self._run(partial(draft.publish, place))
        finally:
            await self._run(draft.drop)
        return size

    async def read(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        reading = _Reading(self._place(key), start, end)
        try:
            await self._run(reading.open)
            while piece := await self._run(reading.piece):
                yield piece
        finally:
            reading.close()

    async def delete(self, key: str) -> None:
        await self._run(partial(self._place(key).unlink, missing_ok=True))

    def _place(self, key: str) -> Path:
        """Spread over directories, since some file systems search theirs one by one."""
        if not key or key.startswith(".") or "/" in key or "\x00" in key:
            raise ValueError(f"not a key: {key!r}")
        return self._directory / key[:2] / key

    async def _run(self, work: Callable[[], T]) -> T:
        """Work in a thread. Even when this is cancelled the work is over afterwards, so that
        nobody closes a file under its hands."""
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise
        except OSError as problem:
            raise Unavailable("The file store cannot do this right now.") from problem

    def _prepare(self) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._incoming.mkdir(mode=0o700, exist_ok=True)
        for path in self._incoming.iterdir():
            with suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while its writer lives
                path.unlink()


class _Draft:
    """A file on its way in. Every method runs in a thread, one at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1

    def open(self) -> None:
        while True:
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            if os.fstat(self._file).st_nlink:
                return
            self.drop()  # a node that started had cleared it before it was locked

    def write(self, piece: bytes) -> None:
        view = memoryview(piece)
        while view:
            view = view[os.write(self._file, view) :]

    def publish(self, place: Path) -> None:
        os.fsync(self._file)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        self._path.rename(place)
        for directory in (place.parent, place.parent.parent):
            _sync(directory)

    def drop(self) -> None:
        """Close, and take away what was not published."""
        if self._file >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = -1


class _Reading:
    def __init__(self, path: Path, start: int, end: int | None) -> None:
        self._path = path
        self._start = start
        self._left = max(0, end - start) if end is not None else None
        self._file: BinaryIO | None = None

    def open(self) -> None:
        try:
            self._file = self._path.open("rb", buffering=0)
        except FileNotFoundError:
            raise NotFound from None
        self._file.seek(self._start)

    def piece(self) -> bytes:
        """The next one; empty at the end."""
        wanted = PIECE_BYTES if self._left is None else min(PIECE_BYTES, self._left)
        if self._file is None or not wanted:
            return b""
        piece = self._file.read(wanted)
        if self._left is not None:
            self._left -= len(piece)
        return piece

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


async def _gathered(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces worth a trip to a thread."""
    gathered = bytearray()
    async for chunk in chunks:
        gathered += chunk
        if len(gathered) >= PIECE_BYTES:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)


def _sync(directory: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
