"""Every event of the core, past tense, and the topic it goes to.

Rule: an event with an offset is durable: it was committed before it exists here, and can be
read again from the store. One without is ephemeral: lost is lost. Events travel between nodes,
so a field may be added (with a default) but never renamed or given another meaning.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from chat.channels import Channel
from chat.messages import Message
from chat.users import Author


class ChannelEvent(msgspec.Struct, frozen=True, tag_field="t", omit_defaults=True):
    channel_id: int


class DurableEvent(ChannelEvent, frozen=True):
    offset: int


class MessageSent(DurableEvent, frozen=True, tag="ms"):
    message: Message


class MessageEdited(DurableEvent, frozen=True, tag="me"):
    message: Message


class MessageDeleted(DurableEvent, frozen=True, tag="md"):
    message: Message


class ReactionAdded(DurableEvent, frozen=True, tag="ra"):
    message_id: int
    user: Author
    emoji: str


class ReactionRemoved(DurableEvent, frozen=True, tag="rr"):
    message_id: int
    user: Author
    emoji: str


class MemberJoined(DurableEvent, frozen=True, tag="mj"):
    user: Author


class MemberLeft(DurableEvent, frozen=True, tag="ml"):
    """Also removal and ban: from this offset on the user hears nothing of the channel."""

    user: Author


class ChannelCreated(DurableEvent, frozen=True, tag="cc"):
    channel: Channel


class ChannelUpdated(DurableEvent, frozen=True, tag="cu"):
    channel: Channel


class ChannelDeleted(DurableEvent, frozen=True, tag="cd"):
    pass


class ReadAdvanced(ChannelEvent, frozen=True, tag="rd"):
    user: Author
    read: int


class Typed(ChannelEvent, frozen=True, tag="ty"):
    """Somebody began (`started`) or stopped typing."""

    user: Author
    started: bool
    thread_id: int | None = None


class KeysPressed(ChannelEvent, frozen=True, tag="ks"):
    user: Author
    keys: str
    thread_id: int | None = None


class CustomEvent(ChannelEvent, frozen=True, tag="ev"):
    user: Author | None
    name: str
    data: Any = None


class PresenceChanged(ChannelEvent, frozen=True, tag="pr"):
    user: Author
    online: bool
    status: str


class HeadMoved(ChannelEvent, frozen=True, tag="hd"):
    """A hint: the channel has at least this offset. A node that has heard less reads the rest."""

    head: int


class UserEvent(msgspec.Struct, frozen=True, tag_field="t", omit_defaults=True):
    user_id: int


class ChannelGained(UserEvent, frozen=True, tag="cg"):
    """A channel became the user's, from this offset on."""

    channel_id: int
    offset: int


class TokenRevoked(UserEvent, frozen=True, tag="tr"):
    """`token_id` None: every token of the user, as when the user is deleted."""

    token_id: int | None


class UserChanged(UserEvent, frozen=True, tag="uc"):
    """Name, status or blocks changed: what nodes remember of the user is out of date."""


Durable = (
    MessageSent
    | MessageEdited
    | MessageDeleted
    | ReactionAdded
    | ReactionRemoved
    | MemberJoined
    | MemberLeft
    | ChannelCreated
    | ChannelUpdated
    | ChannelDeleted
)
Ephemeral = ReadAdvanced | Typed | KeysPressed | CustomEvent | PresenceChanged | HeadMoved
OfUser = ChannelGained | TokenRevoked | UserChanged
Event = Durable | Ephemeral | OfUser


def topic_of(event: ChannelEvent | UserEvent) -> str:
    """The pub/sub address of an event."""
    if isinstance(event, ChannelEvent):
        return f"channel:{event.channel_id}"
    return f"user:{event.user_id}"


def compacted(events: Sequence[DurableEvent]) -> list[DurableEvent]:
    """The past of a channel, read from the store, without what later events in it make pointless:
    edits before another edit or the deletion of the same message, since each brings the message
    as it is now, and reactions that were taken back or given anew."""
    last: dict[tuple[object, ...], int] = {}
    for event in events:
        last[_subject(event)] = event.offset
    return [event for event in events if last[_subject(event)] == event.offset]


def _subject(event: DurableEvent) -> tuple[object, ...]:
    if isinstance(event, MessageEdited | MessageDeleted):
        return ("message", event.message.id)
    if isinstance(event, ReactionAdded | ReactionRemoved):
        return ("reaction", event.message_id, event.user.id, event.emoji)
    return ("event", event.offset)
