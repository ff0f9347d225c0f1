"""Durable events read back from where they were recorded, for whoever missed them."""

import asyncio
from collections.abc import Sequence

from chat.channels import Channel
from chat.errors import ChatError
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
from storage.postgres.batches import Lane
from storage.postgres.database import Database
from storage.postgres.messages import SELECT

# One statement, so one snapshot: what it returns of a channel has no holes, since offsets are
# taken under the lock of the channel and become visible with the commit that releases it.
LOG = """
    SELECT p.n, l.* FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY
        AS p (channel_id, after, n), LATERAL (
            (SELECT at_offset, 'message.created' AS kind, id AS message_id,
                    NULL::bigint AS user_id, NULL AS emoji
             FROM messages m WHERE m.channel_id = p.channel_id AND m.at_offset > p.after
             ORDER BY at_offset LIMIT $3)
            UNION ALL
            (SELECT at_offset, kind, message_id, user_id, emoji
             FROM events e WHERE e.channel_id = p.channel_id AND e.at_offset > p.after
             ORDER BY at_offset LIMIT $3)
            ORDER BY at_offset LIMIT $3) l
    ORDER BY p.n, l.at_offset"""

MOST = 64
"""Reads answered by one statement. At a page of 500 events each this is what should be in memory
at once."""

Read = list[Durable] | None
_Item = tuple[tuple[int, int, int], "asyncio.Future[Read]"]


class Events:
    """Reads that are asked for at the same time share their statements; equal ones, as when all
    sockets of a node come back at once, are one read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lane = Lane(self._read, _deliver, MOST)

    async def read(self, channel_id: int, after: int, limit: int) -> Read:
        """See `chat.store.ChannelStore.read_events`."""
        future: asyncio.Future[Read] = asyncio.get_running_loop().create_future()
        self._lane.add(((channel_id, after, limit), future))
        return await future

    async def _read(self, batch: Sequence[_Item]) -> list[Read]:
        wanted = list(dict.fromkeys(key for key, _ in batch))
        channels = await self._channels({channel_id for channel_id, _, _ in wanted})
        served = [key for key in wanted if _is_served(channels.get(key[0]), key[1])]
        log = await self._log(served)
        entries = [entry for each in log for entry in each]
        messages = await self._messages({e["message_id"] for e in entries if e["message_id"]})
        authors = await self._authors({e["user_id"] for e in entries if e["user_id"]})
        found: dict[tuple[int, int, int], Read] = dict.fromkeys(wanted)
        for key, each in zip(served, log, strict=True):
            found[key] = [_event(entry, channels[key[0]], messages, authors) for entry in each]
        return [found[key] for key, _ in batch]

    async def _channels(self, ids: set[int]) -> dict[int, Channel]:
        found = await self._database.rows(
            f"SELECT {rows.CHANNEL} FROM channels c WHERE c.id = ANY ($1::bigint[])", list(ids)
        )
        return {row["id"]: rows.channel(row) for row in found}

    async def _log(self, wanted: Sequence[tuple[int, int, int]]) -> list[list[rows.Row]]:
        log: list[list[rows.Row]] = [[] for _ in wanted]
        if not wanted:
            return log
        found = await self._database.rows(
            LOG,
            [channel_id for channel_id, _, _ in wanted],
            [after for _, after, _ in wanted],
            max(limit for _, _, limit in wanted),
        )
        for row in found:
            each = log[row["n"] - 1]
            if len(each) < wanted[row["n"] - 1][2]:
                each.append(row)
        return log

    async def _messages(self, ids: set[int]) -> dict[int, Message]:
        if not ids:
            return {}
        found = await self._database.rows(f"{SELECT} WHERE m.id = ANY ($1::bigint[])", list(ids))
        return {row["id"]: rows.message(row) for row in found}

    async def _authors(self, ids: set[int]) -> dict[int, Author]:
        if not ids:
            return {}
        found = await self._database.rows(
            "SELECT id, name, display_name FROM users WHERE id = ANY ($1::bigint[])", list(ids)
        )
        return {row["id"]: Author(row["id"], row["name"], row["display_name"]) for row in found}


def _is_served(channel: Channel | None, after: int) -> bool:
    return channel is not None and channel.floor <= after <= channel.head


def _deliver(item: _Item, result: "Read | ChatError") -> None:
    future = item[1]
    if future.done():
        return
    if isinstance(result, ChatError):
        future.set_exception(result)
    else:
        future.set_result(result)


def _event(
    entry: rows.Row, channel: Channel, messages: dict[int, Message], authors: dict[int, Author]
) -> Durable:
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
    raise TypeError(f"an event of unknown kind: {kind}")
