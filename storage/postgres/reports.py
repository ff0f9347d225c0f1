"""Reports of messages; `messages.reports` counts them, so that no list has to."""

from typing import Any

from chat.channels import Channel
from chat.messages import Message
from chat.pages import Page, PageRequest
from storage.postgres import rows
from storage.postgres.database import Database
from storage.postgres.messages import SELECT
from storage.postgres.paging import order

SORT = {"id": "m.id", "createdTime": "m.created"}
REPORTED = "m.channel_id = $1 AND m.reports > 0 AND m.deleted IS NULL"


class Reports:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, message: Message, user_id: int | None, reason: str, properties: dict[str, Any]
    ) -> bool:
        added: bool = await self._database.value(
            """INSERT INTO message_reports (channel_id, message_id, user_id, reason, properties)
               VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (channel_id, message_id, user_id)
                   DO UPDATE SET reason = excluded.reason, properties = excluded.properties
               RETURNING xmax = 0""",
            message.channel_id,
            message.id,
            user_id or 0,
            reason,
            properties,
        )
        if added:
            await self._database.execute(
                """UPDATE messages SET reports = reports + 1
                   WHERE channel_id = $1 AND at_offset = $2""",
                message.channel_id,
                message.offset,
            )
        return added

    async def page(self, channel: Channel, request: PageRequest) -> Page[Message]:
        total = await self._database.value(
            f"SELECT count(*) FROM messages m WHERE {REPORTED}", channel.id
        )
        found = await self._database.rows(
            f"""{SELECT} WHERE {REPORTED} ORDER BY {order(request, SORT, "m.id DESC")}
                LIMIT {request.size} OFFSET {request.skip}""",
            channel.id,
        )
        return Page(items=[rows.message(row) for row in found], total=total, request=request)
