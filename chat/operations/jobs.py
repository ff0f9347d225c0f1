"""Jobs: starting them, seeing how they do, what they read and what they make."""

from collections.abc import AsyncIterator

from chat.actors import Actor
from chat.errors import Forbidden, NotFound
from chat.files import FileStore, StoredFile
from chat.jobs import (
    LEASE_SECONDS,
    MANY_ROWS,
    MAX_IMPORT_BYTES,
    Ending,
    Job,
    JobKind,
    JobLost,
    NewJob,
    Refusal,
)
from chat.messages import Message
from chat.operations.access import check_group, see_channel
from chat.operations.files import Files
from chat.pages import Page, PageRequest, check_page
from chat.store import Store
from chat.users import User

SORT_FIELDS = frozenset({"id", "createdTime", "endedTime", "state", "type"})
JSON_LINES = "application/x-ndjson"


class Jobs:
    """`files` keeps what jobs read and make; `max_bytes` is what one file may have."""

    def __init__(
        self, store: Store, files: FileStore, *, max_bytes: int = MAX_IMPORT_BYTES
    ) -> None:
        self._store = store
        self.files = Files(store, files, max_bytes)

    async def check_import(self, actor: Actor, channel_id: int | None = None) -> None:
        """Refuse what would be refused anyway, before a file is taken in for nothing."""
        if not actor.is_application:
            raise Forbidden
        if channel_id is not None:
            check_group((await see_channel(self._store, actor, channel_id)).channel)

    async def start_import(
        self,
        actor: Actor,
        kind: JobKind,
        file: StoredFile,
        *,
        origin: str,
        channel_id: int | None = None,
    ) -> Job:
        """Have a file imported later, which is then deleted; at once if this is refused."""
        job = NewJob(kind=kind, origin=origin, channel_id=channel_id, source=file.key)
        async with self.files.used(actor, file):
            await self.check_import(actor, channel_id)
            return await self._store.jobs.add(actor.application_id, job)

    async def start_export(self, actor: Actor, kind: JobKind, *, origin: str) -> Job:
        """Have a file made of everything there is, later."""
        if not actor.is_application:
            raise Forbidden
        return await self._store.jobs.add(actor.application_id, NewJob(kind=kind, origin=origin))

    async def get(self, actor: Actor, job_id: int) -> Job:
        return await self._store.jobs.get(actor.application_id, job_id)

    async def page(
        self, actor: Actor, request: PageRequest, *, is_open: bool | None = None
    ) -> Page[Job]:
        check_page(request, SORT_FIELDS)
        return await self._store.jobs.page(actor.application_id, request, is_open=is_open)

    async def get_by_result(self, job_id: int, key: str) -> Job:
        """The job that made this file: who knows its key may fetch it."""
        job = await self._store.jobs.find_by_result(job_id, key)
        if job is None:
            raise NotFound
        return job

    async def read_result(self, job: Job) -> AsyncIterator[bytes]:
        """The bytes a job made, one JSON line for each row. Raises NotFound where there are none,
        before any byte is read."""
        if job.result is None:
            raise NotFound
        return self.files.read(await self.files.get(job.result))

    async def read_source(self, job: Job) -> AsyncIterator[bytes]:
        """What is left to import, from where the job stands."""
        source = await self.files.get(job.source or "")
        return self.files.read(source, start=job.progress.position)

    async def keep_result(self, job: Job, name: str, lines: AsyncIterator[bytes]) -> str:
        """Keep what a job makes; answer its key. When cancelled nothing stays."""
        actor = Actor(application_id=job.application_id)
        return (await self.files.upload(actor, name, JSON_LINES, lines)).key

    async def refusals(self, job: Job, after: int, limit: int) -> list[Refusal]:
        """The rows of an import that were not stored, in their order."""
        return await self._store.jobs.refusals(job.id, after, limit)

    async def newest_message(self, job: Job) -> int:
        return await self._store.jobs.newest_message(job.application_id)

    async def messages_after(self, job: Job, after: int, last: int, limit: int) -> list[Message]:
        """Messages of the job's application by id, up to `last`, without the deleted ones."""
        return await self._store.jobs.messages_after(job.application_id, after, last, limit)

    async def users_after(self, job: Job, after: int, limit: int) -> list[User]:
        """Users of the job's application by id."""
        return await self._store.jobs.users_after(job.application_id, after, limit)

    async def count(self, job: Job, rows: int) -> None:
        """Record how many rows an export holds so far. Raises JobLost."""
        await self._store.jobs.count(job, rows, LEASE_SECONDS)

    async def end(self, job: Job, ending: Ending) -> Job:
        """End a job with the result that was kept; what it read is deleted. Raises JobLost when
        another node holds it, whose result then counts."""
        actor = Actor(application_id=job.application_id)
        try:
            ended = await self._store.jobs.end(job, ending)
        except JobLost:
            await self.files.forget(actor, [ending.result] if ending.result else [])
            raise
        await self.files.forget(actor, [job.source] if job.source else [])
        if ended.progress.stored >= MANY_ROWS:
            await self._store.jobs.refresh_statistics(job.kind)
        return ended
