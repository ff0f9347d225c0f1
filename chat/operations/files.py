"""Files: those kept here, from coming in to going away, with their previews.

Rule: the record comes before the bytes and goes after them, so that a file left by a node that
died is always known, and `sweep` takes it away.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime, timedelta

from chat.actors import Actor
from chat.errors import ChatError, Forbidden, NotFound, Unavailable
from chat.files import (
    Content,
    FileStore,
    Preview,
    StoredFile,
    clean_name,
    clean_type,
    new_key,
    preview_key,
)
from chat.store import Store

MOST_SECONDS = 86_400
"""A file that takes longer to come in was given up by its sender."""
SWEEP_BATCH = 100
PREVIEW_LIMIT_BYTES = 1_000_000


class Files:
    """`max_bytes` is what one file may have."""

    def __init__(self, store: Store, files: FileStore, max_bytes: int) -> None:
        self._store = store
        self._files = files
        self.max_bytes = max_bytes

    async def upload(
        self, actor: Actor, name: str | None, content_type: str | None, chunks: AsyncIterator[bytes]
    ) -> StoredFile:
        """Keep a file, under a clean name and type. Once it returns the file is durable.

        Raises TooLarge and Unavailable; then, and when cancelled, nothing stays.
        """
        key = new_key()
        async with AsyncExitStack() as undo:
            undo.push_async_callback(self.forget, actor, [key])
            await self._store.files.add(
                actor.application_id, key, clean_name(name), clean_type(content_type)
            )
            size = await self._files.put(key, chunks, limit=self.max_bytes)
            stored = await self._store.files.complete(key, size)
            undo.pop_all()
        return stored

    async def get(self, key: str) -> StoredFile:
        """Whoever knows the key may."""
        return await self._store.files.get(key)

    def read(self, file: StoredFile, *, start: int = 0, end: int | None = None) -> Content:
        """The bytes from `start` up to `end`, exclusive. Raises NotFound and Unavailable."""
        return self._files.read(file.key, start=start, end=end)

    async def delete(self, actor: Actor, key: str) -> None:
        """Delete a file of the application, which alone may."""
        if not actor.is_application:
            raise Forbidden
        if not await self._store.files.doom(actor.application_id, [key]):
            raise NotFound
        await self.forget(actor, [key])

    async def forget(self, actor: Actor, keys: Sequence[str]) -> None:
        """Delete files whose use has ended. What cannot be done now is left to `sweep`."""
        with suppress(Unavailable):
            for key in await self._store.files.doom(actor.application_id, keys):
                await self._remove(key)

    async def sweep(self, now: datetime) -> None:
        """Take away what was doomed or given up and is still here. Raises Unavailable."""
        given_up = now - timedelta(seconds=MOST_SECONDS)
        while keys := await self._store.files.doomed(given_up, SWEEP_BATCH):
            for key in keys:
                await self._remove(key)

    async def _remove(self, key: str) -> None:
        await self._files.delete(preview_key(key))
        await self._files.delete(key)
        await self._store.files.remove(key)

    @asynccontextmanager
    async def used(self, actor: Actor, file: StoredFile) -> AsyncIterator[None]:
        """Put a new file to its use in the block; when that is refused the file is deleted."""
        try:
            yield
        except Unavailable:  # it may be in use all the same
            raise
        except ChatError:
            await self.forget(actor, [file.key])
            raise

    async def add_preview(
        self, file: StoredFile, content_type: str, chunks: AsyncIterator[bytes]
    ) -> Preview:
        """Keep the preview of a file. Raises NotFound when the file is gone by now."""
        key = preview_key(file.key)
        size = await self._files.put(key, chunks, limit=PREVIEW_LIMIT_BYTES)
        preview = Preview(content_type, size)
        if not await self._store.files.set_preview(file.key, preview):
            await self._files.delete(key)
            raise NotFound
        return preview

    async def refuse_preview(self, file: StoredFile) -> None:
        """Record that there can be no preview of a file."""
        await self._store.files.set_preview(file.key, None)

    def read_preview(self, file: StoredFile) -> Content:
        return self._files.read(preview_key(file.key))
