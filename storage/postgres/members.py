"""Memberships, invites, and who has a channel open. `channels.members` counts the joined ones."""

from collections.abc import Sequence
from datetime import datetime

from chat.channels import Channel, Invite, Membership, Role
from chat.errors import Banned
from chat.pages import Page, PageRequest
from chat.users import User
from storage.postgres import rows
from storage.postgres.database import Database
from storage.postgres.paging import order
from storage.postgres.users import SORT


class Members:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, channel_id: int, user_id: int, role: Role = "member") -> bool:
        old = await self.find(channel_id, user_id)
        if old is not None:
            if old.state == "banned":
                raise Banned
            return False
        added = await self._database.execute(
            """INSERT INTO memberships (channel_id, user_id, role, read_offset, read_number)
               SELECT id, $2, $3, head, messages FROM channels WHERE id = $1
               ON CONFLICT DO NOTHING""",
            channel_id,
            user_id,
            role,
        )
        if added:
            await self._count(channel_id, 1)
        return added == 1

    async def _count(self, channel_id: int, change: int) -> None:
        await self._database.execute(
            "UPDATE channels SET members = members + $2 WHERE id = $1", channel_id, change
        )

    async def find(self, channel_id: int, user_id: int) -> Membership | None:
        row = await self._database.row(
            f"""SELECT {rows.MEMBERSHIP} FROM memberships ms
                WHERE ms.channel_id = $1 AND ms.user_id = $2""",
            channel_id,
            user_id,
        )
        return rows.membership(row) if row is not None else None

    async def remove(self, channel_id: int, user_id: int, *, ban: bool = False) -> bool:
        old = await self.find(channel_id, user_id)
        was_in = old is not None and old.state == "joined"
        if ban:
            await self._database.execute(
                """INSERT INTO memberships (channel_id, user_id, state) VALUES ($1, $2, 'banned')
                   ON CONFLICT (channel_id, user_id) DO UPDATE SET state = 'banned',
                       role = 'member'""",
                channel_id,
                user_id,
            )
        else:
            await self._database.execute(
                "DELETE FROM memberships WHERE channel_id = $1 AND user_id = $2",
                channel_id,
                user_id,
            )
        if was_in:
            await self._count(channel_id, -1)
        await self._database.execute(
            """UPDATE chat_sessions SET ended = now()
               WHERE channel_id = $1 AND user_id = $2 AND ended IS NULL""",
            channel_id,
            user_id,
        )
        return was_in or (ban and old is None)

    async def set_role(self, channel_id: int, user_id: int, role: Role) -> None:
        await self._database.execute(
            "UPDATE memberships SET role = $3 WHERE channel_id = $1 AND user_id = $2",
            channel_id,
            user_id,
            role,
        )

    async def users(
        self, channel: Channel, request: PageRequest, *, moderators: bool = False
    ) -> Page[User]:
        only = "AND ms.role = 'moderator'" if moderators else ""
        total = channel.members
        if moderators:
            total = await self._database.value(
                """SELECT count(*) FROM memberships ms
                   WHERE ms.channel_id = $1 AND ms.state = 'joined' AND ms.role = 'moderator'""",
                channel.id,
            )
        found = await self._database.rows(
            f"""SELECT {rows.USER} FROM memberships ms JOIN users u ON u.id = ms.user_id
                WHERE ms.channel_id = $1 AND ms.state = 'joined' {only}
                ORDER BY {order(request, SORT, "ms.user_id")}
                LIMIT {request.size} OFFSET {request.skip}""",
            channel.id,
        )
        return Page(items=[rows.user(row) for row in found], total=total, request=request)

    async def memberships(self, channel: Channel, request: PageRequest) -> Page[Membership]:
        found = await self._database.rows(
            f"""SELECT {rows.MEMBERSHIP} FROM memberships ms
                WHERE ms.channel_id = $1 AND ms.state = 'joined'
                ORDER BY {order(request, {"createdTime": "ms.created"}, "ms.user_id")}
                LIMIT {request.size} OFFSET {request.skip}""",
            channel.id,
        )
        items = [rows.membership(row) for row in found]
        return Page(items=items, total=channel.members, request=request)

    async def after(self, channel_id: int, after: int, limit: int) -> list[tuple[User, Membership]]:
        found = await self._database.rows(
            f"""SELECT {rows.USER}, {_PREFIXED}
                FROM memberships ms JOIN users u ON u.id = ms.user_id
                WHERE ms.channel_id = $1 AND ms.state = 'joined' AND ms.user_id > $2
                ORDER BY ms.user_id LIMIT $3""",
            channel_id,
            after,
            limit,
        )
        return [(rows.user(row), _prefixed(row)) for row in found]

    async def of_direct(self, channel_ids: Sequence[int]) -> dict[int, list[User]]:
        found = await self._database.rows(
            f"""SELECT ms.channel_id AS in_channel, {rows.USER}
                FROM memberships ms JOIN users u ON u.id = ms.user_id
                WHERE ms.channel_id = ANY ($1::bigint[]) ORDER BY u.id""",
            list(channel_ids),
        )
        members: dict[int, list[User]] = {}
        for row in found:
            members.setdefault(row["in_channel"], []).append(rows.user(row))
        return members

    async def participants(self, channel: Channel, request: PageRequest) -> Page[User]:
        here = """FROM users u WHERE u.id IN (
                      SELECT cs.user_id FROM chat_sessions cs
                      WHERE cs.channel_id = $1 AND cs.ended IS NULL)"""
        total = await self._database.value(f"SELECT count(*) {here}", channel.id)
        found = await self._database.rows(
            f"""SELECT {rows.USER} {here} ORDER BY {order(request, SORT, "u.id")}
                LIMIT {request.size} OFFSET {request.skip}""",
            channel.id,
        )
        return Page(items=[rows.user(row) for row in found], total=total, request=request)

    async def add_invite(self, channel_id: int, user_id: int, inviter_id: int | None) -> datetime:
        await self._database.execute(
            """DELETE FROM memberships
               WHERE channel_id = $1 AND user_id = $2 AND state = 'banned'""",
            channel_id,
            user_id,
        )
        created: datetime = await self._database.value(
            """INSERT INTO invites AS i (channel_id, user_id, inviter_id) VALUES ($1, $2, $3)
               ON CONFLICT (channel_id, user_id) DO UPDATE SET inviter_id = i.inviter_id
               RETURNING i.created""",
            channel_id,
            user_id,
            inviter_id,
        )
        return created

    async def invites(self, channel: Channel, request: PageRequest) -> Page[Invite]:
        total = await self._database.value(
            "SELECT count(*) FROM invites WHERE channel_id = $1", channel.id
        )
        found = await self._database.rows(
            f"""SELECT i.channel_id, i.user_id, i.created FROM invites i WHERE i.channel_id = $1
                ORDER BY {order(request, {"createdTime": "i.created"}, "i.user_id")}
                LIMIT {request.size} OFFSET {request.skip}""",
            channel.id,
        )
        return Page(items=[Invite(**dict(row)) for row in found], total=total, request=request)

    async def is_invited(self, channel_id: int, user_id: int) -> bool:
        found: bool = await self._database.value(
            "SELECT EXISTS (SELECT FROM invites WHERE channel_id = $1 AND user_id = $2)",
            channel_id,
            user_id,
        )
        return found

    async def remove_invite(self, channel_id: int, user_id: int) -> None:
        await self._database.execute(
            "DELETE FROM invites WHERE channel_id = $1 AND user_id = $2", channel_id, user_id
        )


_PREFIXED = ", ".join(f"ms.{field} AS member_{field}" for field in Membership.__struct_fields__)


def _prefixed(row: rows.Row) -> Membership:
    return Membership(**{field: row[f"member_{field}"] for field in Membership.__struct_fields__})
