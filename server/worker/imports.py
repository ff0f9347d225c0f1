"""Imports: the file of a job, read row by row and stored batch by batch."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing

import msgspec

from chat.chat import Chat
from chat.errors import Invalid, NotFound
from chat.jobs import Ending, Job, Refusal
from chat.operations.imports import Batch
from server.dialects.chatkitty.import_rows import reader
from server.worker.reports import report
from server.worker.rows import MAX_ROW_BYTES, BrokenFile, Row, Rows

BATCHES = {"MESSAGE_IMPORT": 2000, "CHANNEL_IMPORT": 50}
OTHER_BATCH = 1000
BATCH_BYTES = 4 * 1024 * 1024
PIECE_BYTES = 32 * 1024
"""So much is read and checked at a time, which takes about 2 ms; then the sockets of this node
have their turn. A thread would not be kinder to them: it holds the interpreter for 5 ms."""
TOO_LONG = f"The row is longer than {MAX_ROW_BYTES} bytes."
GONE = "The file to import is no longer there."


async def run_import(chat: Chat, job: Job) -> Ending:
    """Store what is left of the file, and keep a report where there is something to report. A
    file that breaks off fails the job; what came before is stored."""
    source = Source(job)
    storing: asyncio.Task[Job] | None = None
    try:
        async with aclosing(source.batches(chat)) as batches:
            async for batch in batches:
                # PostgreSQL stores one batch while the next is read: each takes half the time.
                if storing is not None:
                    job = await storing
                storing = asyncio.create_task(chat.imports.store(job, batch))
        if storing is not None:
            job = await storing
    finally:
        if storing is not None:
            storing.cancel()
            await asyncio.gather(storing, return_exceptions=True)
    return Ending(result=await report(chat, job, source.failure), failure=source.failure)


class Source:
    """The rest of a job's file, as batches. `failure` says why it ended before its end."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._read = reader(job.kind, job.application_id)
        self._most = BATCHES.get(job.kind, OTHER_BATCH)
        self.failure: str | None = None

    async def batches(self, chat: Chat) -> AsyncGenerator[Batch]:
        batch = _Collected()
        try:
            async for row in self._rows(chat):
                batch.add(row, self._read)
                if batch.count >= self._most or batch.size >= BATCH_BYTES:
                    yield batch.whole()
                    batch = _Collected()
        except BrokenFile as fault:
            self.failure = str(fault)
        except NotFound:
            self.failure = GONE
        if batch.count:
            yield batch.whole()

    async def _rows(self, chat: Chat) -> AsyncGenerator[Row]:
        rows = Rows(self._job.progress.position, self._job.progress.read)
        reading = await chat.jobs.read_source(self._job)
        async with aclosing(reading) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                for part in _parts(piece):
                    for row in rows.feed(part):
                        yield row
                    await asyncio.sleep(0)
        rows.close()


def _parts(piece: bytes) -> Iterator[bytes]:
    for start in range(0, len(piece), PIECE_BYTES):
        yield piece[start : start + PIECE_BYTES]


class _Collected:
    """A batch that grows."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, msgspec.Struct]] = []
        self._refused: list[Refusal] = []
        self._position = 0
        self.count = 0
        self.size = 0

    def add(self, row: Row, read: Callable[[bytes], msgspec.Struct]) -> None:
        self.count += 1
        self._position = row.end
        if row.text is None:
            self._refused.append(Refusal(row.number, TOO_LONG))
            return
        self.size += len(row.text)
        try:
            self._rows.append((row.number, read(row.text)))
        except Invalid as refusal:
            self._refused.append(Refusal(row.number, str(refusal)))

    def whole(self) -> Batch:
        return Batch(self._rows, self._refused, self._position)
