"""One Struct per frame of the native protocol. Renaming anything here breaks every client.

Rule: a frame says what travels, nothing else; `docs/protocol.md` is checked against this file.
In a command `user` is an id; in whatever the server says it is a `Sender` (or null: the system).
Times are ISO 8601 strings in UTC with milliseconds; ids and offsets are integers below 2^53.
"""

from typing import Annotated, Any, Literal

import msgspec

Id = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
Offset = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
ChannelKind = Literal["direct", "public", "private"]


class Command(msgspec.Struct, tag_field="type", frozen=True, kw_only=True):
    """Anything a client asks; the answer carries the same `id`. Without one, only a refusal is
    answered, with `id` null."""

    id: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)] | None = None


class Hello(Command, frozen=True, kw_only=True, tag="hello"):
    token: str | None = None
    api_key: str | None = None
    username: str | None = None
    positions: dict[str, Offset] = {}
    client: str | None = None


class Ping(Command, frozen=True, kw_only=True, tag="ping"):
    pass


class View(Command, frozen=True, kw_only=True, tag="view"):
    channels: list[Id]


class ChannelCreate(Command, frozen=True, kw_only=True, tag="channel.create"):
    kind: ChannelKind
    name: str | None = None
    display_name: str | None = None
    members: list[Id] = []
    properties: dict[str, Any] = {}


class ChannelGet(Command, frozen=True, kw_only=True, tag="channel.get"):
    channel: Id


class ChannelJoin(Command, frozen=True, kw_only=True, tag="channel.join"):
    channel: Id


class ChannelLeave(Command, frozen=True, kw_only=True, tag="channel.leave"):
    channel: Id


class ChannelDelete(Command, frozen=True, kw_only=True, tag="channel.delete"):
    channel: Id


class ChannelList(Command, frozen=True, kw_only=True, tag="channel.list"):
    limit: int = 50
    after: Offset = 0


class ChannelUpdate(Command, frozen=True, kw_only=True, tag="channel.update"):
    channel: Id
    display_name: str | None = None
    properties: dict[str, Any] | None = None


class ChannelInvite(Command, frozen=True, kw_only=True, tag="channel.invite"):
    channel: Id
    user: Id


class MemberAdd(Command, frozen=True, kw_only=True, tag="member.add"):
    channel: Id
    user: Id


class MemberRemove(Command, frozen=True, kw_only=True, tag="member.remove"):
    channel: Id
    user: Id


class MemberList(Command, frozen=True, kw_only=True, tag="member.list"):
    channel: Id
    limit: int = 50
    after: Offset = 0


