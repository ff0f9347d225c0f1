"""Reports: what an import did not store, and why, as JSON lines."""

from collections.abc import AsyncIterator

import msgspec

from chat.chat import Chat
from chat.jobs import Job, Refusal

PAGE = 1000

_encode = msgspec.json.Encoder().encode


async def report(chat: Chat, job: Job, failure: str | None) -> str | None:
    """Keep the report of an import; answer its key, or None where all went well. What broke the
    file off comes last, as the row that could not be read."""
    if failure is None and not job.progress.refused:
        return None
    return await chat.jobs.keep_result(job, "import-report.jsonl", _lines(chat, job, failure))


async def _lines(chat: Chat, job: Job, failure: str | None) -> AsyncIterator[bytes]:
    after = 0
    while refusals := await chat.jobs.refusals(job, after, PAGE):
        yield b"".join(_line(refusal) for refusal in refusals)
        after = refusals[-1].row
    if failure is not None:
        yield _line(Refusal(job.progress.read + 1, failure))


def _line(refusal: Refusal) -> bytes:
    return _encode({"row": refusal.row, "reason": refusal.reason}) + b"\n"
