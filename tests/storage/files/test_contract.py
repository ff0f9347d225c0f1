"""What every file store keeps to: on disk, and on S3 as moto plays it."""

import asyncio
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from chat.errors import NotFound, TooLarge, Unavailable
from chat.files import FileStore, new_key
from storage.files.disk import DiskFiles
from storage.files.s3 import S3Files
from tests.s3 import ACCESS, BUCKET, bucket, moto_server

MEGABYTE = 1_000_000


class Stored(Protocol):
    """A store, and a look behind it: everything it has left anywhere."""

    files: FileStore

    def leftovers(self) -> list[str]: ...


class OnDisk:
    def __init__(self, files: DiskFiles, directory: Path) -> None:
        self.files = files
        self._directory = directory

    def leftovers(self) -> list[str]:
        return [path.name for path in self._directory.rglob("*") if path.is_file()]


class OnS3:
    def __init__(self, files: S3Files, client: Any) -> None:
        self.files = files
        self._client = client

    def leftovers(self) -> list[str]:
        objects = self._client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        uploads = self._client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
        return [each["Key"].rpartition("/")[2] for each in [*objects, *uploads]]


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    with moto_server() as endpoint:
        yield endpoint


@pytest.fixture
def s3(s3_endpoint: str) -> Iterator[OnS3]:
    with bucket(s3_endpoint) as client:
        yield OnS3(s3_files(s3_endpoint), client)


def s3_files(endpoint: str) -> S3Files:
    options: Any = {"aws_endpoint": endpoint, "aws_region": "us-east-1", **ACCESS}
    return S3Files(f"s3://{BUCKET}/files", options)


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[OnDisk]:
    async with DiskFiles.opened(tmp_path / "files") as files:
        yield OnDisk(files, tmp_path / "files")


@pytest.fixture(params=["disk", "s3"])
def stored(request: pytest.FixtureRequest) -> Stored:
    found: Stored = request.getfixturevalue(request.param)
    return found


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def whole(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def test_what_is_put_is_read_back(stored: Stored) -> None:
    key, content = new_key(), os.urandom(12 * MEGABYTE)
    parts = [content[at : at + MEGABYTE] for at in range(0, len(content), MEGABYTE)]
    size = await stored.files.put(key, pieces(*parts), limit=len(content))
    assert size == len(content)
    assert await whole(stored.files.read(key)) == content
    assert stored.leftovers() == [key]


async def test_a_file_may_be_empty(stored: Stored) -> None:
    key = new_key()
    assert await stored.files.put(key, pieces(), limit=0) == 0
    assert await whole(stored.files.read(key)) == b""


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(0, None, b"0123456789"), (3, 5, b"34"), (8, 99, b"89"), (10, None, b""), (4, 4, b"")],
)
async def test_a_range_is_read_without_the_rest(
    stored: Stored, start: int, end: int | None, expected: bytes
) -> None:
    key = new_key()
    await stored.files.put(key, pieces(b"01234", b"56789"), limit=10)
    assert await whole(stored.files.read(key, start=start, end=end)) == expected


async def test_a_range_may_begin_deep_in_a_large_file(stored: Stored) -> None:
    key, content = new_key(), os.urandom(6 * MEGABYTE)
    await stored.files.put(key, pieces(content), limit=len(content))
    read = await whole(stored.files.read(key, start=MEGABYTE, end=4 * MEGABYTE))
    assert read == content[MEGABYTE : 4 * MEGABYTE]


async def test_what_is_not_there_is_not_found(stored: Stored) -> None:
    with pytest.raises(NotFound):
        await whole(stored.files.read(new_key()))


async def test_deleting_is_for_good_and_may_be_repeated(stored: Stored) -> None:
    key = new_key()
    await stored.files.put(key, pieces(b"x"), limit=1)
    await stored.files.delete(key)
    await stored.files.delete(key)
    with pytest.raises(NotFound):
        await whole(stored.files.read(key))
    assert stored.leftovers() == []


@pytest.mark.parametrize("size", [2, 12 * MEGABYTE])
async def test_what_is_too_large_leaves_nothing(stored: Stored, size: int) -> None:
    with pytest.raises(TooLarge):
        await stored.files.put(new_key(), pieces(b"x" * (size - 1), b"x"), limit=size - 1)
    assert stored.leftovers() == []


