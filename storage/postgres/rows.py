"""Rows to nouns, and the select lists that give such rows. No SQL of a single noun lives here."""

import asyncpg
import msgspec

from chat.channels import Channel, Membership
from chat.messages import File, Message, Reaction
from chat.users import Author, User

Row = asyncpg.Record

USER = """u.id, u.application_id, u.name, u.display_name, u.kind, u.guest, u.properties,
    u.picture, u.status, u.online, u.created"""

CHANNEL = """c.id, c.application_id, c.kind, c.name, c.display_name, c.properties, c.owner_id,
    c.organization_id, c.main_thread_id, c.head, c.floor, c.messages, c.members, c.created"""

MEMBERSHIP = """ms.channel_id, ms.user_id, ms.state, ms.role, ms.muted, ms.archived, ms.hidden,
    ms.read_offset, ms.read_number, ms.created"""

MESSAGE = """m.id, m.application_id, m.channel_id, m.at_offset, m.number, m.sender_id, m.client_id,
    m.thread_id, m.reply_to, m.text, m.files, m.properties, m.group_tag, m.visible, m.created,
    m.edited, m.deleted, m.reports, s.name AS sender_name, s.display_name AS sender_display_name,
    r.reactions"""

# The first 20 of those who reacted with an emoji are named; reactions are joined only where
# there are any.
MESSAGE_JOINS = """
    LEFT JOIN users s ON s.id = m.sender_id
    LEFT JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_array(g.emoji, g.count, g.users) ORDER BY g.first, g.emoji)
            AS reactions
        FROM (
            SELECT e.emoji, count(*) AS count, min(e.created) AS first,
                   jsonb_agg(jsonb_build_array(v.id, v.name, v.display_name) ORDER BY e.nth)
                       FILTER (WHERE e.nth <= 20) AS users
            FROM (
                SELECT x.emoji, x.user_id, x.created, row_number() OVER (
                    PARTITION BY x.emoji ORDER BY x.created, x.user_id) AS nth
                FROM reactions x WHERE x.channel_id = m.channel_id AND x.message_id = m.id
            ) e JOIN users v ON v.id = e.user_id
            GROUP BY e.emoji
        ) g
    ) r ON m.reacted"""


def user(row: Row, prefix: str = "") -> User:
    return User(**{field: row[prefix + field] for field in User.__struct_fields__})


def channel(row: Row) -> Channel:
    return Channel(**{field: row[field] for field in Channel.__struct_fields__})


def membership(row: Row) -> Membership:
    return Membership(**{field: row[field] for field in Membership.__struct_fields__})


def message(row: Row) -> Message:
    gone = row["deleted"] is not None
    return Message(
        id=row["id"],
        application_id=row["application_id"],
        channel_id=row["channel_id"],
        offset=row["at_offset"],
        number=row["number"],
        sender=_sender(row),
        created=row["created"],
        client_id=row["client_id"],
        thread_id=row["thread_id"],
        reply_to=row["reply_to"],
        text=row["text"],
        files=msgspec.convert(row["files"] or [], list[File]),
        properties=row["properties"] or {},
        group_tag=row["group_tag"],
        visible=row["visible"],
        reactions=[] if gone else msgspec.convert(row["reactions"] or [], list[Reaction]),
        edited=row["edited"],
        deleted=row["deleted"],
        reports=row["reports"],
    )


def _sender(row: Row) -> Author | None:
    if row["sender_id"] == 0:
        return None
    return Author(row["sender_id"], row["sender_name"] or "", row["sender_display_name"] or "")
