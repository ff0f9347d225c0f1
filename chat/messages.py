"""Messages: what people and systems write, and what may be done to it afterwards."""

from datetime import datetime
from typing import Any

import msgspec

from chat.checks import (
    MAX_FILES,
    check_id,
    check_name,
    check_properties,
    check_text,
)
from chat.errors import Invalid
from chat.users import Author

MAX_CLIENT_ID_BYTES = 255
MAX_URL_BYTES = 4096


class File(msgspec.Struct, frozen=True, array_like=True):
    """A file by reference. `size` is in bytes, as its sender states it. One that is hosted here
    has its `key`, and a path as its `url`; only the core itself ever sets a key."""

    url: str
    name: str
    content_type: str
    size: int
    key: str | None = None


class Reaction(msgspec.Struct, frozen=True, array_like=True):
    """One emoji on one message: how many users, and the first of them."""

    emoji: str
    count: int
    users: list[Author]


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`sender` None is the system. A deleted message keeps its place without its content."""

    id: int
    application_id: int
    channel_id: int
    offset: int
    number: int
    sender: Author | None
    created: datetime
    client_id: str | None = None
    thread_id: int | None = None
    reply_to: int | None = None
    text: str | None = None
    files: list[File] = []
    properties: dict[str, Any] = {}
    group_tag: str | None = None
    visible: bool = True
    reactions: list[Reaction] = []
    edited: datetime | None = None
    deleted: datetime | None = None
    reports: int = 0


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to send. The same (sender, channel, client_id) is stored once, ever."""

    text: str | None = None
    files: list[File] = []
    properties: dict[str, Any] = {}
    client_id: str | None = None
    reply_to: int | None = None
    thread_id: int | None = None
    group_tag: str | None = None


class Sent(msgspec.Struct, frozen=True):
    """A stored message; `duplicate` when this client id had been stored before."""

    message: Message
    duplicate: bool


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    channel_id: int
    kind: str
    message_id: int | None
    name: str | None
    properties: dict[str, Any]
    created: datetime


def check_draft(draft: Draft) -> Draft:
    """Refuse an empty message and whatever cannot be stored."""
    if not draft.text and not draft.files:
        raise Invalid("A message needs text or files.")
    if draft.text is not None:
        check_text("text", draft.text)
    if draft.client_id is not None:
        if not draft.client_id:
            raise Invalid("client_id must not be empty.")
        check_text("client_id", draft.client_id, limit_bytes=MAX_CLIENT_ID_BYTES)
    if draft.group_tag is not None:
        check_text("group_tag", draft.group_tag, limit_bytes=MAX_CLIENT_ID_BYTES)
    if draft.properties:
        check_properties("properties", draft.properties)
    if len(draft.files) > MAX_FILES:
        raise Invalid(f"A message has at most {MAX_FILES} files.")
    for file in draft.files:
        check_file(file)
    if draft.reply_to is not None:
        check_id("reply_to", draft.reply_to)
    return draft


def check_file(file: File) -> File:
    check_text("url", file.url, limit_bytes=MAX_URL_BYTES)
    if not file.url:
        raise Invalid("url must not be empty.")
    check_name("name", file.name)
    check_name("content_type", file.content_type)
    if not 0 <= file.size <= 2**53 - 1:
        raise Invalid("size must be between 0 and 2^53-1.")
    return file


def check_emoji(emoji: str) -> str:
    """A reaction is a short piece of text, usually one emoji or its alias."""
    check_text("emoji", emoji, limit_bytes=64)
    if not emoji.strip():
        raise Invalid("emoji must not be empty.")
    return emoji