async def test_a_source_that_fails_leaves_nothing(stored: Stored) -> None:
    async def broken() -> AsyncIterator[bytes]:
        for _ in range(12):
            yield b"x" * MEGABYTE
        raise LookupError("the sender went away")

    with pytest.raises(LookupError, match="went away"):
        await stored.files.put(new_key(), broken(), limit=50 * MEGABYTE)
    assert stored.leftovers() == []


async def test_a_put_that_is_cancelled_leaves_nothing(stored: Stored) -> None:
    waiting = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(12):
            yield b"x" * MEGABYTE
        waiting.set()
        await asyncio.Event().wait()

    putting = asyncio.create_task(stored.files.put(new_key(), endless(), limit=50 * MEGABYTE))
    await waiting.wait()
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert stored.leftovers() == []


async def test_many_files_come_in_at_once(stored: Stored) -> None:
    contents = {new_key(): os.urandom(200_000) for _ in range(12)}
    async with asyncio.TaskGroup() as group:
        for key, content in contents.items():
            group.create_task(stored.files.put(key, pieces(content), limit=len(content)))
    for key, content in contents.items():
        assert await whole(stored.files.read(key)) == content


async def test_a_reader_may_leave_early(stored: Stored) -> None:
    key = new_key()
    await stored.files.put(key, pieces(b"x" * 5 * MEGABYTE), limit=5 * MEGABYTE)
    reading = stored.files.read(key)
    assert await anext(reading)
    await reading.aclose()  # type: ignore[attr-defined]
    await stored.files.delete(key)
    assert stored.leftovers() == []


async def test_a_file_read_while_it_is_deleted_is_whole_or_gone(disk: OnDisk) -> None:
    key = new_key()
    await disk.files.put(key, pieces(b"x" * MEGABYTE), limit=MEGABYTE)
    reading = disk.files.read(key)
    first = await anext(reading)
    await disk.files.delete(key)
    assert first + await whole(reading) == b"x" * MEGABYTE


async def test_nobody_else_on_the_machine_reads_along(disk: OnDisk) -> None:
    await disk.files.put(new_key(), pieces(b"x"), limit=1)
    directory = disk._directory
    assert directory.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in directory.rglob("*"))


@pytest.mark.parametrize("key", ["", "../escape", "a/b", ".hidden", "nul\x00"])
async def test_a_key_is_never_a_path(disk: OnDisk, key: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        await disk.files.put(key, pieces(b"x"), limit=1)
    assert disk.leftovers() == []


WRITER = """
import asyncio, os, signal, sys
from pathlib import Path
from storage.files.disk import DiskFiles

async def half():
    yield b"x" * 1_000_000
    print("written", flush=True)
    await asyncio.Event().wait()

async def main():
    async with DiskFiles.opened(Path(sys.argv[1])) as files:
        await files.put("key", half(), limit=10_000_000)

asyncio.run(main())
"""


async def test_a_start_clears_what_the_dead_left_and_nothing_of_the_living(disk: OnDisk) -> None:
    directory = disk._directory
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(directory), stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout
    assert await writer.stdout.readline() == b"written\n"
    async with DiskFiles.opened(directory):
        assert len(disk.leftovers()) == 1
    writer.send_signal(signal.SIGKILL)
    await writer.wait()
    assert len(disk.leftovers()) == 1
    async with DiskFiles.opened(directory):
        assert disk.leftovers() == []


async def test_a_full_disk_is_unavailable_and_leaves_nothing(disk: OnDisk) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MEGABYTE, before[1]))
    try:
        with pytest.raises(Unavailable):
            await disk.files.put(new_key(), pieces(b"x" * 2 * MEGABYTE), limit=5 * MEGABYTE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert disk.leftovers() == []


async def test_a_store_that_is_away_is_unavailable(s3: OnS3) -> None:
    away = s3_files("http://127.0.0.1:9")
    with pytest.raises(Unavailable):
        await away.put(new_key(), pieces(b"x" * 6 * MEGABYTE), limit=10 * MEGABYTE)
    with pytest.raises(Unavailable):
        await whole(away.read(new_key()))
    with pytest.raises(Unavailable):
        await away.delete(new_key())
