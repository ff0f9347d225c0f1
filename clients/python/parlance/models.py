"""What the server speaks of: users, channels, messages.

Rule: read leniently. A field that is not essential has a default and an unknown one is ignored,
so that an old client lives with a new server. Times are ISO 8601 strings in UTC.
"""

from typing import Any

import msgspec


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """An immutable value; `msgspec.to_builtins` makes a dictionary of it."""


class Sender(Model, frozen=True, kw_only=True):
    """Who did something: enough to show it without another question."""

    id: int
    name: str
    display_name: str = ""


class User(Model, frozen=True, kw_only=True):
    id: int
    name: str
    display_name: str = ""
    kind: str = "person"
    guest: bool = False
    status: str = ""
    online: bool = False
    picture: str | None = None
    properties: dict[str, Any] = {}


class File(Model, frozen=True, kw_only=True):
    """A file by reference: where it is, and what its sender says of it."""

    url: str
    name: str
    content_type: str
    size: int


class Reaction(Model, frozen=True, kw_only=True):
    """One emoji under a message: how many, and the first of their user ids."""

    emoji: str
    count: int
    users: list[int] = []


class Message(Model, frozen=True, kw_only=True):
    """`user` is None for system messages. A deleted message keeps its place, without content."""

    id: int
    channel: int
    offset: int
    client_id: str | None = None
    user: Sender | None = None
    text: str | None = None
    files: list[File] = []
    thread: int | None = None
    reply_to: int | None = None
    properties: dict[str, Any] = {}
    created: str = ""
    edited: str | None = None
    deleted: str | None = None
    reactions: list[Reaction] = []


class Channel(Model, frozen=True, kw_only=True):
    """A channel as its viewer sees it: `joined`, `read` and `unread` are the viewer's own.

    `head` is the offset of the channel's last event when this was told. `members` is given for
    direct channels only.
    """

    id: int
    kind: str
    name: str | None = None
    display_name: str | None = None
    properties: dict[str, Any] = {}
    owner: int | None = None
    head: int = 0
    created: str = ""
    joined: bool = False
    read: int = 0
    unread: int = 0
    members: list[Sender] = []
    last_message: Message | None = None


class Member(Model, frozen=True, kw_only=True):
    user: User
    role: str = "member"
    read: int = 0
    joined: str = ""


class Limits(Model, frozen=True, kw_only=True):
    """What the server enforces. Zero: it did not say."""

    frame_bytes: int = 0
    text_bytes: int = 0
    history: int = 0
    commands_per_second: float = 0.0


class ChannelPage(Model, frozen=True, kw_only=True):
    """`next` is the `after` of the next page, None on the last one."""

    channels: list[Channel]
    next: int | None = None


class MemberPage(Model, frozen=True, kw_only=True):
    """`next` is the `after` of the next page, None on the last one."""

    members: list[Member]
    next: int | None = None


class ReadMark(Model, frozen=True, kw_only=True):
    """How far one has read, and how many messages are unread after it."""

    read: int
    unread: int


# Answers that only wrap one of the above, or greet.


class Greeting(Model, frozen=True, kw_only=True):
    user: User
    session: int = 0
    node: str = ""
    heartbeat_seconds: float = 25.0
    limits: Limits = Limits()
    channels: list[Channel] = []


class ChannelAnswer(Model, frozen=True, kw_only=True):
    channel: Channel


class MessageAnswer(Model, frozen=True, kw_only=True):
    message: Message


class MessagesAnswer(Model, frozen=True, kw_only=True):
    messages: list[Message]


class UsersAnswer(Model, frozen=True, kw_only=True):
    users: list[User]


class HeadsAnswer(Model, frozen=True, kw_only=True):
    heads: dict[int, int]


class Done(Model, frozen=True, kw_only=True):
    """Whatever the server says to a command of which only success matters."""
