"""Imports: a batch of rows in one statement. Always inside the transaction of its job."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from chat.imports import (
    REPEATED,
    STORED,
    ImportedMember,
    ImportedMessage,
    ImportedUser,
    Verdicts,
)
from storage.postgres.database import Database

_encode = msgspec.json.Encoder().encode

USERS = """
    INSERT INTO users AS u (application_id, name, display_name, guest, properties, picture, created)
    SELECT $1, g.name, g.display_name, g.guest, g.properties::jsonb, g.picture,
           coalesce(g.created, now())
    FROM unnest($2::text[], $3::text[], $4::boolean[], $5::text[], $6::text[], $7::timestamptz[])
        AS g (name, display_name, guest, properties, picture, created)
    ON CONFLICT (application_id, name) WHERE deleted IS NULL DO NOTHING
    RETURNING u.name"""

# The channel is locked. Somebody who joins has read everything so far, as always.
MEMBERS = """
    WITH given AS (
        SELECT DISTINCT ON (g.name) g.* FROM unnest($2::text[], $3::timestamptz[])
            WITH ORDINALITY AS g (name, created, n) ORDER BY g.name, g.n
    ), known AS (
        SELECT g.*, u.id AS user_id, u.online, ms.state, c.head, c.messages FROM given g
        JOIN channels c ON c.id = $1
        LEFT JOIN users u
            ON u.application_id = c.application_id AND u.name = g.name AND u.deleted IS NULL
        LEFT JOIN memberships ms ON ms.channel_id = $1 AND ms.user_id = u.id
    ), placed AS (
        SELECT k.*, k.head + row_number() OVER (ORDER BY k.n) AS place FROM known k
        WHERE k.user_id IS NOT NULL AND k.state IS NULL
    ), joined AS (
        INSERT INTO memberships (channel_id, user_id, read_offset, read_number, created)
        SELECT $1, p.user_id, p.head, p.messages, coalesce(p.created, now()) FROM placed p
    ), told AS (
        INSERT INTO events (channel_id, at_offset, kind, user_id)
        SELECT $1, p.place, 'member.joined', p.user_id FROM placed p
    ), uninvited AS (
        DELETE FROM invites i USING placed p WHERE i.channel_id = $1 AND i.user_id = p.user_id
    ), counted AS (
        UPDATE channels c SET head = c.head + a.added, members = c.members + a.added
        FROM (SELECT count(*) AS added FROM placed) a WHERE c.id = $1
    )
    SELECT k.n, k.user_id, k.online, p.place,
           CASE WHEN k.user_id IS NULL THEN 'no_user' WHEN k.state = 'banned' THEN 'banned'
                WHEN k.state IS NOT NULL THEN 'repeated' ELSE 'stored' END AS verdict
    FROM known k LEFT JOIN placed p ON p.n = k.n"""


class Imports:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def users(self, application_id: int, rows: Sequence[ImportedUser]) -> Verdicts:
        found = await self._database.rows(
            USERS,
            application_id,
            [row.user.name for row in rows],
            [row.user.display_name for row in rows],
            [row.user.guest for row in rows],
            [_encode(row.user.properties).decode() for row in rows],
            [row.picture.url if row.picture else None for row in rows],
            [row.created for row in rows],
        )
        added = {row["name"] for row in found}
        others: dict[int, str] = {}
        for index, row in enumerate(rows):
            if row.user.name in added:
                added.remove(row.user.name)
            else:
                others[index] = REPEATED
        return Verdicts(others)

    async def members(self, channel_id: int, rows: Sequence[ImportedMember]) -> Verdicts:
        found = await self._database.rows(
            MEMBERS, channel_id, [row.username for row in rows], [row.created for row in rows]
        )
        first = {rows[row["n"] - 1].username: row for row in found}
        others: dict[int, str] = {}
        for index, member in enumerate(rows):
            verdict = first[member.username]["verdict"]
            if verdict == STORED and first[member.username]["n"] - 1 != index:
                verdict = REPEATED
            if verdict != STORED:
                others[index] = verdict
        joined = [row for row in found if row["place"] is not None]
        return Verdicts(
            others,
            heads={channel_id: max(row["place"] for row in joined)} if joined else {},
            gained=[(row["user_id"], channel_id, row["place"]) for row in joined if row["online"]],
        )

    async def messages(self, application_id: int, rows: Sequence[ImportedMessage]) -> Verdicts:
        found = await self._database.rows(
            "SELECT * FROM import_messages($1, $2, $3, $4, $5, $6, $7, $8)",
            application_id,
            *_columns(rows),
        )
        others = {row["row_number"] - 1: row["status"] for row in found}
        moved = {row.channel_id for index, row in enumerate(rows) if index not in others}
        heads = await self._database.rows(
            "SELECT id, head FROM channels WHERE id = ANY ($1::bigint[])", sorted(moved)
        )
        return Verdicts(others, heads={row["id"]: row["head"] for row in heads})

    async def date_channel(self, channel_id: int, created: datetime) -> None:
        await self._database.execute(
            "UPDATE channels SET created = $2 WHERE id = $1", channel_id, created
        )


def _columns(rows: Sequence[ImportedMessage]) -> list[list[Any]]:
    return [
        [row.channel_id for row in rows],
        [row.sender for row in rows],
        [row.draft.client_id for row in rows],
        [row.draft.text for row in rows],
        [_encode(row.draft.properties).decode() if row.draft.properties else None for row in rows],
        [row.draft.group_tag for row in rows],
        [row.created for row in rows],
    ]
