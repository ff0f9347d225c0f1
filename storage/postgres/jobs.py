"""Jobs: rows that nodes claim, hold and end. Whoever moves a job on checks that it holds it."""

from collections.abc import Sequence

from chat.errors import NotFound
from chat.jobs import OPEN as OPEN_STATES
from chat.jobs import Ending, Job, JobKind, JobLost, NewJob, Progress, Refusal
from chat.messages import Message
from chat.pages import Page, PageRequest
from chat.users import User
from storage.postgres import rows
from storage.postgres.database import Database
from storage.postgres.messages import read_at
from storage.postgres.paging import Conditions, order

JOB = """j.id, j.application_id, j.kind, j.state, j.channel_id, j.origin, j.source, j.result,
    j.position, j.rows_read, j.rows_stored, j.rows_refused, j.failure, j.attempts, j.created,
    j.ended"""
OPEN = f"j.state IN {OPEN_STATES}"
SORT = {
    "id": "j.id",
    "createdTime": "j.created",
    "endedTime": "j.ended",
    "state": "j.state",
    "type": "j.kind",
}
GROWN: dict[JobKind, tuple[str, ...]] = {
    "USER_IMPORT": ("users",),
    "CHANNEL_IMPORT": ("channels", "memberships"),
    "CHANNEL_MEMBERS_IMPORT": ("memberships",),
    "MESSAGE_IMPORT": ("messages",),
    "MESSAGE_ANALYTICS_EXPORT": (),
    "USER_ANALYTICS_EXPORT": (),
}


