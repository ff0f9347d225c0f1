"""Channels (rooms): direct, public and private, and which of them are the same one."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from chat.checks import check_id, check_name, check_properties
from chat.errors import Invalid
from chat.messages import Message
from chat.users import Author

ChannelKind = Literal["DIRECT", "PUBLIC", "PRIVATE"]
Role = Literal["member", "moderator"]
MAX_NEW_MEMBERS = 1000


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    application_id: int
    kind: ChannelKind
    name: str | None
    display_name: str | None
    properties: dict[str, Any]
    owner_id: int | None
    organization_id: int | None
    main_thread_id: int
    head: int
    floor: int
    messages: int
    members: int
    created: datetime


class NewChannel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel to make. An equal one that exists is returned instead: the same members for a
    direct channel, the same name for the others."""

    kind: ChannelKind
    name: str | None = None
    display_name: str | None = None
    members: list[int] = []
    properties: dict[str, Any] = {}
    owner_id: int | None = None


class ChannelChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What to change; None leaves a field as it is. `properties` replaces the whole object,
    `merge` is a merge patch (RFC 7396) of the properties as they are then."""

    display_name: str | None = None
    properties: dict[str, Any] | None = None
    merge: dict[str, Any] | None = None


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    channel_id: int
    user_id: int
    state: Literal["joined", "banned"]
    role: Role
    muted: bool
    archived: bool
    hidden: bool
    read_offset: int
    read_number: int
    created: datetime


class Invite(msgspec.Struct, frozen=True, kw_only=True):
    """A standing invitation to join; it ends when the user joins."""

    channel_id: int
    user_id: int
    created: datetime


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A channel as one user finds it: his mark, what is unread, the last message and, in a
    direct channel, who is in it. `joined` is false for a public channel he only may join."""

    channel: Channel
    joined: bool
    read: int
    unread: int
    members: list[Author]
    last_message: Message | None


def direct_key(members: list[int]) -> str:
    """Two direct channels with the same members are the same channel."""
    return "+".join(str(member) for member in sorted(set(members)))


def check_new_channel(channel: NewChannel) -> NewChannel:
    if channel.name is not None:
        check_name("name", channel.name)
    if channel.display_name is not None:
        check_name("display_name", channel.display_name)
    check_properties("properties", channel.properties)
    for member in channel.members:
        check_id("members", member)
    if len(set(channel.members)) > MAX_NEW_MEMBERS:
        raise Invalid(f"members holds more than {MAX_NEW_MEMBERS} users; add the others later.")
    if channel.kind == "DIRECT":
        everyone = {*channel.members, *([channel.owner_id] if channel.owner_id else [])}
        if len(everyone) < 2:
            raise Invalid("A direct channel needs another member.")
        if len(everyone) > 9:
            raise Invalid("A direct channel has at most nine members.")
        if channel.name is not None:
            raise Invalid("A direct channel has no name.")
    return channel


def check_channel_changes(changes: ChannelChanges) -> ChannelChanges:
    if changes.display_name is not None:
        check_name("display_name", changes.display_name)
    if changes.properties is not None:
        check_properties("properties", changes.properties)
    return changes
