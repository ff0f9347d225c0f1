"""What imports bring: users, channels, members and messages that were made elsewhere.

Rule: a repeated row is stored once. Users and channels are known by their names, direct channels
and members by who they are, messages by sender, channel and client id.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from chat.channels import MAX_NEW_MEMBERS, ChannelKind, NewChannel, check_new_channel
from chat.checks import check_id, check_name
from chat.errors import Invalid
from chat.messages import Draft, File, check_draft, check_file
from chat.users import NewUser, check_new_user

MAX_DIRECT = 9
STORED, REPEATED = "stored", "repeated"
REASONS = {
    "no_channel": "There is no such channel.",
    "no_user": "There is no user of this name.",
    "banned": "The user is banned from this channel.",
}


class ImportedUser(msgspec.Struct, frozen=True):
    user: NewUser
    picture: File | None = None
    created: datetime | None = None


class ImportedChannel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel whose people are named, for their ids are not known where it comes from."""

    kind: ChannelKind
    name: str | None = None
    display_name: str | None = None
    creator: str | None = None
    members: list[str] = []
    properties: dict[str, Any] = {}
    created: datetime | None = None

    @property
    def people(self) -> set[str]:
        return {*self.members, *([self.creator] if self.creator is not None else [])}

    def channel(self, ids: dict[str, int]) -> NewChannel:
        """The channel to make, once the ids of its people are known."""
        return NewChannel(
            kind=self.kind,
            name=self.name,
            display_name=self.display_name,
            members=[ids[name] for name in self.members],
            owner_id=ids[self.creator] if self.creator is not None else None,
            properties=self.properties,
        )


class ImportedMember(msgspec.Struct, frozen=True):
    username: str
    created: datetime | None = None


class ImportedMessage(msgspec.Struct, frozen=True):
    """`sender` is the name of a user; None is the system."""

    channel_id: int
    sender: str | None
    draft: Draft
    created: datetime | None = None


class Verdicts(msgspec.Struct, frozen=True):
    """What became of the rows of a batch: those that were not stored, by index, with why."""

    others: dict[int, str]
    heads: dict[int, int] = {}
    """The channels that moved, and to where."""
    gained: list[tuple[int, int, int]] = []
    """(user, channel, offset) of those who are online and gained a channel."""


class ImportStore(Protocol):
    """Batches, inside a transaction. The verdict of a row is STORED, REPEATED or one of REASONS."""

    async def users(self, application_id: int, rows: Sequence[ImportedUser]) -> Verdicts: ...
    async def members(self, channel_id: int, rows: Sequence[ImportedMember]) -> Verdicts: ...
    async def messages(self, application_id: int, rows: Sequence[ImportedMessage]) -> Verdicts:
        """Messages take the next offsets of their channels in the order of the rows. Membership
        rules do not apply."""
        ...

    async def date_channel(self, channel_id: int, created: datetime) -> None: ...


def check_imported_user(row: ImportedUser) -> ImportedUser:
    check_new_user(row.user)
    if row.picture is not None:
        check_file(row.picture)
        if not row.picture.url.startswith(("https://", "http://")):
            raise Invalid("A display picture must be at an http or https address.")
    return row


def check_imported_channel(row: ImportedChannel) -> ImportedChannel:
    """All that can be known without the ids of its people."""
    check_new_channel(
        NewChannel(
            kind="PUBLIC" if row.kind == "DIRECT" else row.kind,
            name=row.name,
            display_name=row.display_name,
            properties=row.properties,
        )
    )
    for name in row.people:
        check_name("members", name)
    if row.kind == "DIRECT" and (row.name is not None or row.display_name is not None):
        raise Invalid("A direct channel has no name.")
    if row.kind == "DIRECT" and not 2 <= len(row.people) <= MAX_DIRECT:
        raise Invalid("A direct channel has two to nine members.")
    if len(row.people) > MAX_NEW_MEMBERS:
        raise Invalid(f"members holds more than {MAX_NEW_MEMBERS} users; import the others later.")
    return row


def check_imported_member(row: ImportedMember) -> ImportedMember:
    check_name("username", row.username)
    return row


def check_imported_message(row: ImportedMessage) -> ImportedMessage:
    check_id("channelId", row.channel_id)
    if row.sender is not None:
        check_name("user", row.sender)
    check_draft(row.draft)
    return row
