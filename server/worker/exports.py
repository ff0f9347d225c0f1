"""Exports: every message or user of an application, as JSON lines.

Rule: read by key, a page at a time, never in one long transaction, which would keep PostgreSQL from
cleaning up after everybody else. So every row that was there at the start and is not deleted
meanwhile is exported once, as it is when its page is read; a job taken up again begins anew.
"""

from collections.abc import AsyncIterator, Callable

from chat.actors import Actor
from chat.chat import Chat
from chat.jobs import Ending, Job, JobKind
from server.dialects.chatkitty.export_rows import message_lines, user_lines
from server.dialects.chatkitty.view import view_at

PAGE = 250
"""A page is encoded in about 5 ms; then the sockets of this node have their turn."""

Pages = Callable[[Chat, Job], AsyncIterator[tuple[int, bytes]]]


async def run_export(chat: Chat, job: Job) -> Ending:
    """Keep the file of an export."""
    rows = 0

    async def lines() -> AsyncIterator[bytes]:
        nonlocal rows
        async for count, page in PAGES[job.kind](chat, job):
            rows += count
            await chat.jobs.count(job, rows)
            yield page

    key = await chat.jobs.keep_result(job, f"{NAMES[job.kind]}.jsonl", lines())
    return Ending(result=key, rows=rows)


async def _messages(chat: Chat, job: Job) -> AsyncIterator[tuple[int, bytes]]:
    """Oldest first, up to the newest there is at the start."""
    actor, last = Actor(application_id=job.application_id), await chat.jobs.newest_message(job)
    after = 0
    while messages := await chat.jobs.messages_after(job, after, last, PAGE):
        view = await view_at(chat, job.origin, actor, messages=messages)
        yield len(messages), message_lines(view, messages)
        after = messages[-1].id


async def _users(chat: Chat, job: Job) -> AsyncIterator[tuple[int, bytes]]:
    actor = Actor(application_id=job.application_id)
    view = await view_at(chat, job.origin, actor)
    after = 0
    while users := await chat.jobs.users_after(job, after, PAGE):
        yield len(users), user_lines(view, users)
        after = users[-1].id


PAGES: dict[JobKind, Pages] = {
    "MESSAGE_ANALYTICS_EXPORT": _messages,
    "USER_ANALYTICS_EXPORT": _users,
}
NAMES: dict[JobKind, str] = {
    "MESSAGE_ANALYTICS_EXPORT": "message-analytics",
    "USER_ANALYTICS_EXPORT": "user-analytics",
}
