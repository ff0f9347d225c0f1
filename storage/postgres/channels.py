"""Channels: rooms, places in them, their threads; offsets are taken here and in send_messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from chat.channels import Channel, ChannelChanges, NewChannel, Place, direct_key
from chat.errors import Conflict, NotFound
from chat.messages import Message, Thread
from chat.pages import Page, PageRequest
from chat.users import Author
from storage.postgres import rows
from storage.postgres.database import Database
from storage.postgres.messages import read_at
from storage.postgres.paging import Conditions, count, order

SORT = {
    "id": "c.id",
    "name": "c.name",
    "displayName": "c.display_name",
    "createdTime": "c.created",
}

# A place is a channel with the mark, the unread count and the last message of one user.
PLACES = f"""
    SELECT {rows.CHANNEL}, ms.user_id AS viewer_id, ms.read_offset,
           CASE WHEN ms.user_id IS NULL THEN 0 ELSE unread(ms, c.messages) END AS unread,
           l.at_offset AS last_offset
    FROM channels c
    {{}} JOIN memberships ms ON ms.channel_id = c.id AND ms.state = 'joined' AND ms.user_id = {{}}
    LEFT JOIN LATERAL (
        SELECT m.at_offset FROM messages m
        WHERE m.channel_id = c.id AND m.deleted IS NULL AND m.visible
        ORDER BY m.at_offset DESC LIMIT 1
    ) l ON c.messages > 0
    WHERE c.deleted IS NULL AND """

# To the viewer $1: his own channels, and the public ones he is not banned from.
VISIBLE = """(ms.user_id IS NOT NULL OR c.kind = 'PUBLIC' AND NOT EXISTS (
    SELECT FROM memberships b
    WHERE b.channel_id = c.id AND b.user_id = $1 AND b.state = 'banned'))"""

THREAD = "t.id, t.channel_id, t.kind, t.message_id, t.name, t.properties, t.created"


class Channels:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, application_id: int, channel: NewChannel) -> Channel:
        """Inside a transaction: the channel with its main thread."""
        key = None
        if channel.kind == "DIRECT":
            key = direct_key([*channel.members, *([channel.owner_id] if channel.owner_id else [])])
        channel_id = await self._database.value(
            """INSERT INTO channels (application_id, kind, name, display_name, direct_key,
                                     properties, owner_id)
               VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id""",
            application_id,
            channel.kind,
            channel.name,
            channel.display_name,
            key,
            channel.properties,
            channel.owner_id,
        )
        await self._database.execute(
            """WITH main AS (INSERT INTO threads (channel_id, kind) VALUES ($1, 'MAIN')
                             RETURNING id)
               UPDATE channels SET main_thread_id = main.id FROM main WHERE channels.id = $1""",
            channel_id,
        )
        return await self.get(application_id, channel_id)

    async def get(self, application_id: int, channel_id: int) -> Channel:
        return await self._get(application_id, channel_id, "")

    async def lock(self, application_id: int, channel_id: int) -> Channel:
        return await self._get(application_id, channel_id, "FOR NO KEY UPDATE")

    async def _get(self, application_id: int, channel_id: int, locking: str) -> Channel:
        row = await self._database.row(
            f"""SELECT {rows.CHANNEL} FROM channels c
                WHERE c.id = $2 AND c.application_id = $1 AND c.deleted IS NULL {locking}""",
            application_id,
            channel_id,
        )
        if row is None:
            raise NotFound
        return rows.channel(row)

    async def get_many(self, application_id: int, channel_ids: Sequence[int]) -> dict[int, Channel]:
        return await self._by("id", "bigint", application_id, channel_ids)

    async def named(self, application_id: int, names: Sequence[str]) -> dict[str, Channel]:
        return await self._by("name", "text", application_id, names)

    async def _by(
        self, field: str, kind: str, application_id: int, wanted: Sequence[Any]
    ) -> dict[Any, Channel]:
        found = await self._database.rows(
            f"""SELECT {rows.CHANNEL} FROM channels c WHERE c.application_id = $1
                AND c.{field} = ANY ($2::{kind}[]) AND c.deleted IS NULL""",
            application_id,
            list(wanted),
        )
        return {row[field]: rows.channel(row) for row in found}

    async def find_equal(self, application_id: int, channel: NewChannel) -> Channel | None:
        if channel.kind == "DIRECT":
            field = "direct_key"
            value = direct_key(
                [*channel.members, *([channel.owner_id] if channel.owner_id else [])]
            )
        elif channel.name is not None:
            field, value = "name", channel.name
        else:
            return None
        row = await self._database.row(
            f"""SELECT {rows.CHANNEL} FROM channels c
                WHERE c.application_id = $1 AND c.{field} = $2 AND c.deleted IS NULL""",
            application_id,
            value,
        )
        return rows.channel(row) if row is not None else None

    async def page(
        self,
        application_id: int,
        request: PageRequest,
        *,
        kind: str | None = None,
        member_names: Sequence[str] = (),
        member_id: int | None = None,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        properties: dict[str, Any] | None = None,
    ) -> Page[Channel]:
        where = Conditions()
        where.add("c.application_id = {} AND c.deleted IS NULL", application_id)
        if kind is not None:
            where.add("c.kind = {}", kind)
        if member_id is not None:
            where.add(
                """EXISTS (SELECT FROM memberships ms WHERE ms.channel_id = c.id
                   AND ms.state = 'joined' AND ms.user_id = {})""",
                member_id,
            )
        for name in member_names:
            where.add(
                """EXISTS (SELECT FROM memberships ms JOIN users u ON u.id = ms.user_id
                   WHERE ms.channel_id = c.id AND ms.state = 'joined' AND u.name = {})""",
                name,
            )
        if created_from is not None:
            where.add("c.created >= {}", created_from)
        if created_to is not None:
            where.add("c.created <= {}", created_to)
        if properties is not None:
            where.add("c.properties @> {}", properties)
        total = await self._database.value(
            count(f"channels c WHERE {where.sql}", request), *where.values
        )
        found = await self._database.rows(
            f"""SELECT {rows.CHANNEL} FROM channels c WHERE {where.sql}
                ORDER BY {order(request, SORT, "c.id")}
                LIMIT {request.size} OFFSET {request.skip}""",
            *where.values,
        )
        return Page(items=[rows.channel(row) for row in found], total=total, request=request)

    async def places(
        self, application_id: int, user_id: int, channel_ids: Sequence[int] | None = None
    ) -> list[Place]:
        if channel_ids is None:
            found = await self.places_of([user_id])
            return found.get(user_id, [])
        return await self._places(
            PLACES.format("LEFT", "$1")
            + f"""c.application_id = $2 AND c.id = ANY ($3::bigint[])
                 AND {VISIBLE} ORDER BY c.id""",
            user_id,
            application_id,
            list(channel_ids),
        )

    async def places_of(self, user_ids: Sequence[int]) -> dict[int, list[Place]]:
        """The places of many users at once, as when many sockets say hello."""
        found = await self._database.rows(
            PLACES.format("", "ANY ($1::bigint[])") + "NOT ms.hidden ORDER BY c.id",
            list(user_ids),
        )
        places: dict[int, list[Place]] = {}
        for row, place in zip(found, await self._complete(found), strict=True):
            places.setdefault(row["viewer_id"], []).append(place)
        return places

    async def visible(
        self, application_id: int, user_id: int, after: int, limit: int
    ) -> list[Place]:
        return await self._places(
            PLACES.format("LEFT", "$1")
            + f"""c.application_id = $2 AND c.id > $3
                 AND {VISIBLE} ORDER BY c.id LIMIT $4""",
            user_id,
            application_id,
            after,
            limit,
        )

    async def _places(self, sql: str, *values: Any) -> list[Place]:
        return await self._complete(await self._database.rows(sql, *values))

    async def _complete(self, found: Sequence[rows.Row]) -> list[Place]:
        last = await self._last(
            {(row["id"], row["last_offset"]) for row in found if row["last_offset"] is not None}
        )
        direct = await self._direct({row["id"] for row in found if row["kind"] == "DIRECT"})
        return [
            Place(
                channel=rows.channel(row),
                joined=row["viewer_id"] is not None,
                read=row["read_offset"] or 0,
                unread=row["unread"],
                members=direct.get(row["id"], []),
                last_message=last.get(row["id"]),
            )
            for row in found
        ]

    async def _last(self, places: set[tuple[int, int]]) -> dict[int, Message]:
        if not places:
            return {}
        stored = await read_at(self._database, list(places))
        return {channel_id: message for (channel_id, _), message in stored.items()}

    async def _direct(self, channel_ids: set[int]) -> dict[int, list[Author]]:
        if not channel_ids:
            return {}
        found = await self._database.rows(
            """SELECT ms.channel_id, u.id, u.name, u.display_name FROM memberships ms
               JOIN users u ON u.id = ms.user_id
               WHERE ms.channel_id = ANY ($1::bigint[]) ORDER BY u.id""",
            list(channel_ids),
        )
        members: dict[int, list[Author]] = {}
        for row in found:
            author = Author(row["id"], row["name"], row["display_name"])
            members.setdefault(row["channel_id"], []).append(author)
        return members

    async def update(self, channel_id: int, changes: ChannelChanges) -> Channel:
        row = await self._database.row(
            f"""UPDATE channels c SET display_name = coalesce($2, c.display_name),
                    properties = coalesce($3, c.properties)
                WHERE c.id = $1 RETURNING {rows.CHANNEL}""",
            channel_id,
            changes.display_name,
            changes.properties,
        )
        if row is None:
            raise NotFound
        return rows.channel(row)

    async def delete(self, channel_id: int) -> None:
        await self._database.execute(
            "UPDATE channels SET deleted = now() WHERE id = $1", channel_id
        )
        await self._database.execute(
            "UPDATE chat_sessions SET ended = now() WHERE channel_id = $1 AND ended IS NULL",
            channel_id,
        )

    async def append(
        self,
        channel_id: int,
        kind: str,
        *,
        message_id: int | None = None,
        user_id: int | None = None,
        emoji: str | None = None,
    ) -> int:
        offset: int = await self._database.value(
            """WITH moved AS (UPDATE channels SET head = head + 1 WHERE id = $1 RETURNING head)
               INSERT INTO events (channel_id, at_offset, kind, message_id, user_id, emoji)
               SELECT $1, head, $2, $3, $4, $5 FROM moved RETURNING at_offset""",
            channel_id,
            kind,
            message_id,
            user_id,
            emoji,
        )
        return offset

    async def heads(self, channel_ids: Sequence[int]) -> dict[int, int]:
        found = await self._database.rows(
            "SELECT id, head FROM channels WHERE id = ANY ($1::bigint[])", list(channel_ids)
        )
        return {row["id"]: row["head"] for row in found}

    async def heads_of(self, user_id: int) -> dict[int, int]:
        found = await self._database.rows(
            """SELECT c.id, c.head FROM memberships ms JOIN channels c ON c.id = ms.channel_id
               WHERE ms.user_id = $1 AND ms.state = 'joined' AND c.deleted IS NULL""",
            user_id,
        )
        return {row["id"]: row["head"] for row in found}

    async def find_thread(self, application_id: int, thread_id: int) -> Thread | None:
        row = await self._database.row(
            f"""SELECT {THREAD} FROM threads t JOIN channels c ON c.id = t.channel_id
                WHERE t.id = $2 AND c.application_id = $1 AND c.deleted IS NULL""",
            application_id,
            thread_id,
        )
        return msgspec.convert(dict(row), Thread) if row is not None else None

    async def message_thread(self, channel_id: int, message_id: int) -> int:
        await self._database.execute(
            """INSERT INTO threads (channel_id, kind, message_id) VALUES ($1, 'MESSAGE', $2)
               ON CONFLICT (channel_id, message_id) WHERE message_id IS NOT NULL DO NOTHING""",
            channel_id,
            message_id,
        )
        thread_id: int | None = await self._database.value(
            "SELECT id FROM threads WHERE channel_id = $1 AND message_id = $2",
            channel_id,
            message_id,
        )
        if thread_id is None:
            raise Conflict
        return thread_id
