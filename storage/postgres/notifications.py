"""Notifications, derived: candidates are found by keyset in the channels of a user, a bounded
number of them at a time, and only those he did not see at once are kept."""

from typing import Any

from chat.notifications import Missed
from chat.pages import CursorPage, CursorRequest
from storage.postgres.database import Database
from storage.postgres.messages import read_at
from storage.postgres.rows import Row

MOST_CANDIDATES = 4096
CHUNK = 256

# The newest n messages of all channels of a user are among the newest n of those n channels
# whose newest message is newest: $2 is the position, $3 is n. Reading the other way is the same
# mirrored.
CANDIDATES = """
    WITH rooms AS MATERIALIZED (
        SELECT ms.channel_id, ms.joined_after, ms.created AS joined, ms.muted
        FROM memberships ms
        JOIN channels c ON c.id = ms.channel_id AND c.deleted IS NULL
        CROSS JOIN LATERAL (
            SELECT m.id FROM messages m
            WHERE m.channel_id = ms.channel_id AND {bounds}
            ORDER BY m.id {direction} LIMIT 1) n
        WHERE ms.user_id = $1 AND ms.state = 'joined' AND c.messages > 0
        ORDER BY n.id {direction} LIMIT $3
    ), candidates AS MATERIALIZED (
        SELECT ms.channel_id, ms.joined, ms.muted, n.id
        FROM rooms ms CROSS JOIN LATERAL (
            SELECT m.id FROM messages m
            WHERE m.channel_id = ms.channel_id AND {bounds}
            ORDER BY m.id {direction} LIMIT $3) n
        ORDER BY n.id {direction} LIMIT $3
    )
    SELECT k.id, k.channel_id, k.muted, m.at_offset, p.at_offset AS parent_offset,
           CASE WHEN a.from_number < m.number THEN a.created END AS read,
           m.sender_id <> $1 AND m.visible AND m.deleted IS NULL AND m.created >= k.joined
               AND NOT EXISTS (
                   SELECT FROM chat_sessions cs
                   WHERE cs.user_id = $1 AND cs.channel_id = k.channel_id
                     AND coalesce(cs.ended, 'infinity') > m.created
                     AND cs.created <= m.created) AS missed
    FROM candidates k
    JOIN messages m ON m.channel_id = k.channel_id AND m.id = k.id
    LEFT JOIN messages p ON p.channel_id = k.channel_id AND p.id = m.reply_to
        AND p.sender_id = $1 AND p.deleted IS NULL
    LEFT JOIN LATERAL (
        SELECT r.from_number, r.created FROM read_advances r
        WHERE r.channel_id = k.channel_id AND r.user_id = $1 AND r.to_number >= m.number
        ORDER BY r.to_number LIMIT 1) a ON true
    ORDER BY k.id {direction}"""
OLDER = CANDIDATES.format(bounds="m.id < $2 AND m.id > ms.joined_after", direction="DESC")
NEWER = CANDIDATES.format(bounds="m.id > greatest($2, ms.joined_after)", direction="ASC")


class Notifications:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, user_id: int, request: CursorRequest) -> CursorPage[Missed]:
        forward = request.after is not None
        found, end = await self._missed(user_id, request)
        more = len(found) > request.size
        if more:
            found = found[: request.size]
            end = found[-1]["id"]
        items = await self._read(reversed(found) if forward else found)
        unread = end is not None
        return CursorPage(
            items=items,
            older=unread if not forward else True,
            newer=unread if forward else request.before is not None,
            request=request,
            end=end if not forward else None,
        )

    async def _missed(self, user_id: int, request: CursorRequest) -> tuple[list[Row], int | None]:
        """One more than fits the page, if there are so many; and where reading stopped before
        everything was read."""
        statement, position = OLDER, 2**62
        if request.after is not None:
            statement, position = NEWER, request.after
        elif request.before is not None:
            position = request.before
        chunk = min(2 * request.size + 1, CHUNK)
        missed: list[Row] = []
        looked_at = 0
        while looked_at < MOST_CANDIDATES:
            found = await self._database.rows(statement, user_id, position, chunk)
            missed += [row for row in found if row["missed"]]
            looked_at += len(found)
            if len(found) < chunk:
                return missed, None
            position = found[-1]["id"]
            if len(missed) > request.size:
                break
            chunk = CHUNK
        return missed, position

    async def _read(self, found: Any) -> list[Missed]:
        rows: list[Row] = list(found)
        places = [(row["channel_id"], row["at_offset"]) for row in rows]
        parents = [(r["channel_id"], r["parent_offset"]) for r in rows if r["parent_offset"]]
        messages = await read_at(self._database, [*places, *parents]) if rows else {}
        return [
            Missed(
                message=messages[place],
                parent=messages.get((row["channel_id"], row["parent_offset"])),
                muted=row["muted"],
                read=row["read"],
            )
            for row, place in zip(rows, places, strict=True)
        ]
