"""What is answered about messages, and about what embeds them: channels and notifications."""

from typing import Literal

from msgspec import UNSET, UnsetType, field

from server.dialects.chatkitty.models import (
    ChatUserProperties,
    ChatUserResource,
    Count,
    Id,
    Json,
    Links,
    Model,
    Number,
    Resource,
    Time,
)


class FileProperties(Model, frozen=True, kw_only=True):
    type: Literal["HOSTED", "EXTERNAL"]
    url: str
    name: str
    content_type: str
    size: Count


class EmojiProperties(Model, frozen=True, kw_only=True):
    character: str
    description: str
    aliases: list[str]
    tags: list[str]


class MessageReactionsSummaryProperties(Model, frozen=True, kw_only=True):
    emoji: EmojiProperties
    count: Count
    users: list[ChatUserProperties]


class MessageLinkPreviewImageProperties(Model, frozen=True, kw_only=True):
    source: str


class MessageLinkPreviewProperties(Model, frozen=True, kw_only=True):
    url: str
    title: str
    image: MessageLinkPreviewImageProperties | UnsetType = UNSET
    description: str | UnsetType = UNSET
    site_name: str | UnsetType = UNSET


class MessageLinkProperties(Model, frozen=True, kw_only=True):
    """Positions count UTF-16 code units; `endPosition` is that of the last one."""

    source: str
    start_position: Number
    end_position: Number
    preview: MessageLinkPreviewProperties | UnsetType = UNSET


class MessageMentionChannelProperties(Model, frozen=True, kw_only=True):
    id: Id
    type: Literal["DIRECT", "PUBLIC", "PRIVATE"]
    created_time: Time
    properties: Json
    name: str | UnsetType = UNSET
    display_name: str | UnsetType = UNSET
    creator: ChatUserProperties | UnsetType = UNSET
    members: list[ChatUserProperties] | UnsetType = UNSET


class _Mention(Model, frozen=True, kw_only=True, tag_field="type"):
    tag: str
    start_position: Number
    end_position: Number


class ChannelMessageMentionProperties(_Mention, frozen=True, kw_only=True, tag="CHANNEL"):
    channel: MessageMentionChannelProperties


class ChatUserMessageMentionProperties(_Mention, frozen=True, kw_only=True, tag="USER"):
    user: ChatUserProperties


MessageMentionProperties = ChannelMessageMentionProperties | ChatUserMessageMentionProperties


class _Message(Model, frozen=True, kw_only=True, tag_field="type"):
    id: Id
    channel_id: Id
    nested_level: Number
    replies_count: Count
    properties: Json
    created_time: Time
    group_tag: str | UnsetType = UNSET
    last_edited_time: Time | UnsetType = UNSET
    reactions: list[MessageReactionsSummaryProperties] | UnsetType = UNSET
    report_count: Count | UnsetType = UNSET
    links: list[MessageLinkProperties] | UnsetType = UNSET
    mentions: list[MessageMentionProperties] | UnsetType = UNSET


class TextChatUserMessageProperties(_Message, frozen=True, kw_only=True, tag="TEXT"):
    body: str
    user: ChatUserProperties


class FileChatUserMessageProperties(_Message, frozen=True, kw_only=True, tag="FILE"):
    """`body` is the text that another API sent with the file."""

    file: FileProperties
    user: ChatUserProperties
    body: str | UnsetType = UNSET


class TextSystemMessageProperties(_Message, frozen=True, kw_only=True, tag="SYSTEM_TEXT"):
    body: str


class FileSystemMessageProperties(_Message, frozen=True, kw_only=True, tag="SYSTEM_FILE"):
    file: FileProperties
    body: str | UnsetType = UNSET


class TextChatUserMessageResource(
    TextChatUserMessageProperties, frozen=True, kw_only=True, tag="TEXT"
):
    hal_links: Links = field(name="_links")


class FileChatUserMessageResource(
    FileChatUserMessageProperties, frozen=True, kw_only=True, tag="FILE"
):
    hal_links: Links = field(name="_links")


class TextSystemMessageResource(
    TextSystemMessageProperties, frozen=True, kw_only=True, tag="SYSTEM_TEXT"
):
    hal_links: Links = field(name="_links")


class FileSystemMessageResource(
    FileSystemMessageProperties, frozen=True, kw_only=True, tag="SYSTEM_FILE"
):
    hal_links: Links = field(name="_links")


MessageProperties = (
    TextChatUserMessageProperties
    | FileChatUserMessageProperties
    | TextSystemMessageProperties
    | FileSystemMessageProperties
)
MessageResource = (
    TextChatUserMessageResource
    | FileChatUserMessageResource
    | TextSystemMessageResource
    | FileSystemMessageResource
)


class ReplyThreadResource(Resource, frozen=True, kw_only=True):
    id: Id
    type: Literal["MAIN", "STANDALONE", "MESSAGE"]
    properties: Json
    created_time: Time
    name: str | UnsetType = UNSET


class MessageReadReceiptResource(Resource, frozen=True, kw_only=True):
    user: ChatUserProperties
    created_time: Time


class _Channel(Model, frozen=True, kw_only=True, tag_field="type"):
    id: Id
    properties: Json
    created_time: Time
    creator: ChatUserProperties | UnsetType = UNSET
    last_received_message: MessageProperties | UnsetType = UNSET


class _Group(_Channel, frozen=True, kw_only=True):
    name: str
    display_name: str


class DirectChannelProperties(_Channel, frozen=True, kw_only=True, tag="DIRECT"):
    members: list[ChatUserProperties]


class PublicChannelProperties(_Group, frozen=True, kw_only=True, tag="PUBLIC"):
    pass


class PrivateChannelProperties(_Group, frozen=True, kw_only=True, tag="PRIVATE"):
    pass


class DirectChannelResource(DirectChannelProperties, frozen=True, kw_only=True, tag="DIRECT"):
    links: Links = field(name="_links")


class PublicChannelResource(PublicChannelProperties, frozen=True, kw_only=True, tag="PUBLIC"):
    links: Links = field(name="_links")


class PrivateChannelResource(PrivateChannelProperties, frozen=True, kw_only=True, tag="PRIVATE"):
    links: Links = field(name="_links")


ChannelProperties = DirectChannelProperties | PublicChannelProperties | PrivateChannelProperties
ChannelResource = DirectChannelResource | PublicChannelResource | PrivateChannelResource


class MessageReadReceiptSummaryResource(Resource, frozen=True, kw_only=True):
    user: ChatUserProperties
    channel: ChannelProperties
    count: Count


class NotificationData(Model, frozen=True, kw_only=True):
    """What happened. What else it holds depends on `type`."""

    type: Literal[
        "SYSTEM:SENT:MESSAGE",
        "USER:SENT:MESSAGE",
        "USER:REPLIED_TO:MESSAGE",
        "USER:MENTIONED:USER",
        "USER:MENTIONED:CHANNEL",
    ]
    channel_id: Id
    message: MessageResource
    parent: MessageResource | UnsetType = UNSET
    mentioned_user: ChatUserResource | UnsetType = UNSET
    mentioned_channel: ChannelResource | UnsetType = UNSET
    relays: dict[str, str] = field(name="_relays")


class NotificationResource(Resource, frozen=True, kw_only=True):
    id: Id
    title: str
    body: str
    data: NotificationData
    muted: bool
    created_time: Time
    read_time: Time | UnsetType = UNSET
    channel: ChannelResource | UnsetType = UNSET
