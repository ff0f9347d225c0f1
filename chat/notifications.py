"""Notifications: what a member missed, derived from messages and never stored by themselves. Pure.

Rule: a notification of a user is a message of a channel he is in, sent by somebody else since he
joined, while he did not have the channel open. So a message to many members writes no more than
one to a few; who leaves a channel loses its notifications with it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from chat.channels import Channel
from chat.mentions import Mention
from chat.messages import Message
from chat.pages import CursorPage, CursorRequest
from chat.users import User

Kind = Literal[
    "SYSTEM:SENT:MESSAGE",
    "USER:SENT:MESSAGE",
    "USER:REPLIED_TO:MESSAGE",
    "USER:MENTIONED:USER",
    "USER:MENTIONED:CHANNEL",
]
BODY_CHARACTERS = 1000


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """A message that somebody missed. `parent` is his own message that it replies to; `read` is
    when his read mark passed it; `muted` whether he has muted the channel."""

    message: Message
    parent: Message | None
    muted: bool
    read: datetime | None

    @property
    def id(self) -> int:
        return self.message.id


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """Has the id of its message. `mention` is what makes it one of a mention."""

    kind: Kind
    title: str
    body: str
    missed: Missed
    channel: Channel
    mention: Mention | None = None

    @property
    def id(self) -> int:
        return self.missed.id


class NotificationStore(Protocol):
    async def page(self, user_id: int, request: CursorRequest) -> CursorPage[Missed]:
        """What a user missed, newest first. Reads a bounded number of messages: a page may hold
        fewer than there are, and then says where the next one starts."""
        ...


def notification(
    missed: Missed, user: User, channel: Channel, mentions: Sequence[Mention]
) -> Notification:
    """Why the user is told, in this order: a reply to him, his name, a channel's name, the mere
    message."""
    kind, mention = _reason(missed, user, mentions)
    message = missed.message
    body = message.text[:BODY_CHARACTERS] if message.text else "File attachment"
    return Notification(
        kind=kind,
        title=_title(kind, message, mention),
        body=body,
        missed=missed,
        channel=channel,
        mention=mention,
    )


def _reason(missed: Missed, user: User, mentions: Sequence[Mention]) -> tuple[Kind, Mention | None]:
    if missed.message.sender is None:
        return "SYSTEM:SENT:MESSAGE", None
    if missed.parent is not None:
        return "USER:REPLIED_TO:MESSAGE", None
    for mention in mentions:
        if mention.user is not None and mention.user.id == user.id:
            return "USER:MENTIONED:USER", mention
    for mention in mentions:
        if mention.channel is not None and _may_name(missed.message, mention.channel):
            return "USER:MENTIONED:CHANNEL", mention
    return "USER:SENT:MESSAGE", None


def _may_name(message: Message, channel: Channel) -> bool:
    """A channel that everybody may see, or the one the message is in."""
    return channel.kind == "PUBLIC" or channel.id == message.channel_id


def _title(kind: Kind, message: Message, mention: Mention | None) -> str:
    sender = message.sender.display_name if message.sender else ""
    titles: Mapping[Kind, str] = {
        "SYSTEM:SENT:MESSAGE": "System message sent",
        "USER:SENT:MESSAGE": f"{sender} sent a message",
        "USER:REPLIED_TO:MESSAGE": f"{sender} replied to your message",
        "USER:MENTIONED:USER": f"{sender} mentioned you",
        "USER:MENTIONED:CHANNEL": f"{sender} mentioned {mention.tag if mention else ''}",
    }
    return titles[kind]
