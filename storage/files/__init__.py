"""Files: the core's FileStore on disk and on S3-compatible storage; both pass one contract."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from chat.files import FileStore
from storage.files.disk import DiskFiles
from storage.files.s3 import S3Files


@asynccontextmanager
async def open_files(url: str | None, directory: Path) -> AsyncIterator[FileStore]:
    """The store at an `s3://bucket/prefix` URL, or else in the directory.

    Raises Unavailable when the directory cannot be used.
    """
    if url is not None:
        yield S3Files(url)
        return
    async with DiskFiles.opened(directory) as files:
        yield files
