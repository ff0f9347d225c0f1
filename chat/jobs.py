"""Jobs: work that outlives a request: files that are imported, and exports into files.

Rule: a job changes its state only along MOVES, and only its holder moves it on.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from chat.messages import Message
from chat.pages import Page, PageRequest
from chat.users import User

JobKind = Literal[
    "USER_IMPORT",
    "CHANNEL_IMPORT",
    "CHANNEL_MEMBERS_IMPORT",
    "MESSAGE_IMPORT",
    "MESSAGE_ANALYTICS_EXPORT",
    "USER_ANALYTICS_EXPORT",
]
JobState = Literal["PENDING", "RUNNING", "FINISHED", "FAILED"]

MOVES: dict[JobState, frozenset[JobState]] = {
    "PENDING": frozenset({"RUNNING"}),
    "RUNNING": frozenset({"RUNNING", "FINISHED", "FAILED"}),  # RUNNING again: by another node
    "FINISHED": frozenset(),
    "FAILED": frozenset(),
}
EXPORTS: frozenset[JobKind] = frozenset({"MESSAGE_ANALYTICS_EXPORT", "USER_ANALYTICS_EXPORT"})
OPEN: tuple[JobState, ...] = tuple(state for state, moves in MOVES.items() if moves)

LEASE_SECONDS = 8.0
"""How long a job stays with a node that is silent. With the rhythm at which nodes look for jobs
that is 10 s, below the 15 s in which a killed node's job must be taken up."""
MAX_IMPORT_BYTES = 4 * 1024**3
MANY_ROWS = 1000
MAX_ATTEMPTS = 5
"""A job that stops its worker so often at the same place is given up."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a job has come. `position` is where in its source to go on; rows that were read and
    neither stored nor refused had been stored before."""

    position: int = 0
    read: int = 0
    stored: int = 0
    refused: int = 0


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """`source` is the file it reads, `result` the file it made: keys of the file store. `origin` is
    the address its caller knows this server by."""

    id: int
    application_id: int
    kind: JobKind
    state: JobState
    channel_id: int | None
    origin: str
    source: str | None
    result: str | None
    progress: Progress
    failure: str | None
    attempts: int
    created: datetime
    ended: datetime | None

    @property
    def is_export(self) -> bool:
        return self.kind in EXPORTS


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    kind: JobKind
    origin: str
    channel_id: int | None = None
    source: str | None = None


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a job ends: with a result, or none, and where it failed the reason."""

    result: str | None = None
    failure: str | None = None
    rows: int | None = None
    """How many rows an export holds; imports have counted theirs."""

    @property
    def state(self) -> JobState:
        return "FINISHED" if self.failure is None else "FAILED"


class Refusal(msgspec.Struct, frozen=True):
    """A row of an import that was not stored. Rows are counted from 1."""

    row: int
    reason: str


class JobLost(Exception):
    """Another node holds the job by now: what was about to be stored is its to store."""


class JobStore(Protocol):
    async def add(self, application_id: int, job: NewJob) -> Job: ...
    async def get(self, application_id: int, job_id: int) -> Job: ...
    async def find_by_result(self, job_id: int, result: str) -> Job | None: ...
    async def page(
        self, application_id: int, request: PageRequest, *, is_open: bool | None = None
    ) -> Page[Job]: ...
    async def claim(self, lease_seconds: float) -> Job | None:
        """Take up a job that nobody holds: one that waits, or whose holder is silent or let go.
        One application's jobs run one after the other, in the order they were made: the members
        of an import are the users of the one before."""
        ...

    async def hold(self, job: Job, lease_seconds: float) -> None:
        """Renew the lease. Raises JobLost."""
        ...

    async def release(self, job: Job, retry_seconds: float, *, counts: bool) -> None:
        """Let go of a job, to be taken up after so long. Only an attempt that `counts` brings it
        nearer to being given up. Nothing happens when it is lost already."""
        ...

    async def advance(
        self, job: Job, progress: Progress, refusals: Sequence[Refusal], lease_seconds: float
    ) -> None:
        """Record progress and who was refused, in the transaction that stores the rows. Raises
        JobLost when the job is held elsewhere or stands elsewhere: then nothing is stored."""
        ...

    async def count(self, job: Job, rows: int, lease_seconds: float) -> None:
        """Record how many rows an export holds so far. Raises JobLost."""
        ...

    async def refusals(self, job_id: int, after: int, limit: int) -> list[Refusal]: ...
    async def end(self, job: Job, ending: Ending) -> Job:
        """Finish or fail, and forget the refusals, which are in the result. Raises JobLost."""
        ...

    async def refresh_statistics(self, kind: JobKind) -> None:
        """Have what such an import makes grow planned for by its new size, before what comes next
        is slow without need."""
        ...

    async def newest_message(self, application_id: int) -> int: ...
    async def messages_after(
        self, application_id: int, after: int, last: int, limit: int
    ) -> list[Message]:
        """Messages that are not deleted by id, above `after` and up to `last`, for exports."""
        ...

    async def users_after(self, application_id: int, after: int, limit: int) -> list[User]: ...
