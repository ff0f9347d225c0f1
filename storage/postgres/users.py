"""Users, their tokens, and whom they block."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chat.applications import Token
from chat.errors import Conflict, NotFound
from chat.pages import Page, PageRequest
from chat.users import NewUser, User, UserChanges
from storage.postgres import rows
from storage.postgres.database import Database
from storage.postgres.paging import Conditions, count, order, pattern

SORT = {
    "id": "u.id",
    "name": "u.name",
    "displayName": "u.display_name",
    "createdTime": "u.created",
}


HAS_UNREAD = """EXISTS (
    SELECT FROM memberships ms JOIN channels c ON c.id = ms.channel_id AND c.deleted IS NULL
        AND c.messages > ms.read_number + ms.own_after
    WHERE ms.user_id = u.id AND ms.state = 'joined' AND unread(ms, c.messages) > 0)"""


class Users:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, application_id: int, user: NewUser) -> User:
        try:
            row = await self._database.row(
                f"""INSERT INTO users AS u (application_id, name, display_name, kind, guest,
                                            properties)
                    VALUES ($1, $2, $3, $4, $5, $6) RETURNING {rows.USER}""",
                application_id,
                user.name,
                user.display_name,
                user.kind,
                user.guest,
                user.properties,
            )
        except Conflict:
            raise Conflict("This name is taken.") from None
        return _user(row)

    async def get(self, application_id: int, user_id: int) -> User:
        return _user(
            await self._database.row(
                f"""SELECT {rows.USER} FROM users u
                    WHERE u.id = $2 AND u.application_id = $1 AND u.deleted IS NULL""",
                application_id,
                user_id,
            )
        )

    async def lock(self, application_id: int, user_id: int) -> User:
        return _user(
            await self._database.row(
                f"""SELECT {rows.USER} FROM users u
                    WHERE u.id = $2 AND u.application_id = $1 AND u.deleted IS NULL
                    FOR NO KEY UPDATE""",
                application_id,
                user_id,
            )
        )

    async def named(self, application_id: int, names: Sequence[str]) -> dict[str, User]:
        found = await self._database.rows(
            f"""SELECT {rows.USER} FROM users u
                WHERE u.application_id = $1 AND u.name = ANY ($2::text[]) AND u.deleted IS NULL""",
            application_id,
            list(names),
        )
        return {row["name"]: rows.user(row) for row in found}

    async def find_by_name(self, application_id: int, name: str) -> User | None:
        row = await self._database.row(
            f"""SELECT {rows.USER} FROM users u
                WHERE u.application_id = $1 AND u.name = $2 AND u.deleted IS NULL""",
            application_id,
            name,
        )
        return rows.user(row) if row is not None else None

    async def get_many(self, application_id: int, user_ids: Sequence[int]) -> dict[int, User]:
        found = await self._database.rows(
            f"""SELECT {rows.USER} FROM users u
                WHERE u.id = ANY ($2::bigint[]) AND u.application_id = $1""",
            application_id,
            list(user_ids),
        )
        return {row["id"]: rows.user(row) for row in found}

    async def existing(self, application_id: int, user_ids: Sequence[int]) -> frozenset[int]:
        found = await self._database.rows(
            """SELECT id FROM users
               WHERE id = ANY ($2::bigint[]) AND application_id = $1 AND deleted IS NULL""",
            application_id,
            list(user_ids),
        )
        return frozenset(row["id"] for row in found)

    async def page(
        self,
        application_id: int,
        request: PageRequest,
        *,
        name: str | None = None,
        properties: dict[str, Any] | None = None,
        unread: bool | None = None,
    ) -> Page[User]:
        where = Conditions()
        where.add("u.application_id = {} AND u.deleted IS NULL", application_id)
        if name is not None:
            where.add("(u.name ILIKE {0} OR u.display_name ILIKE {0})", pattern(name))
        if properties is not None:
            where.add("u.properties @> {}", properties)
        if unread is not None:
            where.add(f"{'' if unread else 'NOT '}{HAS_UNREAD}")
        total = await self._database.value(
            count(f"users u WHERE {where.sql}", request), *where.values
        )
        found = await self._database.rows(
            f"""SELECT {rows.USER} FROM users u WHERE {where.sql}
                ORDER BY {order(request, SORT, "u.id")}
                LIMIT {request.size} OFFSET {request.skip}""",
            *where.values,
        )
        return Page(items=[rows.user(row) for row in found], total=total, request=request)

    async def update(self, application_id: int, user_id: int, changes: UserChanges) -> User:
        return _user(
            await self._database.row(
                f"""UPDATE users u SET display_name = coalesce($3, u.display_name),
                        guest = coalesce($4, u.guest), status = coalesce($5, u.status),
                        properties = coalesce($6, u.properties)
                    WHERE u.id = $2 AND u.application_id = $1 AND u.deleted IS NULL
                    RETURNING {rows.USER}""",
                application_id,
                user_id,
                changes.display_name,
                changes.guest,
                changes.status,
                changes.properties,
            )
        )

    async def delete(self, application_id: int, user_id: int) -> list[int]:
        await self._database.execute(
            """UPDATE users SET deleted = now(), online = false
               WHERE id = $2 AND application_id = $1""",
            application_id,
            user_id,
        )
        await self._database.execute("DELETE FROM user_tokens WHERE user_id = $1", user_id)
        await self._database.execute("DELETE FROM user_secrets WHERE user_id = $1", user_id)
        await self._database.execute(
            "DELETE FROM blocks WHERE user_id = $1 OR blocked_id = $1", user_id
        )
        await self._database.execute("DELETE FROM organization_members WHERE user_id = $1", user_id)
        found = await self._database.rows(
            """SELECT ms.channel_id FROM memberships ms JOIN channels c ON c.id = ms.channel_id
               WHERE ms.user_id = $1 AND ms.state = 'joined' AND c.deleted IS NULL""",
            user_id,
        )
        return [row["channel_id"] for row in found]

    async def block(self, user_id: int, blocked_id: int) -> None:
        await self._database.execute(
            "INSERT INTO blocks (user_id, blocked_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            user_id,
            blocked_id,
        )

    async def unblock(self, user_id: int, blocked_id: int) -> None:
        await self._database.execute(
            "DELETE FROM blocks WHERE user_id = $1 AND blocked_id = $2", user_id, blocked_id
        )

    async def blocked_by(self, user_id: int) -> frozenset[int]:
        found = await self._database.rows(
            "SELECT blocked_id FROM blocks WHERE user_id = $1", user_id
        )
        return frozenset(row["blocked_id"] for row in found)


class Tokens:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_user_token(
        self, user_id: int, token: bytes, name: str | None, expires: datetime | None
    ) -> int:
        token_id: int = await self._database.value(
            """INSERT INTO user_tokens (user_id, hash, name, expires) VALUES ($1, $2, $3, $4)
               RETURNING id""",
            user_id,
            token,
            name,
            expires,
        )
        return token_id

    async def find_user(self, token: bytes) -> tuple[User, int] | None:
        row = await self._database.row(
            f"""SELECT {rows.USER}, t.id AS token_id FROM user_tokens t
                JOIN users u ON u.id = t.user_id AND u.deleted IS NULL
                WHERE t.hash = $1 AND (t.expires IS NULL OR t.expires > now())""",
            token,
        )
        return (rows.user(row), row["token_id"]) if row is not None else None

    async def list_user_tokens(self, user_id: int) -> list[Token]:
        found = await self._database.rows(
            "SELECT id, name, created, expires FROM user_tokens WHERE user_id = $1 ORDER BY id",
            user_id,
        )
        return [Token(**dict(row)) for row in found]

    async def delete_user_token(self, user_id: int, token_id: int) -> bool:
        return (
            await self._database.execute(
                "DELETE FROM user_tokens WHERE user_id = $1 AND id = $2", user_id, token_id
            )
            == 1
        )

    async def dead_user_tokens(self, token_ids: Sequence[int]) -> set[int]:
        found = await self._database.rows(
            """SELECT id FROM user_tokens
               WHERE id = ANY ($1::bigint[]) AND (expires IS NULL OR expires > now())""",
            list(token_ids),
        )
        return set(token_ids) - {row["id"] for row in found}


def _user(row: rows.Row | None) -> User:
    if row is None:
        raise NotFound
    return rows.user(row)
