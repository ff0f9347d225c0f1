"""Read marks, and who has read a message: the recorded advance that covers its number."""

from datetime import datetime

from chat.errors import NotFound
from chat.messages import Message
from chat.pages import Page, PageRequest
from chat.users import User
from storage.postgres import rows
from storage.postgres.database import Database
from storage.postgres.paging import order

READERS = """FROM memberships ms
    JOIN read_advances a ON a.channel_id = ms.channel_id AND a.user_id = ms.user_id
        AND a.to_number >= $2 AND a.from_number < $2
    JOIN users u ON u.id = ms.user_id
    WHERE ms.channel_id = $1 AND ms.user_id <> $3"""


class Receipts:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def advance(self, channel_id: int, user_id: int, up_to: int) -> tuple[int, int, bool]:
        row = await self._database.row(
            "SELECT read_up_to, unread_left, moved FROM advance_mark($1, $2, $3)",
            channel_id,
            user_id,
            up_to,
        )
        if row is None or row["read_up_to"] is None:
            raise NotFound
        return row["read_up_to"], row["unread_left"], row["moved"]

    async def of_message(
        self, message: Message, request: PageRequest
    ) -> Page[tuple[User, datetime]]:
        values = (
            message.channel_id,
            message.number,
            message.sender.id if message.sender else 0,
        )
        total = await self._database.value(f"SELECT count(*) {READERS}", *values)
        found = await self._database.rows(
            f"""SELECT {rows.USER}, a.created AS read_at {READERS}
                ORDER BY {order(request, {"createdTime": "a.created"}, "ms.user_id")}
                LIMIT {request.size} OFFSET {request.skip}""",
            *values,
        )
        items = [(rows.user(row), row["read_at"]) for row in found]
        return Page(items=items, total=total, request=request)