class Jobs:
    """`node` names the process that claims."""

    def __init__(self, database: Database, node: str) -> None:
        self._database = database
        self._node = node

    async def add(self, application_id: int, job: NewJob) -> Job:
        return _job(
            await self._database.row(
                f"""INSERT INTO jobs AS j (application_id, kind, origin, channel_id, source)
                    VALUES ($1, $2, $3, $4, $5) RETURNING {JOB}""",
                application_id,
                job.kind,
                job.origin,
                job.channel_id,
                job.source,
            )
        )

    async def get(self, application_id: int, job_id: int) -> Job:
        row = await self._database.row(
            f"SELECT {JOB} FROM jobs j WHERE j.id = $2 AND j.application_id = $1",
            application_id,
            job_id,
        )
        if row is None:
            raise NotFound
        return _job(row)

    async def find_by_result(self, job_id: int, result: str) -> Job | None:
        row = await self._database.row(
            f"SELECT {JOB} FROM jobs j WHERE j.id = $1 AND j.result = $2", job_id, result
        )
        return _job(row) if row is not None else None

    async def page(
        self, application_id: int, request: PageRequest, *, is_open: bool | None = None
    ) -> Page[Job]:
        where = Conditions()
        where.add("j.application_id = {}", application_id)
        if is_open is not None:
            where.add(OPEN if is_open else f"NOT ({OPEN})")
        total = await self._database.value(
            f"SELECT count(*) FROM jobs j WHERE {where.sql}", *where.values
        )
        found = await self._database.rows(
            f"""SELECT {JOB} FROM jobs j WHERE {where.sql}
                ORDER BY {order(request, SORT, "j.id")}
                LIMIT {request.size} OFFSET {request.skip}""",
            *where.values,
        )
        return Page(items=[_job(row) for row in found], total=total, request=request)

    async def claim(self, lease_seconds: float) -> Job | None:
        row = await self._database.row(
            f"""UPDATE jobs AS j SET state = 'RUNNING', node = $1, attempts = j.attempts + 1,
                    lease = now() + make_interval(secs => $2)
                WHERE j.id = (
                    SELECT j.id FROM jobs j
                    WHERE {OPEN} AND (j.lease IS NULL OR j.lease < now()) AND NOT EXISTS (
                        SELECT FROM jobs e WHERE e.application_id = j.application_id
                            AND e.id < j.id AND e.state IN ('PENDING', 'RUNNING'))
                    ORDER BY j.id LIMIT 1 FOR UPDATE SKIP LOCKED)
                RETURNING {JOB}""",
            self._node,
            lease_seconds,
        )
        return _job(row) if row is not None else None

    async def hold(self, job: Job, lease_seconds: float) -> None:
        held = await self._database.execute(
            """UPDATE jobs SET lease = now() + make_interval(secs => $3)
               WHERE id = $1 AND node = $2 AND state = 'RUNNING'""",
            job.id,
            self._node,
            lease_seconds,
        )
        if not held:
            raise JobLost

    async def release(self, job: Job, retry_seconds: float, *, counts: bool) -> None:
        await self._database.execute(
            """UPDATE jobs SET lease = now() + make_interval(secs => $3),
                   attempts = attempts - CASE WHEN $4 THEN 0 ELSE 1 END
               WHERE id = $1 AND node = $2 AND state = 'RUNNING'""",
            job.id,
            self._node,
            retry_seconds,
            counts,
        )

    async def advance(
        self, job: Job, progress: Progress, refusals: Sequence[Refusal], lease_seconds: float
    ) -> None:
        moved = await self._database.execute(
            """UPDATE jobs SET lease = now() + make_interval(secs => $4), attempts = 0,
                   position = $5, rows_read = $6, rows_stored = $7, rows_refused = $8
               WHERE id = $1 AND node = $2 AND state = 'RUNNING' AND rows_read = $3""",
            job.id,
            self._node,
            job.progress.read,
            lease_seconds,
            progress.position,
            progress.read,
            progress.stored,
            progress.refused,
        )
        if not moved:
            raise JobLost
        if refusals:
            await self._database.execute(
                """INSERT INTO job_refusals (job_id, row_number, reason)
                   SELECT $1, r.n, r.reason
                   FROM unnest($2::bigint[], $3::text[]) AS r (n, reason)""",
                job.id,
                [refusal.row for refusal in refusals],
                [refusal.reason for refusal in refusals],
            )

    async def count(self, job: Job, rows: int, lease_seconds: float) -> None:
        counted = await self._database.execute(
            """UPDATE jobs SET rows_read = $3, rows_stored = $3,
                   lease = now() + make_interval(secs => $4)
               WHERE id = $1 AND node = $2 AND state = 'RUNNING'""",
            job.id,
            self._node,
            rows,
            lease_seconds,
        )
        if not counted:
            raise JobLost

    async def refusals(self, job_id: int, after: int, limit: int) -> list[Refusal]:
        found = await self._database.rows(
            """SELECT row_number, reason FROM job_refusals
               WHERE job_id = $1 AND row_number > $2 ORDER BY row_number LIMIT $3""",
            job_id,
            after,
            limit,
        )
        return [Refusal(row["row_number"], row["reason"]) for row in found]

    async def end(self, job: Job, ending: Ending) -> Job:
        async with self._database.transaction() as tx:
            row = await tx.row(
                f"""UPDATE jobs AS j SET state = $3, result = $4, failure = $5, ended = now(),
                        node = NULL, lease = NULL, rows_read = coalesce($6, j.rows_read),
                        rows_stored = coalesce($6, j.rows_stored)
                    WHERE j.id = $1 AND j.node = $2 AND j.state = 'RUNNING' RETURNING {JOB}""",
                job.id,
                self._node,
                ending.state,
                ending.result,
                ending.failure,
                ending.rows,
            )
            if row is None:
                raise JobLost
            await tx.execute("DELETE FROM job_refusals WHERE job_id = $1", job.id)
        return _job(row)

    async def refresh_statistics(self, kind: JobKind) -> None:
        for table in GROWN[kind]:
            await self._database.execute(f"ANALYZE {table}")

    async def newest_message(self, application_id: int) -> int:
        newest: int | None = await self._database.value(
            "SELECT max(id) FROM messages WHERE application_id = $1", application_id
        )
        return newest or 0

    async def messages_after(
        self, application_id: int, after: int, last: int, limit: int
    ) -> list[Message]:
        places = await self._database.rows(
            "SELECT * FROM export_messages($1, $2, $3, $4)", application_id, after, last, limit
        )
        found = await read_at(
            self._database, [(row["room_id"], row["message_offset"]) for row in places]
        )
        return sorted(found.values(), key=lambda message: message.id)

    async def users_after(self, application_id: int, after: int, limit: int) -> list[User]:
        found = await self._database.rows(
            f"""SELECT {rows.USER} FROM users u
                WHERE u.application_id = $1 AND u.id > $2 AND u.deleted IS NULL
                ORDER BY u.id LIMIT $3""",
            application_id,
            after,
            limit,
        )
        return [rows.user(row) for row in found]


def _job(row: rows.Row | None) -> Job:
    if row is None:
        raise NotFound
    fields = dict(row)
    progress = Progress(
        position=fields.pop("position"),
        read=fields.pop("rows_read"),
        stored=fields.pop("rows_stored"),
        refused=fields.pop("rows_refused"),
    )
    return Job(**fields, progress=progress)
