"""Rows of import files, named as their published schemas, and what the core is asked to import.

Rule: fields are spelt in camelCase here; both spellings are read.
"""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from chat.checks import check_text
from chat.errors import Invalid
from chat.imports import (
    ImportedChannel,
    ImportedMember,
    ImportedMessage,
    ImportedUser,
    check_imported_channel,
    check_imported_member,
    check_imported_message,
    check_imported_user,
)
from chat.jobs import JobKind
from chat.messages import MAX_CLIENT_ID_BYTES, Draft, File
from chat.users import NewUser
from server.dialects.chatkitty.requests import Body, CreateExternalFileProperties, Json
from server.dialects.chatkitty.spelling import to_camel
from server.http import convert

CHANNEL_NAMES = uuid.UUID("6b3dbe5e-56a3-4f0c-9a2b-0d9a1d1f4c6e")
"""Names of channels that are known by their idempotency key alone are derived in here."""


class Import(Body, frozen=True, kw_only=True):
    """What every row may have. `created_time` is when it was made where it comes from."""

    idempotency_key: str | None = None
    created_time: datetime | None = None

    @property
    def created(self) -> datetime | None:
        if self.created_time is None:
            return None
        try:
            return self.created_time.astimezone(UTC)
        except OverflowError:
            raise Invalid("createdTime is out of range.") from None


class FileImport(CreateExternalFileProperties, frozen=True, kw_only=True):
    idempotency_key: str | None = None

    @property
    def file(self) -> File:
        return File(self.url, self.name, self.content_type, self.size)


class ChatUserImport(Import, frozen=True, kw_only=True):
    name: str
    display_name: str
    guest: bool = False
    display_picture: FileImport | None = None
    properties: Json | None = None

    def row(self, _: int) -> ImportedUser:
        user = NewUser(
            name=self.name,
            display_name=self.display_name,
            guest=self.guest,
            properties=self.properties or {},
        )
        picture = self.display_picture.file if self.display_picture else None
        return check_imported_user(ImportedUser(user, picture, self.created))


class ChannelMembershipImport(Import, frozen=True, kw_only=True):
    username: str

    def row(self, _: int) -> ImportedMember:
        return check_imported_member(ImportedMember(self.username, self.created))


class ChannelImport(Import, frozen=True, kw_only=True, tag_field="type"):
    creator: str | None = None
    members: list[str] = []
    properties: Json | None = None
    name: str | None = None
    display_name: str | None = None

    def row(self, application_id: int) -> ImportedChannel:
        name = self.name
        kind = self.__struct_config__.tag
        if name is None and kind != "DIRECT":
            name = self._known_as(application_id)
        return check_imported_channel(
            ImportedChannel(
                kind=kind,  # type: ignore[arg-type]  # the tags are the kinds
                name=name,
                display_name=self.display_name or name,
                creator=self.creator,
                members=self.members,
                properties=self.properties or {},
                created=self.created,
            )
        )

    def _known_as(self, application_id: int) -> str:
        """The name of a channel without one: the same for the same key, or a new one."""
        if self.idempotency_key is None:
            return str(uuid.uuid4())
        return str(uuid.uuid5(CHANNEL_NAMES, f"{application_id}:{self.idempotency_key}"))


class DirectChannelImport(ChannelImport, frozen=True, kw_only=True, tag="DIRECT"):
    pass


class PublicChannelImport(ChannelImport, frozen=True, kw_only=True, tag="PUBLIC"):
    pass


class PrivateChannelImport(ChannelImport, frozen=True, kw_only=True, tag="PRIVATE"):
    pass


class MessageImport(Import, frozen=True, kw_only=True, tag_field="type"):
    channel_id: int
    body: str
    group_tag: str | None = None
    properties: Json | None = None

    def row(self, _: int) -> ImportedMessage:
        draft = Draft(
            text=self.body,
            properties=self.properties or {},
            client_id=self.idempotency_key,
            group_tag=self.group_tag,
        )
        return check_imported_message(
            ImportedMessage(self.channel_id, self._sender, draft, self.created)
        )

    @property
    def _sender(self) -> str | None:
        return None


class TextSystemMessageImport(MessageImport, frozen=True, kw_only=True, tag="SYSTEM_TEXT"):
    pass


class TextChatUserMessageImport(MessageImport, frozen=True, kw_only=True, tag="TEXT"):
    user: str

    @property
    def _sender(self) -> str:
        return self.user


SCHEMAS: dict[JobKind, Any] = {
    "USER_IMPORT": ChatUserImport,
    "CHANNEL_IMPORT": DirectChannelImport | PublicChannelImport | PrivateChannelImport,
    "CHANNEL_MEMBERS_IMPORT": ChannelMembershipImport,
    "MESSAGE_IMPORT": TextChatUserMessageImport | TextSystemMessageImport,
}


def reader(kind: JobKind, application_id: int) -> Callable[[bytes], msgspec.Struct]:
    """How to read the rows of such imports. It raises Invalid, which says what is wrong."""
    schema = SCHEMAS[kind]

    def read(text: bytes) -> msgspec.Struct:
        row: Any = convert(_camel(_decode(text)), schema)
        if row.idempotency_key is not None:
            _check_key(row.idempotency_key)
        imported: msgspec.Struct = row.row(application_id)
        return imported

    return read


def _decode(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError) as problem:
        raise Invalid(f"The row is not valid JSON: {problem}"[:200]) from None


def _camel(row: Any) -> Any:
    """Most files are in camelCase throughout, and then stay as they are: this runs per message."""
    nested = isinstance(row, dict) and ("displayPicture" in row or any("_" in key for key in row))
    return to_camel(row) if nested else row


def _check_key(key: str) -> None:
    check_text("idempotencyKey", key, limit_bytes=MAX_CLIENT_ID_BYTES)
    if not key:
        raise Invalid("idempotencyKey must not be empty.")
