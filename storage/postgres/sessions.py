"""User sessions and chat sessions, and with them who is online. One `Sessions` per node."""

import asyncio
from collections.abc import Sequence

from chat.errors import ChatError
from chat.pages import Page, PageRequest, SessionState
from chat.sessions import ChatSession, Opening, UserSession
from chat.users import User
from storage.postgres import rows
from storage.postgres.batches import Lane
from storage.postgres.channels import Channels
from storage.postgres.database import Database
from storage.postgres.paging import Conditions, order

MOST = 200
SORT = {"id": "s.id", "createdTime": "s.created"}
SESSION_USER = ", ".join(f"u.{field} AS user_{field}" for field in User.__struct_fields__)

_Item = tuple[User, str | None, "asyncio.Future[tuple[Opening, bool]]"]


class Sessions:
    def __init__(self, database: Database, node: str) -> None:
        self._database = database
        self._node = node
        self._lane = Lane(self._open, _deliver, MOST)

    async def open(self, user: User, user_agent: str | None) -> tuple[Opening, bool]:
        future: asyncio.Future[tuple[Opening, bool]] = asyncio.get_running_loop().create_future()
        self._lane.add((user, user_agent, future))
        return await future

    async def _open(self, batch: Sequence[_Item]) -> "list[tuple[Opening, bool]]":
        user_ids = sorted({user.id for user, _, _ in batch})
        blocked: dict[int, set[int]] = {}
        async with self._database.transaction() as tx:
            # Locked first, and in the order of ids: `settle` of another node either sees the
            # new sessions or has told that the user is gone before this tells that he came.
            found = await tx.rows(
                f"""SELECT {rows.USER} FROM users u WHERE u.id = ANY ($1::bigint[])
                    ORDER BY u.id FOR NO KEY UPDATE""",
                user_ids,
            )
            users = {row["id"]: rows.user(row) for row in found}
            arrived = {row["id"] for row in found if not row["online"]}
            added = await tx.rows(
                """INSERT INTO user_sessions (application_id, user_id, node, user_agent)
                   SELECT a, u, $3, g FROM unnest($1::bigint[], $2::bigint[], $4::text[])
                       WITH ORDINALITY AS x (a, u, g, n) ORDER BY n RETURNING id""",
                [user.application_id for user, _, _ in batch],
                [user.id for user, _, _ in batch],
                self._node,
                [agent for _, agent, _ in batch],
            )
            if arrived:
                found = await tx.rows(
                    f"""UPDATE users u SET online = true WHERE u.id = ANY ($1::bigint[])
                        RETURNING {rows.USER}""",
                    list(arrived),
                )
                users.update({row["id"]: rows.user(row) for row in found})
            places = await Channels(tx).places_of(user_ids)
            blocks = await tx.rows(
                "SELECT user_id, blocked_id FROM blocks WHERE user_id = ANY ($1::bigint[])",
                user_ids,
            )
            for row in blocks:
                blocked.setdefault(row["user_id"], set()).add(row["blocked_id"])
        opened: list[tuple[Opening, bool]] = []
        for (user, _, _), row in zip(batch, added, strict=True):
            opening = Opening(
                session_id=row["id"],
                user=users.get(user.id, user),
                places=places.get(user.id, []),
                blocked=frozenset(blocked.get(user.id, ())),
            )
            opened.append((opening, user.id in arrived))
            arrived.discard(user.id)
        return opened

    async def end(self, session_ids: Sequence[int]) -> None:
        await self._database.execute(
            """UPDATE user_sessions SET ended = now()
               WHERE id = ANY ($1::bigint[]) AND ended IS NULL""",
            list(session_ids),
        )
        await self._database.execute(
            """UPDATE chat_sessions SET ended = now()
               WHERE session_id = ANY ($1::bigint[]) AND ended IS NULL""",
            list(session_ids),
        )

    async def settle(self, user_ids: Sequence[int]) -> list[User]:
        async with self._database.transaction() as tx:
            await tx.rows(
                """SELECT id FROM users WHERE id = ANY ($1::bigint[])
                   ORDER BY id FOR NO KEY UPDATE""",
                list(user_ids),
            )
            found = await tx.rows(
                f"""UPDATE users u SET online = NOT u.online,
                        last_seen = CASE WHEN u.online THEN now() ELSE u.last_seen END
                    WHERE u.id = ANY ($1::bigint[]) AND u.deleted IS NULL AND u.online <> EXISTS (
                        SELECT FROM user_sessions s WHERE s.user_id = u.id AND s.ended IS NULL)
                    RETURNING {rows.USER}""",
                list(user_ids),
            )
        return [rows.user(row) for row in found]

    async def view(self, session_id: int, user: User, channel_ids: Sequence[int]) -> None:
        async with self._database.transaction() as tx:
            await tx.execute(
                """UPDATE chat_sessions SET ended = now() WHERE session_id = $1
                   AND ended IS NULL AND NOT channel_id = ANY ($2::bigint[])""",
                session_id,
                list(channel_ids),
            )
            await tx.execute(
                """INSERT INTO chat_sessions (application_id, session_id, channel_id, user_id)
                   SELECT $1, $2, ms.channel_id, $3 FROM memberships ms
                   WHERE ms.user_id = $3 AND ms.state = 'joined'
                     AND ms.channel_id = ANY ($4::bigint[]) AND NOT EXISTS (
                         SELECT FROM chat_sessions cs WHERE cs.session_id = $2
                           AND cs.channel_id = ms.channel_id AND cs.ended IS NULL)""",
                user.application_id,
                session_id,
                user.id,
                list(channel_ids),
            )

    async def channels_for_presence(self, user_id: int, most_members: int) -> list[int]:
        found = await self._database.rows(
            """SELECT c.id FROM memberships ms JOIN channels c ON c.id = ms.channel_id
               WHERE ms.user_id = $1 AND ms.state = 'joined' AND c.deleted IS NULL
                 AND c.members <= $2""",
            user_id,
            most_members,
        )
        return [row["id"] for row in found]

    async def list_user_sessions(
        self, application_id: int, request: PageRequest, state: SessionState | None
    ) -> Page[UserSession]:
        where = _conditions(application_id, state)
        total = await self._database.value(
            f"SELECT count(*) FROM user_sessions s WHERE {where.sql}", *where.values
        )
        found = await self._database.rows(
            f"""SELECT s.id, s.user_agent, s.created, s.ended, {SESSION_USER}
                FROM user_sessions s JOIN users u ON u.id = s.user_id WHERE {where.sql}
                ORDER BY {order(request, SORT, "s.id")}
                LIMIT {request.size} OFFSET {request.skip}""",
            *where.values,
        )
        return Page(items=[_session(row) for row in found], total=total, request=request)

    async def list_chat_sessions(
        self, application_id: int, request: PageRequest, state: SessionState | None
    ) -> Page[ChatSession]:
        where = _conditions(application_id, state)
        total = await self._database.value(
            f"SELECT count(*) FROM chat_sessions s WHERE {where.sql}", *where.values
        )
        found = await self._database.rows(
            f"""SELECT s.id AS chat_id, s.channel_id, s.created AS chat_created,
                       s.ended AS chat_ended, us.id, us.user_agent, us.created, us.ended,
                       {SESSION_USER}
                FROM chat_sessions s JOIN user_sessions us ON us.id = s.session_id
                JOIN users u ON u.id = us.user_id WHERE {where.sql}
                ORDER BY {order(request, SORT, "s.id")}
                LIMIT {request.size} OFFSET {request.skip}""",
            *where.values,
        )
        items = [
            ChatSession(
                id=row["chat_id"],
                channel_id=row["channel_id"],
                session=_session(row),
                created=row["chat_created"],
                ended=row["chat_ended"],
            )
            for row in found
        ]
        return Page(items=items, total=total, request=request)


def _deliver(item: _Item, result: "tuple[Opening, bool] | ChatError") -> None:
    future = item[2]
    if future.done():
        return
    if isinstance(result, ChatError):
        future.set_exception(result)
    else:
        future.set_result(result)


def _conditions(application_id: int, state: SessionState | None) -> Conditions:
    where = Conditions()
    where.add("s.application_id = {}", application_id)
    if state is not None:
        where.add(f"s.ended IS {'NULL' if state == 'ACTIVE' else 'NOT NULL'}")
    return where


def _session(row: rows.Row) -> UserSession:
    return UserSession(
        id=row["id"],
        user=rows.user(row, "user_"),
        user_agent=row["user_agent"],
        created=row["created"],
        ended=row["ended"],
    )
