"""Imports: batches of rows, each stored together with the progress of its job: exactly once."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from chat.broker import Broker
from chat.errors import NotFound
from chat.events import ChannelGained, HeadMoved
from chat.imports import (
    REASONS,
    REPEATED,
    ImportedChannel,
    ImportedMember,
    ImportedMessage,
    ImportedUser,
    Verdicts,
)
from chat.jobs import LEASE_SECONDS, Job, Progress, Refusal
from chat.store import Store
from chat.users import User

T = TypeVar("T")


class Batch(msgspec.Struct, frozen=True):
    """Rows of a file with their numbers, those that could not be read, and where it goes on."""

    rows: list[tuple[int, msgspec.Struct]]
    refused: list[Refusal]
    position: int


class Imports:
    """Every call stores a batch and advances its job, or raises and does neither. JobLost is
    raised when another node holds the job."""

    def __init__(self, store: Store, broker: Broker) -> None:
        self._store = store
        self._broker = broker

    async def store(self, job: Job, batch: Batch) -> Job:
        """Store a batch of the job's kind; answer the job as it stands then. Live sockets are
        told by one hint per channel, and read the messages as they would after an absence."""
        async with self._store.transaction() as tx:
            # The job first: it keeps a node that lost it from storing anything.
            await tx.jobs.hold(job, LEASE_SECONDS)
            verdicts = await self._store_rows(tx, job, [row for _, row in batch.rows])
            refusals = [*batch.refused, *_refusals(batch, verdicts)]
            progress = _progress(job.progress, batch, verdicts, len(refusals))
            await tx.jobs.advance(job, progress, refusals, LEASE_SECONDS)
        for channel_id, head in verdicts.heads.items():
            self._broker.publish(HeadMoved(channel_id, head))
        for user_id, channel_id, offset in verdicts.gained:
            self._broker.publish(ChannelGained(user_id, channel_id, offset))
        return msgspec.structs.replace(job, progress=progress)

    async def _store_rows(self, tx: Store, job: Job, rows: list[msgspec.Struct]) -> Verdicts:
        if not rows:
            return Verdicts({})
        if job.kind == "USER_IMPORT":
            return await tx.imports.users(job.application_id, _are(rows, ImportedUser))
        if job.kind == "MESSAGE_IMPORT":
            return await tx.imports.messages(job.application_id, _are(rows, ImportedMessage))
        if job.kind == "CHANNEL_MEMBERS_IMPORT":
            return await self._members(tx, job, _are(rows, ImportedMember))
        return await self._channels(tx, job, _are(rows, ImportedChannel))

    async def _members(self, tx: Store, job: Job, rows: Sequence[ImportedMember]) -> Verdicts:
        try:
            channel = await tx.channels.lock(job.application_id, job.channel_id or 0)
        except NotFound:  # deleted since the import was asked for
            return Verdicts(dict.fromkeys(range(len(rows)), "no_channel"))
        return await tx.imports.members(channel.id, rows)

    async def _channels(self, tx: Store, job: Job, rows: Sequence[ImportedChannel]) -> Verdicts:
        names = sorted({name for row in rows for name in row.people})
        people = await tx.users.named(job.application_id, names)
        verdicts = Verdicts({})
        for index, row in enumerate(rows):
            if unknown := sorted(row.people - set(people)):
                verdicts.others[index] = f"There is no user named {unknown[0]}."
            else:
                await self._channel(tx, job, index, row, people, verdicts)
        return verdicts

    async def _channel(
        self,
        tx: Store,
        job: Job,
        index: int,
        row: ImportedChannel,
        people: dict[str, User],
        verdicts: Verdicts,
    ) -> None:
        new = row.channel({name: people[name].id for name in row.people})
        equal = await tx.channels.find_equal(job.application_id, new)
        if equal is not None:
            same = equal.kind == new.kind
            verdicts.others[index] = (
                REPEATED if same else "A channel of another kind has this name."
            )
            return
        made = await tx.channels.add(job.application_id, new)
        if row.created is not None:
            await tx.imports.date_channel(made.id, row.created)
        head = await tx.channels.append(made.id, "channel.created", user_id=new.owner_id)
        for member in sorted((people[name] for name in row.people), key=lambda user: user.id):
            await tx.members.add(made.id, member.id)
            if member.online:
                verdicts.gained.append((member.id, made.id, head))


def _are(rows: list[msgspec.Struct], kind: type[T]) -> list[T]:
    return [row for row in rows if isinstance(row, kind)]


def _refusals(batch: Batch, verdicts: Verdicts) -> list[Refusal]:
    return [
        Refusal(batch.rows[index][0], REASONS.get(verdict, verdict))
        for index, verdict in verdicts.others.items()
        if verdict != REPEATED
    ]


def _progress(before: Progress, batch: Batch, verdicts: Verdicts, refused: int) -> Progress:
    return Progress(
        position=batch.position,
        read=before.read + len(batch.rows) + len(batch.refused),
        stored=before.stored + len(batch.rows) - len(verdicts.others),
        refused=before.refused + refused,
    )
