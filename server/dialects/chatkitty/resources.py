"""Nouns as the published resources, in camelCase. Pure.

Rule: an optional field that is not there is left out, never null; a `...properties` function gives
the embedded form, a `...resource` function the same with its links.
"""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from chat.applications import Application
from chat.channels import Channel, Membership
from chat.links import find_links
from chat.mentions import Mention
from chat.messages import File, Message, Reaction, Thread
from chat.sessions import ChatSession, UserSession
from chat.users import User
from server.dialects.chatkitty.emoji import emoji_properties
from server.dialects.chatkitty.texts import link_properties, mention_properties
from server.dialects.chatkitty.view import View

Resource = dict[str, Any]


def instant(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def links(view: View, **paths: str) -> Resource:
    """The `_links` of a resource: each relation with its path, and the application's."""
    return {
        "_links": {
            **{relation: {"href": view.href(path)} for relation, path in paths.items()},
            "application": {"href": view.href("")},
        }
    }


def application_resource(view: View, application: Application) -> Resource:
    return {
        "id": application.id,
        "key": application.api_key,
        "properties": application.properties,
        "createdTime": instant(application.created),
        "_links": {"self": {"href": view.href("")}},
    }


def user_properties(view: View, user: User) -> Resource:
    return {
        "id": user.id,
        "type": user.kind,
        "name": user.name,
        "displayName": user.display_name,
        "displayPictureUrl": picture_url(view, user),
        "isGuest": user.guest,
        "presence": presence_properties(user),
        "callStatus": "AVAILABLE",
        "properties": user.properties,
    }


def picture_url(view: View, user: User) -> str:
    """Hosted here, elsewhere, or drawn from the name."""
    if user.picture is None:
        return f"{view.origin}/v1/picture/{quote_plus(user.display_name)}"
    return view.absolute(user.picture)


def presence_properties(user: User) -> Resource:
    """Who has chosen no status is available while connected."""
    unchosen = "AVAILABLE" if user.online else "UNAVAILABLE"
    return {"status": user.status or unchosen, "online": user.online}


def user_resource(view: View, user: User) -> Resource:
    path = f"/users/{user.id}"
    return user_properties(view, user) | links(
        view,
        self=path,
        channels=f"{path}/channels",
        notifications=f"{path}/notifications",
        displayPicture=f"{path}/display-picture",
    )


def channel_properties(view: View, channel: Channel) -> Resource:
    resource = mentioned_channel_properties(view, channel)
    if channel.id in view.last:
        resource["lastReceivedMessage"] = message_properties(view, view.last[channel.id])
    return resource


def mentioned_channel_properties(view: View, channel: Channel) -> Resource:
    """Without its last message, which may mention the channel in turn."""
    resource: Resource = {
        "id": channel.id,
        "type": channel.kind,
        "properties": channel.properties,
        "createdTime": instant(channel.created),
    }
    if channel.owner_id is not None:
        resource["creator"] = user_properties(view, view.users[channel.owner_id])
    if channel.kind == "DIRECT":
        members = view.members.get(channel.id, ())
        return resource | {"members": [user_properties(view, member) for member in members]}
    # Rooms that other APIs make may have no name; the published schema requires one.
    name = channel.name or str(channel.id)
    return resource | {"name": name, "displayName": channel.display_name or name}


def channel_resource(view: View, channel: Channel) -> Resource:
    relations = ["participants", "messages", "events"]
    if channel.kind != "DIRECT":
        relations += ["memberships", "members", "moderators"]
    path = f"/channels/{channel.id}"
    paths = {relation: f"{path}/{relation}" for relation in relations}
    return channel_properties(view, channel) | links(view, self=path, **paths)


def message_properties(view: View, message: Message) -> Resource:
    kind = "FILE" if message.files else "TEXT"
    resource: Resource = {
        "id": message.id,
        "type": kind if message.sender else f"SYSTEM_{kind}",
        "channelId": message.channel_id,
        "nestedLevel": 0 if message.thread_id is None else 1,
        "repliesCount": view.replies.get(message.id, 0),
        "properties": message.properties,
        "createdTime": instant(message.created),
    }
    if message.sender:
        resource["user"] = user_properties(view, view.users[message.sender.id])
    if message.files:
        resource["file"] = file_properties(view, message.files[0])
    if message.text is not None:
        resource["body"] = message.text
        resource |= _found_in_text(view, message, message.text)
    if message.group_tag is not None:
        resource["groupTag"] = message.group_tag
    if message.edited is not None:
        resource["lastEditedTime"] = instant(message.edited)
    if message.reports:
        resource["reportCount"] = message.reports
    if message.reactions:
        resource["reactions"] = [reaction_summary(view, each) for each in message.reactions]
    return resource


def _found_in_text(view: View, message: Message, text: str) -> Resource:
    found = {
        "links": [
            link_properties(link, view.previews.get(link.source)) for link in find_links(text)
        ],
        "mentions": [
            mention_properties(mention, _mentioned(view, mention))
            for mention in view.mentions.get(message.id, ())
        ],
    }
    return {name: each for name, each in found.items() if each}


def _mentioned(view: View, mention: Mention) -> Resource:
    if mention.channel is not None:
        return mentioned_channel_properties(view, mention.channel)
    return user_properties(view, mention.user) if mention.user else {}


def message_resource(view: View, message: Message) -> Resource:
    paths = {"self": f"/messages/{message.id}", "channel": f"/channels/{message.channel_id}"}
    if message.sender:
        paths["user"] = f"/users/{message.sender.id}"
    return message_properties(view, message) | links(view, **paths)


def file_properties(view: View, file: File) -> Resource:
    return {
        "type": "EXTERNAL" if file.key is None else "HOSTED",
        "url": view.absolute(file.url),
        "name": file.name,
        "contentType": file.content_type,
        "size": file.size,
    }


def reaction_summary(view: View, reaction: Reaction) -> Resource:
    return {
        "emoji": emoji_properties(reaction.emoji),
        "count": reaction.count,
        "users": [user_properties(view, view.users[user.id]) for user in reaction.users],
    }


def thread_resource(view: View, thread: Thread) -> Resource:
    resource: Resource = {
        "id": thread.id,
        "type": thread.kind,
        "properties": thread.properties,
        "createdTime": instant(thread.created),
    }
    if thread.name is not None:
        resource["name"] = thread.name
    return resource | links(
        view, self=f"/threads/{thread.id}", channel=f"/channels/{thread.channel_id}"
    )


def read_receipt_resource(view: View, message_id: int, user: User, read: datetime) -> Resource:
    return {"user": user_properties(view, user), "createdTime": instant(read)} | links(
        view, user=f"/users/{user.id}", message=f"/messages/{message_id}"
    )


def membership_resource(view: View, membership: Membership) -> Resource:
    channel = f"/channels/{membership.channel_id}"
    return {"createdTime": instant(membership.created)} | links(
        view,
        user=f"/users/{membership.user_id}",
        channel=channel,
        member=f"{channel}/members/{membership.user_id}",
    )


def invite_resource(view: View, channel_id: int, user_id: int, created: datetime) -> Resource:
    return {"createdTime": instant(created)} | links(
        view, invitee=f"/users/{user_id}", channel=f"/channels/{channel_id}"
    )


def user_session_properties(view: View, session: UserSession) -> Resource:
    resource: Resource = {
        "id": session.id,
        "state": "ACTIVE" if session.ended is None else "ENDED",
        "user": user_properties(view, session.user),
        "createdTime": instant(session.created),
    }
    if session.ended is not None:
        resource["endTime"] = instant(session.ended)
    if session.user_agent is not None:
        resource["userAgent"] = session.user_agent
    return resource


def user_session_resource(view: View, session: UserSession) -> Resource:
    return user_session_properties(view, session) | links(view, user=f"/users/{session.user.id}")


def chat_session_resource(view: View, session: ChatSession) -> Resource:
    resource: Resource = {
        "id": session.id,
        "state": "ACTIVE" if session.ended is None else "ENDED",
        "session": user_session_properties(view, session.session),
        "createdTime": instant(session.created),
    }
    if session.ended is not None:
        resource["endTime"] = instant(session.ended)
    return resource | links(
        view,
        session=f"/user-sessions/{session.session.id}",
        channel=f"/channels/{session.channel_id}",
    )
