"""Group commit of messages (send_messages in the schema): one statement stores what many send.

Rule: `done` is called exactly once per message, in order, after the commit or the refusal.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from chat.errors import Blocked, ChatError, NotAMember, NotFound, Unavailable
from chat.messages import Message, Sent
from chat.store import Done, NewMessage, Outcome
from storage.postgres.batches import Lane
from storage.postgres.database import Database
from storage.postgres.messages import read_at

LANES = 4
"""Batches in flight per node. A channel always uses the same lane, which keeps the order of its
sends and keeps lanes from waiting for each other's row locks."""
MOST = 500
"""Messages per statement: beyond this the statement gets longer, not the rate higher."""

SEND = """SELECT row_number, status, message_id, message_offset, message_number, message_created
    FROM send_messages($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ORDER BY row_number"""

REFUSALS: dict[str, type[ChatError]] = {
    "not_found": NotFound,
    "not_a_member": NotAMember,
    "blocked": Blocked,
}

_encode = msgspec.json.Encoder().encode
_Item = tuple[NewMessage, Done]


class Sends:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._lanes = [Lane(self._store, _deliver, MOST) for _ in range(LANES)]

    def submit(self, message: NewMessage, done: Done) -> None:
        self._lanes[message.channel_id % LANES].add((message, done))

    async def send(self, message: NewMessage, told: Done) -> Sent:
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def done(outcome: Outcome) -> None:
            told(outcome)
            if not future.done():
                future.set_result(outcome)

        self.submit(message, done)
        outcome = await future
        if isinstance(outcome, ChatError):
            raise outcome
        return outcome

    async def idle(self) -> None:
        for lane in self._lanes:
            await lane.idle()

    async def _store(self, batch: Sequence[_Item]) -> list[Outcome]:
        found = await self._database.rows(SEND, *_arrays([message for message, _ in batch]))
        outcomes: list[Outcome] = []
        again: dict[int, tuple[int, int]] = {}
        for (message, _), row in zip(batch, found, strict=True):
            status = row["status"]
            if status == "sent":
                outcomes.append(Sent(_stored(message, row), duplicate=False))
            elif status == "duplicate":
                again[len(outcomes)] = (message.channel_id, row["message_offset"])
                outcomes.append(Unavailable())
            else:
                outcomes.append(REFUSALS[status]())
        if again:
            stored = await read_at(self._database, list(again.values()))
            for index, at in again.items():
                outcomes[index] = Sent(stored[at], duplicate=True)
        return outcomes


def _deliver(item: _Item, outcome: Outcome) -> None:
    item[1](outcome)


def _arrays(batch: Sequence[NewMessage]) -> list[list[Any]]:
    columns: list[list[Any]] = [[] for _ in range(11)]
    for message in batch:
        draft = message.draft
        values = (
            message.application_id,
            message.channel_id,
            message.sender.id if message.sender else 0,
            message.trusted,
            draft.client_id,
            draft.text,
            _encode(draft.files).decode() if draft.files else None,
            _encode(draft.properties).decode() if draft.properties else None,
            draft.group_tag,
            draft.thread_id,
            draft.reply_to,
        )
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    return columns


def _stored(message: NewMessage, row: Any) -> Message:
    draft = message.draft
    created: datetime = row["message_created"]
    return Message(
        id=row["message_id"],
        application_id=message.application_id,
        channel_id=message.channel_id,
        offset=row["message_offset"],
        number=row["message_number"],
        sender=message.sender,
        created=created,
        client_id=draft.client_id,
        thread_id=draft.thread_id,
        reply_to=draft.reply_to,
        text=draft.text,
        files=draft.files,
        properties=draft.properties,
        group_tag=draft.group_tag,
    )
