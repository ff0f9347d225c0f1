"""S3Files: files on S3 or what speaks its protocol, through obstore.

Rule: obstore's exceptions end here. Keys, region and endpoint are read by obstore itself, from
the environment (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`...), as for any tool of that world.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from chat.errors import NotFound, Unavailable
from chat.files import limited

if TYPE_CHECKING:
    from obstore.store import S3Config  # exists for type checkers only

PART_BYTES = 5 * 1024 * 1024
"""The smallest part S3 takes; two of them at a time are held in memory."""
PIECE_BYTES = 2 * 1024 * 1024
"""Read by a request each, so that a slow reader holds no connection open."""


class S3Files:
    """Under `s3://bucket/prefix`. `options` go before what the environment says.

    Raises Unavailable when they make no sense together.
    """

    def __init__(self, url: str, options: "S3Config | None" = None) -> None:
        with _errors_translated():
            self._store = S3Store.from_url(
                url,
                config=options,
                client_options={"allow_http": True, "timeout": "60s", "connect_timeout": "5s"},
                retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
            )

    async def put(self, key: str, chunks: AsyncIterator[bytes], *, limit: int) -> int:
        handover = _Handover()
        sending = asyncio.ensure_future(self._send(key, handover))
        filling = asyncio.ensure_future(handover.fill(limited(chunks, limit)))
        try:
            with _errors_translated():
                await asyncio.shield(sending)
            return await filling
        finally:
            filling.cancel()
            await asyncio.wait([filling])
            # obstore removes the parts it has sent when its source fails, not when cancelled.
            handover.fail()
            await asyncio.wait([sending])

    async def _send(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        await obstore.put_async(self._store, key, chunks, chunk_size=PART_BYTES, max_concurrency=2)

    async def read(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        with _errors_translated():
            size = (await obstore.head_async(self._store, key))["size"]
        end = size if end is None else min(end, size)
        while start < end:
            until = min(start + PIECE_BYTES, end)
            with _errors_translated():
                piece = await obstore.get_range_async(self._store, key, start=start, end=until)
            yield bytes(piece)
            start = until

    async def delete(self, key: str) -> None:
        with _errors_translated():
            try:
                await obstore.delete_async(self._store, key)
            except FileNotFoundError:
                return


class _Abandoned(Exception):
    """The source of an upload that somebody gave up."""


class _Handover:
    """From a task that takes chunks to obstore, which asks for them: one at a time."""

    def __init__(self) -> None:
        self._chunks: asyncio.Queue[bytes | Exception | None] = asyncio.Queue(1)

    async def fill(self, chunks: AsyncIterator[bytes]) -> int:
        """Hand over all; answer how many bytes. What `chunks` raises is handed over too."""
        size = 0
        try:
            async for chunk in chunks:
                size += len(chunk)
                await self._chunks.put(chunk)
        except Exception as problem:  # raised again by whoever waits for the upload
            await self._chunks.put(problem)
            return size
        await self._chunks.put(None)
        return size

    def fail(self) -> None:
        """Nothing more comes, and what came is not to be kept."""
        if not self._chunks.empty():
            self._chunks.get_nowait()
        self._chunks.put_nowait(_Abandoned())

    def __aiter__(self) -> "_Handover":
        return self

    async def __anext__(self) -> bytes:
        chunk = await self._chunks.get()
        if chunk is None:
            raise StopAsyncIteration
        if isinstance(chunk, Exception):
            raise chunk
        return chunk


@contextmanager
def _errors_translated() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise NotFound from None
    except (BaseError, OSError) as problem:
        raise Unavailable("The file store cannot do this right now.") from problem
