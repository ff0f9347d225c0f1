"""Previews of hosted images: made once, at the first request, each by a process of its own.

Rule: the image is a stranger's. It is never decoded in this process, nor whole in its memory.
"""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from pathlib import Path

from chat.errors import Unavailable
from chat.files import Preview, StoredFile
from chat.operations.files import PREVIEW_LIMIT_BYTES, Files

PROGRAM = Path(__file__).with_name("thumbnail.py")
AT_ONCE = 2
MOST_WAITING = 100
IMAGE_LIMIT_BYTES = 50_000_000
PATIENCE_SECONDS = 20.0
PIECE_BYTES = 65_536

Made = tuple[str, bytes]


class Thumbnails:
    """Those who ask for the same preview while it is made wait for the same making."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._making: dict[str, asyncio.Task[Preview | None]] = {}

    async def of(self, file: StoredFile) -> Preview | None:
        """The preview of a file, or None where there can be none. Raises Unavailable."""
        if file.previewed or not file.is_image:
            return file.preview
        making = self._making.get(file.key)
        if making is None:
            if len(self._making) >= MOST_WAITING:
                raise Unavailable("Too many previews are being made.")
            making = self._making[file.key] = asyncio.create_task(self._make(file))
            making.add_done_callback(lambda done: self._forget(file.key, done))
        return await asyncio.shield(making)

    def _forget(self, key: str, done: "asyncio.Task[Preview | None]") -> None:
        del self._making[key]
        if not done.cancelled():
            done.exception()  # told to those who wait; perhaps nobody does any more

    async def _make(self, file: StoredFile) -> Preview | None:
        made = None
        if file.size <= IMAGE_LIMIT_BYTES:
            async with self._turn:
                made = await self._run(file)
        if made is None:
            await self._files.refuse_preview(file)
            return None
        content_type, content = made
        return await self._files.add_preview(file, content_type, _once(content))

    async def _run(self, file: StoredFile) -> Made | None:
        """Have the program make it. Whatever becomes of the program is an answer."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", str(PROGRAM), stdin=PIPE, stdout=PIPE, stderr=DEVNULL
        )
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._feed(process, file)
                return await _outcome(process)
        except TimeoutError:
            return None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _feed(self, process: Process, file: StoredFile) -> None:
        assert process.stdin is not None  # noqa: S101  # it is a pipe
        with suppress(BrokenPipeError, ConnectionResetError):  # it has read enough
            async with aclosing(self._files.read(file)) as content:
                async for piece in content:
                    process.stdin.write(piece)
                    await process.stdin.drain()
        process.stdin.close()


async def _outcome(process: Process) -> Made | None:
    assert process.stdout is not None  # noqa: S101  # it is a pipe
    out = bytearray()
    while piece := await process.stdout.read(PIECE_BYTES):
        out += piece
        if len(out) > PREVIEW_LIMIT_BYTES:
            return None
    if await process.wait() != 0:
        return None
    content_type, _, content = bytes(out).partition(b"\n")
    return content_type.decode(), content


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