class Participants(Command, frozen=True, kw_only=True, tag="participants"):
    channel: Id


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file by reference: where it is, and what its sender says of it."""

    url: str
    name: str
    content_type: str
    size: int


class MessageSend(Command, frozen=True, kw_only=True, tag="message.send"):
    channel: Id
    client_id: str
    text: str | None = None
    files: list[File] = []
    reply_to: Id | None = None
    properties: dict[str, Any] = {}


class MessageEdit(Command, frozen=True, kw_only=True, tag="message.edit"):
    channel: Id
    message: Id
    text: str | None = None
    properties: dict[str, Any] | None = None


class MessageDelete(Command, frozen=True, kw_only=True, tag="message.delete"):
    channel: Id
    message: Id


class MessageGet(Command, frozen=True, kw_only=True, tag="message.get"):
    channel: Id
    message: Id


class ReactionAdd(Command, frozen=True, kw_only=True, tag="reaction.add"):
    channel: Id
    message: Id
    emoji: str


class ReactionRemove(Command, frozen=True, kw_only=True, tag="reaction.remove"):
    channel: Id
    message: Id
    emoji: str


class History(Command, frozen=True, kw_only=True, tag="history"):
    channel: Id
    before: Offset | None = None
    after: Offset | None = None
    around: Offset | None = None
    limit: int = 50


class Read(Command, frozen=True, kw_only=True, tag="read"):
    channel: Id
    up_to: Offset


class Keystrokes(Command, frozen=True, kw_only=True, tag="keystrokes"):
    channel: Id
    keys: str
    thread: Id | None = None


class Event(Command, frozen=True, kw_only=True, tag="event"):
    channel: Id
    name: str
    data: Any = None


class Presence(Command, frozen=True, kw_only=True, tag="presence"):
    status: str


AnyCommand = (
    Hello
    | Ping
    | View
    | ChannelCreate
    | ChannelGet
    | ChannelJoin
    | ChannelLeave
    | ChannelDelete
    | ChannelList
    | ChannelUpdate
    | ChannelInvite
    | MemberAdd
    | MemberRemove
    | MemberList
    | Participants
    | MessageSend
    | MessageEdit
    | MessageDelete
    | MessageGet
    | ReactionAdd
    | ReactionRemove
    | History
    | Read
    | Keystrokes
    | Event
    | Presence
)


# What the answers and pushes are made of.


class UserView(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    display_name: str
    kind: Literal["person", "bot"] = "person"
    guest: bool = False
    status: str = ""
    online: bool = False
    picture: str | None = None
    properties: dict[str, Any] = {}


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """The author of a message: enough to show it without another question."""

    id: int
    name: str
    display_name: str


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """`user` is null for system messages; `deleted` messages keep their place, without content."""

    id: int
    channel: int
    offset: int
    client_id: str | None
    user: Sender | None
    text: str | None
    files: list[File]
    thread: int | None
    reply_to: int | None
    properties: dict[str, Any]
    created: str
    edited: str | None
    deleted: str | None
    reactions: list["ReactionView"] = []


class ReactionView(msgspec.Struct, frozen=True, kw_only=True):
    """Who reacted to a message with one emoji: the number, and the first 20 user ids."""

    emoji: str
    count: int
    users: list[int]


class ChannelView(msgspec.Struct, frozen=True, kw_only=True):
    """A channel as its viewer sees it. `joined`, `read` and `unread` are the viewer's own;
    `members` is given for direct channels only."""

    id: int
    kind: ChannelKind
    name: str | None
    display_name: str | None
    properties: dict[str, Any]
    owner: int | None
    head: int
    created: str
    joined: bool = False
    read: int = 0
    unread: int = 0
    members: list[Sender] = []
    last_message: MessageView | None = None


class MemberView(msgspec.Struct, frozen=True, kw_only=True):
    user: UserView
    role: Literal["member", "moderator"]
    read: int
    joined: str


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What this server enforces, so that a client need not find out by being refused."""

    frame_bytes: int
    text_bytes: int
    history: int
    commands_per_second: float


class HelloResult(msgspec.Struct, frozen=True, kw_only=True):
    user: UserView
    session: int
    node: str
    heartbeat_seconds: float
    limits: Limits
    channels: list[ChannelView]


class Heads(msgspec.Struct, frozen=True, kw_only=True):
    heads: dict[str, int]


class ChannelResult(msgspec.Struct, frozen=True, kw_only=True):
    channel: ChannelView


class ChannelsResult(msgspec.Struct, frozen=True, kw_only=True):
    """`next` is the `after` of the next page, absent on the last one."""

    channels: list[ChannelView]
    next: int | None = None


class MembersResult(msgspec.Struct, frozen=True, kw_only=True):
    members: list[MemberView]
    next: int | None = None


class UsersResult(msgspec.Struct, frozen=True, kw_only=True):
    users: list[UserView]


class MessageResult(msgspec.Struct, frozen=True, kw_only=True):
    message: MessageView


class SendResult(msgspec.Struct, frozen=True, kw_only=True):
    message: MessageView
    duplicate: bool


class MessagesResult(msgspec.Struct, frozen=True, kw_only=True):
    messages: list[MessageView]


class ReadResult(msgspec.Struct, frozen=True, kw_only=True):
    read: int
    unread: int


class Empty(msgspec.Struct, frozen=True, kw_only=True):
    """Done, nothing to tell."""


class Reply(msgspec.Struct, tag_field="type", tag="reply", frozen=True, kw_only=True):
    id: int
    result: Any


