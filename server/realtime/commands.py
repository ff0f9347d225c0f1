"""Native commands to operations of the core: decode was done, one core call, render.

Rule: a handler holds no rule about chat; what it returns is the `result` of the reply.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from chat.actors import Actor
from chat.channels import ChannelChanges, NewChannel
from chat.checks import check_json, check_name
from chat.errors import Unauthorized
from chat.events import CustomEvent, KeysPressed
from chat.operations.channels import check_keys
from chat.pages import PageRequest
from protocol.native import frames as native
from server.realtime.session import Session, draft_of
from server.realtime.views import member_view, message_view, place_view, user_view

PARTICIPANTS = 200
_KINDS: dict[str, Any] = {"direct": "DIRECT", "public": "PUBLIC", "private": "PRIVATE"}


def _actor(session: Session) -> Actor:
    if session.actor is None:
        raise Unauthorized
    return session.actor


async def hello(session: Session, command: native.Hello) -> None:
    await session.realtime.greet(session, command)


async def ping(session: Session, _: native.Ping) -> native.Heads:
    heads = await session.realtime.chat.channels.heads(_actor(session))
    return native.Heads(heads={str(channel): head for channel, head in heads.items()})


async def view(session: Session, command: native.View) -> native.Empty:
    actor = _actor(session)
    await session.realtime.chat.presence.view(actor, session.client.session_id, command.channels)
    session.client.view = frozenset(command.channels)
    return native.Empty()


async def channel_create(session: Session, command: native.ChannelCreate) -> native.ChannelResult:
    channel = await session.realtime.chat.channels.create(
        _actor(session),
        NewChannel(
            kind=_KINDS[command.kind],
            name=command.name,
            display_name=command.display_name,
            members=command.members,
            properties=command.properties,
        ),
    )
    return await _place(session, channel.id)


async def _place(session: Session, channel_id: int) -> native.ChannelResult:
    place = await session.realtime.chat.channels.place(_actor(session), channel_id)
    return native.ChannelResult(channel=place_view(place))


async def channel_get(session: Session, command: native.ChannelGet) -> native.ChannelResult:
    return await _place(session, command.channel)


async def channel_join(session: Session, command: native.ChannelJoin) -> native.ChannelResult:
    await session.realtime.chat.members.join(_actor(session), command.channel)
    return await _place(session, command.channel)


async def channel_leave(session: Session, command: native.ChannelLeave) -> native.Empty:
    await session.realtime.chat.members.leave(_actor(session), command.channel)
    return native.Empty()


async def channel_delete(session: Session, command: native.ChannelDelete) -> native.Empty:
    await session.realtime.chat.channels.delete(_actor(session), command.channel)
    return native.Empty()


async def channel_list(session: Session, command: native.ChannelList) -> native.ChannelsResult:
    places, following = await session.realtime.chat.channels.visible(
        _actor(session), after=command.after, limit=command.limit
    )
    return native.ChannelsResult(channels=[place_view(place) for place in places], next=following)


async def channel_update(session: Session, command: native.ChannelUpdate) -> native.ChannelResult:
    await session.realtime.chat.channels.update(
        _actor(session),
        command.channel,
        ChannelChanges(display_name=command.display_name, properties=command.properties),
    )
    return await _place(session, command.channel)


async def channel_invite(session: Session, command: native.ChannelInvite) -> native.Empty:
    await session.realtime.chat.members.invite(_actor(session), command.channel, command.user)
    return native.Empty()


async def member_add(session: Session, command: native.MemberAdd) -> native.Empty:
    await session.realtime.chat.members.add(_actor(session), command.channel, command.user)
    return native.Empty()


async def member_remove(session: Session, command: native.MemberRemove) -> native.Empty:
    await session.realtime.chat.members.remove(_actor(session), command.channel, command.user)
    return native.Empty()


async def member_list(session: Session, command: native.MemberList) -> native.MembersResult:
    found, following = await session.realtime.chat.members.after(
        _actor(session), command.channel, after=command.after, limit=command.limit
    )
    return native.MembersResult(
        members=[member_view(user, membership) for user, membership in found], next=following
    )


async def participants(session: Session, command: native.Participants) -> native.UsersResult:
    page = await session.realtime.chat.members.participants(
        _actor(session), command.channel, PageRequest(size=PARTICIPANTS)
    )
    return native.UsersResult(users=[user_view(user) for user in page.items])


async def message_send(session: Session, command: native.MessageSend) -> native.SendResult:
    sent = await session.realtime.chat.messages.send(
        _actor(session), command.channel, draft_of(command)
    )
    session.stop_typing(command.channel)
    return native.SendResult(message=message_view(sent.message), duplicate=sent.duplicate)


async def message_edit(session: Session, command: native.MessageEdit) -> native.MessageResult:
    message = await session.realtime.chat.messages.edit(
        _actor(session),
        command.channel,
        command.message,
        text=command.text,
        properties=command.properties,
    )
    return native.MessageResult(message=message_view(message))


async def message_delete(session: Session, command: native.MessageDelete) -> native.MessageResult:
    message = await session.realtime.chat.messages.delete(
        _actor(session), command.channel, command.message
    )
    return native.MessageResult(message=message_view(message))


async def message_get(session: Session, command: native.MessageGet) -> native.MessageResult:
    message = await session.realtime.chat.messages.get_in(
        _actor(session), command.channel, command.message
    )
    return native.MessageResult(message=message_view(message))


async def reaction_add(session: Session, command: native.ReactionAdd) -> native.Empty:
    await session.realtime.chat.messages.react(
        _actor(session), command.channel, command.message, command.emoji
    )
    return native.Empty()


async def reaction_remove(session: Session, command: native.ReactionRemove) -> native.Empty:
    await session.realtime.chat.messages.unreact(
        _actor(session), command.channel, command.message, command.emoji
    )
    return native.Empty()


async def history(session: Session, command: native.History) -> native.MessagesResult:
    messages = await session.realtime.chat.messages.history(
        _actor(session),
        command.channel,
        before=command.before,
        after=command.after,
        around=command.around,
        limit=command.limit,
    )
    return native.MessagesResult(messages=[message_view(message) for message in messages])


async def read(session: Session, command: native.Read) -> native.ReadResult:
    up_to, unread = await session.realtime.chat.messages.read(
        _actor(session), command.channel, command.up_to
    )
    return native.ReadResult(read=up_to, unread=unread)


async def _enter(session: Session, channel_id: int) -> None:
    """Whoever hears a channel here is a member of it; only of others the store is asked."""
    if channel_id not in session.client.channels:
        await session.realtime.chat.channels.enter(_actor(session), channel_id)


async def keystrokes(session: Session, command: native.Keystrokes) -> native.Empty:
    await _enter(session, command.channel)
    check_keys(command.keys)
    author = _actor(session).require_user().author
    session.realtime.typed(session, command.channel, command.thread, bool(command.keys))
    session.realtime.chat.channels.publish(
        KeysPressed(command.channel, author, command.keys, command.thread)
    )
    return native.Empty()


async def event(session: Session, command: native.Event) -> native.Empty:
    await _enter(session, command.channel)
    check_name("name", command.name)
    check_json("data", command.data)
    author = _actor(session).require_user().author
    session.realtime.chat.channels.publish(
        CustomEvent(command.channel, author, command.name, command.data)
    )
    return native.Empty()


async def presence(session: Session, command: native.Presence) -> native.Empty:
    await session.realtime.chat.presence.set_status(_actor(session), command.status)
    return native.Empty()


Handler = Callable[[Session, Any], Awaitable[Any]]

HANDLERS: dict[type[native.Command], Handler] = {
    native.Hello: hello,
    native.Ping: ping,
    native.View: view,
    native.ChannelCreate: channel_create,
    native.ChannelGet: channel_get,
    native.ChannelJoin: channel_join,
    native.ChannelLeave: channel_leave,
    native.ChannelDelete: channel_delete,
    native.ChannelList: channel_list,
    native.ChannelUpdate: channel_update,
    native.ChannelInvite: channel_invite,
    native.MemberAdd: member_add,
    native.MemberRemove: member_remove,
    native.MemberList: member_list,
    native.Participants: participants,
    native.MessageSend: message_send,
    native.MessageEdit: message_edit,
    native.MessageDelete: message_delete,
    native.MessageGet: message_get,
    native.ReactionAdd: reaction_add,
    native.ReactionRemove: reaction_remove,
    native.History: history,
    native.Read: read,
    native.Keystrokes: keystrokes,
    native.Event: event,
    native.Presence: presence,
}
