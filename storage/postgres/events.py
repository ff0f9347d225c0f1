"""Durable events read back from where they were recorded, for whoever missed them."""

from collections.abc import Sequence

from chat.channels import Channel
from chat.events import (
    ChannelCreated,
    ChannelDeleted,
    ChannelUpdated,
    Durable,
    MemberJoined,
    MemberLeft,
    MessageDeleted,
    MessageEdited,
    MessageSent,
    ReactionAdded,
    ReactionRemoved,
)
from chat.messages import Message
from chat.users import Author
from storage.postgres import rows
from storage.postgres.database import Database
from storage.postgres.messages import SELECT

# One statement, so one snapshot: what it returns has no holes, since offsets are taken under
# the lock of the channel and become visible with the commit that releases it.
LOG = """
    (SELECT at_offset, 'message.created' AS kind, id AS message_id, NULL::bigint AS user_id,
            NULL AS emoji
     FROM messages WHERE channel_id = $1 AND at_offset > $2 ORDER BY at_offset LIMIT $3)
    UNION ALL
    (SELECT at_offset, kind, message_id, user_id, emoji
     FROM events WHERE channel_id = $1 AND at_offset > $2 ORDER BY at_offset LIMIT $3)
    ORDER BY at_offset LIMIT $3"""


class Events:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(
        self, channel_id: int, after: int, limit: int
    ) -> tuple[list[Durable], int] | None:
        """See `chat.store.ChannelStore.read_events`."""
        row = await self._database.row(
            f"SELECT {rows.CHANNEL} FROM channels c WHERE c.id = $1", channel_id
        )
        if row is None or after < row["floor"] or after > row["head"]:
            return None
        log = await self._database.rows(LOG, channel_id, after, limit)
        if not log:
            return [], after
        messages = await self._messages(
            channel_id, {entry["message_id"] for entry in log if entry["message_id"]}
        )
        authors = await self._authors({entry["user_id"] for entry in log if entry["user_id"]})
        channel = rows.channel(row)
        events = [
            event
            for entry in _compacted(log)
            if (event := _event(entry, channel, messages, authors)) is not None
        ]
        return events, log[-1]["at_offset"]

    async def _messages(self, channel_id: int, ids: set[int]) -> dict[int, Message]:
        if not ids:
            return {}
        found = await self._database.rows(
            f"{SELECT} WHERE m.channel_id = $1 AND m.id = ANY ($2::bigint[])",
            channel_id,
            list(ids),
        )
        return {row["id"]: rows.message(row) for row in found}

    async def _authors(self, ids: set[int]) -> dict[int, Author]:
        if not ids:
            return {}
        found = await self._database.rows(
            "SELECT id, name, display_name FROM users WHERE id = ANY ($1::bigint[])", list(ids)
        )
        return {row["id"]: Author(row["id"], row["name"], row["display_name"]) for row in found}


def _compacted(log: Sequence[rows.Row]) -> list[rows.Row]:
    """Leave out edits that a later edit or the deletion of the same message covers, since every
    event brings the message as it is now, and reactions that were taken back or given anew."""
    last: dict[tuple[object, ...], int] = {}
    for entry in log:
        last[_subject(entry)] = entry["at_offset"]
    return [entry for entry in log if last[_subject(entry)] == entry["at_offset"]]


def _subject(entry: rows.Row) -> tuple[object, ...]:
    if entry["kind"] in ("message.updated", "message.deleted"):
        return ("edit", entry["message_id"])
    if entry["kind"] in ("reaction.added", "reaction.removed"):
        return ("reaction", entry["message_id"], entry["user_id"], entry["emoji"])
    return ("event", entry["at_offset"])


def _event(
    entry: rows.Row, channel: Channel, messages: dict[int, Message], authors: dict[int, Author]
) -> Durable | None:
    kind, offset, channel_id = entry["kind"], entry["at_offset"], channel.id
    message = messages.get(entry["message_id"])
    user = authors.get(entry["user_id"]) or Author(entry["user_id"] or 0, "", "")
    match kind:
        case "message.created" if message is not None:
            return MessageSent(channel_id, offset, message)
        case "message.updated" if message is not None:
            return MessageEdited(channel_id, offset, message)
        case "message.deleted" if message is not None:
            return MessageDeleted(channel_id, offset, message)
        case "reaction.added":
            return ReactionAdded(channel_id, offset, entry["message_id"], user, entry["emoji"])
        case "reaction.removed":
            return ReactionRemoved(channel_id, offset, entry["message_id"], user, entry["emoji"])
        case "member.joined":
            return MemberJoined(channel_id, offset, user)
        case "member.left":
            return MemberLeft(channel_id, offset, user)
        case "channel.created":
            return ChannelCreated(channel_id, offset, channel)
        case "channel.updated":
            return ChannelUpdated(channel_id, offset, channel)
        case "channel.deleted":
            return ChannelDeleted(channel_id, offset)
    return None