class Error(
    msgspec.Struct, tag_field="type", tag="error", frozen=True, kw_only=True, omit_defaults=True
):
    """`retry_after` is in seconds and present only where trying again can help."""

    id: int | None
    code: str
    message: str
    retry_after: float | None = None


class Push(msgspec.Struct, tag_field="type", frozen=True, kw_only=True):
    """Anything the server says unasked."""


class MessageCreated(Push, frozen=True, kw_only=True, tag="message.created"):
    channel: int
    offset: int
    message: MessageView


class MessageUpdated(Push, frozen=True, kw_only=True, tag="message.updated"):
    channel: int
    offset: int
    message: MessageView


class MessageDeleted(Push, frozen=True, kw_only=True, tag="message.deleted"):
    channel: int
    offset: int
    message: MessageView


class ReactionAdded(Push, frozen=True, kw_only=True, tag="reaction.added"):
    channel: int
    offset: int
    message: int
    user: Sender
    emoji: str


class ReactionRemoved(Push, frozen=True, kw_only=True, tag="reaction.removed"):
    channel: int
    offset: int
    message: int
    user: Sender
    emoji: str


class MemberJoined(Push, frozen=True, kw_only=True, tag="member.joined"):
    channel: int
    offset: int
    user: Sender


class MemberLeft(Push, frozen=True, kw_only=True, tag="member.left"):
    channel: int
    offset: int
    user: Sender


class ChannelCreated(Push, frozen=True, kw_only=True, tag="channel.created"):
    """Told to a user when a channel becomes his: created with him, joined, or he was added.
    `offset` is his position in it; events after it follow."""

    channel: int
    offset: int
    details: ChannelView


class ChannelUpdated(Push, frozen=True, kw_only=True, tag="channel.updated"):
    channel: int
    offset: int
    details: ChannelView


class ChannelDeleted(Push, frozen=True, kw_only=True, tag="channel.deleted"):
    channel: int
    offset: int


class ReadPush(Push, frozen=True, kw_only=True, tag="read"):
    channel: int
    user: Sender
    read: int


class TypingStarted(Push, frozen=True, kw_only=True, tag="typing.started"):
    channel: int
    user: Sender
    thread: int | None = None


class TypingStopped(Push, frozen=True, kw_only=True, tag="typing.stopped"):
    channel: int
    user: Sender
    thread: int | None = None


class KeystrokesPush(Push, frozen=True, kw_only=True, tag="keystrokes"):
    channel: int
    user: Sender
    keys: str
    thread: int | None = None


class EventPush(Push, frozen=True, kw_only=True, tag="event"):
    """`user` is null when the application itself sent it."""

    channel: int
    user: Sender | None
    name: str
    data: Any


class PresencePush(Push, frozen=True, kw_only=True, tag="presence"):
    channel: int
    user: Sender
    online: bool
    status: str


class HeadsPush(Push, frozen=True, kw_only=True, tag="heads"):
    """Ends a recovery: every channel named is complete up to its offset, live from here on."""

    heads: dict[str, int]


class Shed(Push, frozen=True, kw_only=True, tag="shed"):
    """So many ephemeral pushes were dropped for this socket since it was last told."""

    count: int


class Reset(Push, frozen=True, kw_only=True, tag="reset"):
    """The position for this channel cannot be served: read its history anew. `offset` is where
    live pushes go on from."""

    channel: int
    offset: int


class Drain(Push, frozen=True, kw_only=True, tag="drain"):
    """This node is going away: come back after so many seconds."""

    reconnect_after: float


class Revoked(Push, frozen=True, kw_only=True, tag="revoked"):
    """The token of this socket is no longer valid; close 4003 follows."""


AnyPush = (
    MessageCreated
    | MessageUpdated
    | MessageDeleted
    | ReactionAdded
    | ReactionRemoved
    | MemberJoined
    | MemberLeft
    | ChannelCreated
    | ChannelUpdated
    | ChannelDeleted
    | ReadPush
    | TypingStarted
    | TypingStopped
    | KeystrokesPush
    | EventPush
    | PresencePush
    | HeadsPush
    | Shed
    | Reset
    | Drain
    | Revoked
)
AnyServerFrame = Reply | Error | AnyPush
