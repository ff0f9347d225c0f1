"""The core's nouns and events as the native protocol shows them. Pure."""

from datetime import datetime

from chat import events as core
from chat.channels import Channel, Membership, Place
from chat.messages import File, Message
from chat.users import Author, User
from protocol.native import frames as native


def time_view(time: datetime) -> str:
    """ISO 8601, UTC, milliseconds."""
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user_view(user: User) -> native.UserView:
    return native.UserView(
        id=user.id,
        name=user.name,
        display_name=user.display_name,
        kind="bot" if user.kind == "BOT" else "person",
        guest=user.guest,
        status=user.status,
        online=user.online,
        picture=user.picture,
        properties=user.properties,
    )


def sender_view(author: Author) -> native.Sender:
    return native.Sender(id=author.id, name=author.name, display_name=author.display_name)


def file_view(file: File) -> native.File:
    return native.File(url=file.url, name=file.name, content_type=file.content_type, size=file.size)


def message_view(message: Message) -> native.MessageView:
    return native.MessageView(
        id=message.id,
        channel=message.channel_id,
        offset=message.offset,
        client_id=message.client_id,
        user=sender_view(message.sender) if message.sender is not None else None,
        text=message.text,
        files=[file_view(file) for file in message.files],
        thread=message.thread_id,
        reply_to=message.reply_to,
        properties=message.properties,
        created=time_view(message.created),
        edited=time_view(message.edited) if message.edited is not None else None,
        deleted=time_view(message.deleted) if message.deleted is not None else None,
        reactions=[
            native.ReactionView(
                emoji=reaction.emoji,
                count=reaction.count,
                users=[user.id for user in reaction.users],
            )
            for reaction in message.reactions
        ],
    )


_KINDS: dict[str, native.ChannelKind] = {
    "DIRECT": "direct",
    "PUBLIC": "public",
    "PRIVATE": "private",
}


def channel_view(channel: Channel) -> native.ChannelView:
    """A channel as everybody in it sees it: without any viewer's own fields."""
    return native.ChannelView(
        id=channel.id,
        kind=_KINDS[channel.kind],
        name=channel.name,
        display_name=channel.display_name,
        properties=channel.properties,
        owner=channel.owner_id,
        head=channel.head,
        created=time_view(channel.created),
        joined=True,
    )


def place_view(place: Place) -> native.ChannelView:
    channel = place.channel
    return native.ChannelView(
        id=channel.id,
        kind=_KINDS[channel.kind],
        name=channel.name,
        display_name=channel.display_name,
        properties=channel.properties,
        owner=channel.owner_id,
        head=channel.head,
        created=time_view(channel.created),
        joined=place.joined,
        read=place.read,
        unread=place.unread,
        members=[sender_view(member) for member in place.members],
        last_message=message_view(place.last_message) if place.last_message is not None else None,
    )


def member_view(user: User, membership: Membership) -> native.MemberView:
    return native.MemberView(
        user=user_view(user),
        role=membership.role,
        read=membership.read_offset,
        joined=time_view(membership.created),
    )


def durable_push(event: core.DurableEvent) -> native.Push:
    """What is told of a durable event."""
    channel, offset = event.channel_id, event.offset
    match event:
        case core.MessageSent(message=message):
            return native.MessageCreated(
                channel=channel, offset=offset, message=message_view(message)
            )
        case core.MessageEdited(message=message):
            return native.MessageUpdated(
                channel=channel, offset=offset, message=message_view(message)
            )
        case core.MessageDeleted(message=message):
            return native.MessageDeleted(
                channel=channel, offset=offset, message=message_view(message)
            )
        case core.ReactionAdded():
            return native.ReactionAdded(
                channel=channel,
                offset=offset,
                message=event.message_id,
                user=sender_view(event.user),
                emoji=event.emoji,
            )
        case core.ReactionRemoved():
            return native.ReactionRemoved(
                channel=channel,
                offset=offset,
                message=event.message_id,
                user=sender_view(event.user),
                emoji=event.emoji,
            )
        case core.MemberJoined():
            return native.MemberJoined(channel=channel, offset=offset, user=sender_view(event.user))
        case core.MemberLeft():
            return native.MemberLeft(channel=channel, offset=offset, user=sender_view(event.user))
        case core.ChannelCreated():
            return native.ChannelCreated(
                channel=channel, offset=offset, details=channel_view(event.channel)
            )
        case core.ChannelUpdated():
            return native.ChannelUpdated(
                channel=channel, offset=offset, details=channel_view(event.channel)
            )
        case core.ChannelDeleted():
            return native.ChannelDeleted(channel=channel, offset=offset)
    raise TypeError(f"not a durable event: {type(event).__name__}")


def ephemeral_push(event: core.ChannelEvent) -> native.Push:
    """What is told of an ephemeral event."""
    channel = event.channel_id
    match event:
        case core.ReadAdvanced():
            return native.ReadPush(channel=channel, user=sender_view(event.user), read=event.read)
        case core.Typed():
            kind = native.TypingStarted if event.started else native.TypingStopped
            return kind(channel=channel, user=sender_view(event.user), thread=event.thread_id)
        case core.KeysPressed():
            return native.KeystrokesPush(
                channel=channel,
                user=sender_view(event.user),
                keys=event.keys,
                thread=event.thread_id,
            )
        case core.CustomEvent():
            return native.EventPush(
                channel=channel,
                user=sender_view(event.user) if event.user is not None else None,
                name=event.name,
                data=event.data,
            )
        case core.PresenceChanged():
            return native.PresencePush(
                channel=channel,
                user=sender_view(event.user),
                online=event.online,
                status=event.status,
            )
    raise TypeError(f"not an ephemeral event: {type(event).__name__}")
