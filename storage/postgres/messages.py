"""Messages as they are read back, edited and deleted, and their reactions."""

from collections.abc import Sequence
from typing import Any

from chat.checks import MAX_ID
from chat.errors import NotFound
from chat.messages import Message
from chat.pages import CursorPage, CursorRequest, MessageFilter
from storage.postgres import rows
from storage.postgres.database import Database
from storage.postgres.paging import Conditions, pattern
from storage.postgres.unread import BEHIND

SELECT = f"SELECT {rows.MESSAGE} FROM messages m {rows.MESSAGE_JOINS}"


async def read_at(
    database: Database, places: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], Message]:
    """The messages at these (channel, offset) places."""
    found = await database.rows(
        f"""SELECT {rows.MESSAGE} FROM unnest($1::bigint[], $2::bigint[]) AS p (channel_id, o)
            JOIN messages m ON m.channel_id = p.channel_id AND m.at_offset = p.o
            {rows.MESSAGE_JOINS}""",
        [channel for channel, _ in places],
        [offset for _, offset in places],
    )
    return {(row["channel_id"], row["at_offset"]): rows.message(row) for row in found}


class Messages:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, application_id: int, message_id: int) -> Message:
        row = await self._database.row(
            f"{SELECT} WHERE m.id = $2 AND m.application_id = $1", application_id, message_id
        )
        if row is None:
            raise NotFound
        return rows.message(row)

    async def find(self, channel_id: int, message_id: int) -> Message | None:
        row = await self._database.row(
            f"{SELECT} WHERE m.id = $2 AND m.channel_id = $1", channel_id, message_id
        )
        return rows.message(row) if row is not None else None

    async def history(
        self,
        channel_id: int,
        *,
        before: int | None,
        after: int | None,
        around: int | None,
        limit: int,
    ) -> list[Message]:
        if after is not None:
            return await self._side(channel_id, "> $2", after, "ASC", limit)
        if around is not None:
            newer = await self._side(channel_id, ">= $2", around, "ASC", (limit + 1) // 2)
            older = await self._side(channel_id, "< $2", around, "DESC", limit - len(newer))
            return older + newer
        return await self._side(
            channel_id, "< $2", before if before is not None else 2**62, "DESC", limit
        )

    async def _side(
        self, channel_id: int, condition: str, offset: int, direction: str, limit: int
    ) -> list[Message]:
        if limit < 1:
            return []
        found = await self._database.rows(
            f"""{SELECT} WHERE m.channel_id = $1 AND m.visible AND m.at_offset {condition}
                ORDER BY m.at_offset {direction} LIMIT {limit}""",
            channel_id,
            offset,
        )
        return sorted((rows.message(row) for row in found), key=lambda message: message.offset)

    async def page(
        self, application_id: int, wanted: MessageFilter, request: CursorRequest
    ) -> CursorPage[Message]:
        where = _conditions(application_id, wanted)
        scope = _between(where, application_id, wanted, request)
        forward = request.after is not None
        way = "ASC" if forward else "DESC"
        found = await self._database.rows(
            f"""SELECT {rows.MESSAGE} FROM (
                    SELECT m.* FROM {_source(where, wanted, f"{way} LIMIT {request.size + 1}")}
                    ORDER BY {scope} {way}, m.id {way} LIMIT {request.size + 1}
                ) m {rows.MESSAGE_JOINS} ORDER BY m.id {way}""",
            *where.values,
        )
        more = len(found) > request.size
        messages = [rows.message(row) for row in found[: request.size]]
        if forward:
            messages.reverse()
        return CursorPage(
            items=messages,
            older=more if not forward else True,
            newer=more if forward else request.before is not None,
            request=request,
        )

    async def last_of(self, channel_ids: Sequence[int]) -> dict[int, Message]:
        found = await self._database.rows(
            """SELECT c.id, l.at_offset FROM unnest($1::bigint[]) AS c (id), LATERAL (
                   SELECT m.at_offset FROM messages m
                   WHERE m.channel_id = c.id AND m.deleted IS NULL AND m.visible
                   ORDER BY m.at_offset DESC LIMIT 1) l""",
            list(channel_ids),
        )
        stored = await read_at(self._database, [(row["id"], row["at_offset"]) for row in found])
        return {channel_id: message for (channel_id, _), message in stored.items()}

    async def reply_counts(self, message_ids: Sequence[int]) -> dict[int, int]:
        found = await self._database.rows(
            """SELECT t.message_id, count(m.at_offset) AS count
               FROM messages p
               JOIN threads t ON t.channel_id = p.channel_id AND t.message_id = p.id
               JOIN messages m ON m.thread_id = t.id AND m.deleted IS NULL
               WHERE p.id = ANY ($1::bigint[]) GROUP BY t.message_id""",
            list(message_ids),
        )
        return {row["message_id"]: row["count"] for row in found}

    async def edit(
        self, message: Message, text: str | None, properties: dict[str, Any] | None
    ) -> Message:
        await self._database.execute(
            """UPDATE messages SET text = coalesce($3, text),
                   properties = coalesce($4, properties), edited = now()
               WHERE channel_id = $1 AND at_offset = $2""",
            message.channel_id,
            message.offset,
            text,
            properties,
        )
        return await self._again(message)

    async def delete(self, message: Message) -> Message:
        await self._database.execute(
            """UPDATE messages SET text = NULL, files = NULL, properties = NULL, deleted = now()
               WHERE channel_id = $1 AND at_offset = $2""",
            message.channel_id,
            message.offset,
        )
        return await self._again(message)

    async def _again(self, message: Message) -> Message:
        place = (message.channel_id, message.offset)
        return (await read_at(self._database, [place]))[place]

    async def delete_all(self, application_id: int, limit: int) -> list[Message]:
        found = await self._database.rows(
            f"""{SELECT} WHERE m.application_id = $1 AND m.deleted IS NULL
                ORDER BY m.id LIMIT $2""",
            application_id,
            limit,
        )
        return [rows.message(row) for row in found]

    async def add_reaction(self, message: Message, user_id: int, emoji: str) -> bool:
        added = await self._database.execute(
            """INSERT INTO reactions (channel_id, message_id, emoji, user_id)
               VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING""",
            message.channel_id,
            message.id,
            emoji,
            user_id,
        )
        await self._mark_reacted(message)
        return added == 1

    async def remove_reaction(self, message: Message, user_id: int, emoji: str) -> bool:
        removed = await self._database.execute(
            """DELETE FROM reactions
               WHERE channel_id = $1 AND message_id = $2 AND emoji = $3 AND user_id = $4""",
            message.channel_id,
            message.id,
            emoji,
            user_id,
        )
        await self._mark_reacted(message)
        return removed == 1

    async def _mark_reacted(self, message: Message) -> None:
        await self._database.execute(
            """UPDATE messages m SET reacted = x.reacted FROM (
                   SELECT EXISTS (SELECT FROM reactions r
                                  WHERE r.channel_id = $1 AND r.message_id = $3) AS reacted) x
               WHERE m.channel_id = $1 AND m.at_offset = $2 AND m.reacted <> x.reacted""",
            message.channel_id,
            message.offset,
            message.id,
        )


def _conditions(application_id: int, wanted: MessageFilter) -> Conditions:
    where = Conditions()
    where.add("m.deleted IS NULL AND m.visible")
    if wanted.channel_id is not None:
        where.add("m.application_id = {}", application_id)
    if wanted.main_thread:
        where.add("m.thread_id IS NULL")
    if wanted.thread_id is not None:
        where.add("m.thread_id = {}", wanted.thread_id)
    if wanted.channel_id is not None and wanted.sender_name is not None:
        where.add(f"m.sender_id = {_SENDER}", application_id, wanted.sender_name)
    if wanted.text is not None:
        where.add("m.text ILIKE {}", pattern(wanted.text))
    return where


_SENDER = """(SELECT u.id FROM users u
    WHERE u.application_id = {0} AND u.name = {1} AND u.deleted IS NULL)"""


def _between(
    where: Conditions, application_id: int, wanted: MessageFilter, request: CursorRequest
) -> str:
    """Add the ends of a page: the column whose index, with ids, holds the list in its order.

    Pairs are compared, not the ids of an equal column: PostgreSQL would then read the newest
    messages of all, hoping that enough of them are the list's.
    """
    low = request.after if request.after is not None else 0
    high = request.before if request.before is not None else MAX_ID + 1
    if wanted.reader_id is not None:
        where.add("m.id > {} AND m.id < {}", low, high)
        return "m.id"
    column, owner = "m.application_id", "{0}"
    named: list[Any] = [application_id]
    if wanted.channel_id is not None:
        column, named = "m.channel_id", [wanted.channel_id]
    elif wanted.sender_name is not None:
        column, owner, named = "m.sender_id", _SENDER, [application_id, wanted.sender_name]
    first, last = f"{{{len(named)}}}", f"{{{len(named) + 1}}}"
    where.add(
        f"({column}, m.id) > ({owner}, {first}) AND ({column}, m.id) < ({owner}, {last})",
        *named,
        low,
        high,
    )
    return column


def _source(where: Conditions, wanted: MessageFilter, page: str) -> str:
    """FROM and WHERE. What a reader has not read is taken from each channel that has any, no more
    of it than fits the page; in one channel ids and offsets have the same order."""
    if wanted.reader_id is None:
        return f"messages m WHERE {where.sql}"
    inner = where.sql
    where.values.append(wanted.reader_id)
    return f"""memberships ms
        JOIN channels c ON c.id = ms.channel_id AND {BEHIND},
        LATERAL (SELECT m.* FROM messages m
                 WHERE m.channel_id = ms.channel_id AND m.at_offset > ms.read_offset
                     AND m.number > ms.read_number AND m.sender_id <> ms.user_id AND {inner}
                 ORDER BY m.at_offset {page}) m
        WHERE ms.user_id = ${len(where.values)} AND ms.state = 'joined'"""
