"""Members, memberships, moderators and participants: the rest of the published tag `Channels`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chat.actors import Actor
from chat.channels import Channel
from chat.pages import Page
from chat.users import User
from server.dialects.chatkitty.authentication import actor_from
from server.dialects.chatkitty.hal import page_resource
from server.dialects.chatkitty.media import answer
from server.dialects.chatkitty.queries import page_request
from server.dialects.chatkitty.references import referred
from server.dialects.chatkitty.requests import ChatUserReference, decode
from server.dialects.chatkitty.resources import (
    channel_resource,
    membership_resource,
    user_resource,
)
from server.dialects.chatkitty.view import view_of
from server.http import chat_from, path_id


async def list_channel_members(request: Request) -> Response:
    actor = await actor_from(request)
    members = chat_from(request).members
    return await _users(
        request, actor, await members.page(actor, path_id(request), page_request(request))
    )


async def add_channel_member(request: Request) -> Response:
    actor = await actor_from(request)
    user = await referred(request, actor, await decode(request, ChatUserReference))
    channel = await chat_from(request).members.add(actor, path_id(request), user.id)
    return await _channel(request, actor, channel)


async def remove_channel_member(request: Request) -> Response:
    actor = await actor_from(request)
    channel = await chat_from(request).members.remove(
        actor, path_id(request), path_id(request, "user_id")
    )
    return await _channel(request, actor, channel)


async def list_channel_memberships(request: Request) -> Response:
    actor = await actor_from(request)
    page = await chat_from(request).members.memberships(
        actor, path_id(request), page_request(request)
    )
    view = await view_of(request, actor)
    memberships = [membership_resource(view, membership) for membership in page.items]
    return answer(request, page_resource(request, view, "memberships", memberships, page))


async def list_channel_moderators(request: Request) -> Response:
    actor = await actor_from(request)
    page = await chat_from(request).members.page(
        actor, path_id(request), page_request(request), moderators=True
    )
    return await _users(request, actor, page)


async def add_channel_moderator(request: Request) -> Response:
    """Answers the user, unlike every other change of members."""
    actor = await actor_from(request)
    user = await referred(request, actor, await decode(request, ChatUserReference))
    user = await chat_from(request).members.set_role(actor, path_id(request), user.id, "moderator")
    return answer(request, user_resource(await view_of(request, actor), user))


async def remove_channel_moderator(request: Request) -> Response:
    actor = await actor_from(request)
    chat = chat_from(request)
    channel = await chat.channels.get(actor, path_id(request))
    await chat.members.set_role(actor, channel.id, path_id(request, "user_id"), "member")
    return await _channel(request, actor, channel)


async def list_channel_participants(request: Request) -> Response:
    actor = await actor_from(request)
    page = await chat_from(request).members.participants(
        actor, path_id(request), page_request(request)
    )
    return await _users(request, actor, page)


async def _users(request: Request, actor: Actor, page: Page[User]) -> Response:
    view = await view_of(request, actor)
    users = [user_resource(view, user) for user in page.items]
    return answer(request, page_resource(request, view, "users", users, page))


async def _channel(request: Request, actor: Actor, channel: Channel) -> Response:
    view = await view_of(request, actor, channels=[channel])
    return answer(request, channel_resource(view, channel))


routes = [
    Route("/channels/{id}/members", list_channel_members),
    Route("/channels/{id}/members", add_channel_member, methods=["POST"]),
    Route("/channels/{id}/members/{user_id}", remove_channel_member, methods=["DELETE"]),
    Route("/channels/{id}/memberships", list_channel_memberships),
    Route("/channels/{id}/moderators", list_channel_moderators),
    Route("/channels/{id}/moderators", add_channel_moderator, methods=["POST"]),
    Route("/channels/{id}/moderators/{user_id}", remove_channel_moderator, methods=["DELETE"]),
    Route("/channels/{id}/participants", list_channel_participants),
]
