"""What a user missed: the notifications and the unread count of the published tag `Users`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chat.notifications import Notification
from server.dialects.chatkitty.authentication import actor_from
from server.dialects.chatkitty.hal import cursor_resource
from server.dialects.chatkitty.media import answer
from server.dialects.chatkitty.queries import cursor_request
from server.dialects.chatkitty.resources import (
    Resource,
    channel_resource,
    instant,
    links,
    message_resource,
    user_resource,
)
from server.dialects.chatkitty.view import View, view_of
from server.http import chat_from, path_id


async def list_user_notifications(request: Request) -> Response:
    actor = await actor_from(request)
    user_id = path_id(request)
    page = await chat_from(request).notifications.page(actor, user_id, cursor_request(request))
    shown = [
        message
        for each in page.items
        for message in (each.missed.message, each.missed.parent)
        if message
    ]
    channels = {each.channel.id: each.channel for each in page.items}
    view = await view_of(request, actor, channels=list(channels.values()), messages=shown)
    items = [notification_resource(view, user_id, each) for each in page.items]
    return answer(request, cursor_resource(request, view, items, page, "notifications"))


async def count_user_unread_messages(request: Request) -> Response:
    actor = await actor_from(request)
    count = await chat_from(request).unread.count(actor, path_id(request))
    return answer(request, {"count": count})


def notification_resource(view: View, user_id: int, notification: Notification) -> Resource:
    missed = notification.missed
    resource: Resource = {
        "id": notification.id,
        "title": notification.title,
        "body": notification.body,
        "channel": channel_resource(view, notification.channel),
        "data": _data(view, notification),
        "muted": missed.muted,
        "createdTime": instant(missed.message.created),
    }
    if missed.read is not None:
        resource["readTime"] = instant(missed.read)
    return resource | links(view, recipient=f"/users/{user_id}")


def _data(view: View, notification: Notification) -> Resource:
    missed, mention = notification.missed, notification.mention
    data: Resource = {
        "type": notification.kind,
        "channelId": missed.message.channel_id,
        "message": message_resource(view, missed.message),
        "_relays": {"message": f"/application/v1/messages/{missed.id}.relay"},
    }
    if missed.parent is not None:
        data["parent"] = message_resource(view, missed.parent)
    if mention is not None and mention.user is not None:
        data["mentionedUser"] = user_resource(view, mention.user)
    if mention is not None and mention.channel is not None:
        data["mentionedChannel"] = channel_resource(view, mention.channel)
    return data


routes = [
    Route("/users/{id}/notifications", list_user_notifications),
    Route("/users/{id}/messages/unread/count", count_user_unread_messages),
]
