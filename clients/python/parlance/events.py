"""What `async for event in chat` yields, one Struct per push.

Rule: a push that is not listed in `BY_TYPE` is ignored, so new servers may say new things.
"""

from typing import Any

import msgspec

from .models import Channel, Message, Sender


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Anything the server says unasked."""


class ChannelEvent(Event, frozen=True, kw_only=True):
    """Something passing in a channel: told at most once, never again after a reconnect."""

    channel: int


class DurableEvent(ChannelEvent, frozen=True, kw_only=True):
    """A stored change: told exactly once and in order of `offset`, across reconnects."""

    offset: int


class MessageCreated(DurableEvent, frozen=True, kw_only=True, tag="message.created"):
    message: Message


class MessageUpdated(DurableEvent, frozen=True, kw_only=True, tag="message.updated"):
    message: Message


class MessageDeleted(DurableEvent, frozen=True, kw_only=True, tag="message.deleted"):
    message: Message


class ReactionAdded(DurableEvent, frozen=True, kw_only=True, tag="reaction.added"):
    message: int
    user: Sender
    emoji: str


class ReactionRemoved(DurableEvent, frozen=True, kw_only=True, tag="reaction.removed"):
    message: int
    user: Sender
    emoji: str


class MemberJoined(DurableEvent, frozen=True, kw_only=True, tag="member.joined"):
    user: Sender


class MemberLeft(DurableEvent, frozen=True, kw_only=True, tag="member.left"):
    """Somebody left or was removed; if it is the client's own user, the channel is gone."""

    user: Sender


class ChannelCreated(DurableEvent, frozen=True, kw_only=True, tag="channel.created"):
    """A channel became the user's: created, joined, or added to. Events after `offset` follow;
    what came before is read with `history`."""

    details: Channel


class ChannelUpdated(DurableEvent, frozen=True, kw_only=True, tag="channel.updated"):
    details: Channel


class ChannelDeleted(DurableEvent, frozen=True, kw_only=True, tag="channel.deleted"):
    pass


class ReadMoved(ChannelEvent, frozen=True, kw_only=True, tag="read"):
    """Somebody has read up to the offset `read`."""

    user: Sender
    read: int


class TypingStarted(ChannelEvent, frozen=True, kw_only=True, tag="typing.started"):
    user: Sender
    thread: int | None = None


class TypingStopped(ChannelEvent, frozen=True, kw_only=True, tag="typing.stopped"):
    user: Sender
    thread: int | None = None


class Keystrokes(ChannelEvent, frozen=True, kw_only=True, tag="keystrokes"):
    user: Sender
    keys: str
    thread: int | None = None


class CustomEvent(ChannelEvent, frozen=True, kw_only=True, tag="event"):
    """An event of the application's own making; `user` is None when the application sent it."""

    name: str
    user: Sender | None = None
    data: Any = None


class PresenceChanged(ChannelEvent, frozen=True, kw_only=True, tag="presence"):
    user: Sender
    online: bool
    status: str = ""


class CaughtUp(Event, frozen=True, kw_only=True, tag="heads"):
    """The end of a recovery: each channel named is complete up to its offset, live from here."""

    heads: dict[int, int]


class Shed(Event, frozen=True, kw_only=True, tag="shed"):
    """So many passing events were left out because this client read too slowly."""

    count: int


class Reset(Event, frozen=True, kw_only=True, tag="reset"):
    """What this client missed in the channel can no longer be told event by event: read its
    history anew. Events after `offset` follow."""

    channel: int
    offset: int


class Drain(Event, frozen=True, kw_only=True, tag="drain"):
    """The node goes away; the client comes back after so many seconds. Not yielded."""

    reconnect_after: float


BY_TYPE: dict[str, type[Event]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (
        MessageCreated,
        MessageUpdated,
        MessageDeleted,
        ReactionAdded,
        ReactionRemoved,
        MemberJoined,
        MemberLeft,
        ChannelCreated,
        ChannelUpdated,
        ChannelDeleted,
        ReadMoved,
        TypingStarted,
        TypingStopped,
        Keystrokes,
        CustomEvent,
        PresenceChanged,
        CaughtUp,
        Shed,
        Reset,
        Drain,
    )
}
