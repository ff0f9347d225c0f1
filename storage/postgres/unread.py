"""Unread counts over channels. The function `unread` knows what counts; a difference of two
numbers tells first, without a look at messages, where nothing can be unread."""

from chat.pages import MAX_PAGE_DEPTH, Page, PageRequest
from chat.unread import UnreadSummary
from chat.users import User
from storage.postgres import rows
from storage.postgres.database import Database

BEHIND = "c.deleted IS NULL AND c.messages > ms.read_number + ms.own_after"
SUMMARIES = f"""FROM channels c JOIN memberships ms ON ms.channel_id = c.id
    AND ms.state = 'joined' AND {BEHIND}
    WHERE c.application_id = $1 AND unread(ms, c.messages) > 0"""
SUMMARY_USER = ", ".join(f"u.{field} AS user_{field}" for field in User.__struct_fields__)


class Unread:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, user_id: int) -> int:
        count: int = await self._database.value(
            f"""SELECT coalesce(sum(unread(ms, c.messages)), 0)::bigint
                FROM memberships ms JOIN channels c ON c.id = ms.channel_id AND {BEHIND}
                WHERE ms.user_id = $1 AND ms.state = 'joined'""",
            user_id,
        )
        return count

    async def summaries(self, application_id: int, request: PageRequest) -> Page[UnreadSummary]:
        total = await self._database.value(
            f"SELECT count(*) FROM (SELECT {SUMMARIES} LIMIT $2) s",
            application_id,
            MAX_PAGE_DEPTH + request.size,
        )
        found = await self._database.rows(
            f"""SELECT {rows.CHANNEL}, {SUMMARY_USER}, p.unread FROM (
                    SELECT ms.channel_id, ms.user_id, unread(ms, c.messages) AS unread
                    {SUMMARIES} ORDER BY c.id, ms.user_id
                    LIMIT {request.size} OFFSET {request.skip}) p
                JOIN channels c ON c.id = p.channel_id JOIN users u ON u.id = p.user_id
                ORDER BY p.channel_id, p.user_id""",
            application_id,
        )
        items = [
            UnreadSummary(
                channel=rows.channel(row), user=rows.user(row, "user_"), count=row["unread"]
            )
            for row in found
        ]
        return Page(items=items, total=total, request=request)
