"""Users: the published tag `Users`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chat.errors import Invalid, NotFound
from chat.pages import MessageFilter
from chat.users import NewUser, UserChanges
from server.dialects.chatkitty.authentication import actor_from
from server.dialects.chatkitty.hal import cursor_resource, page_resource
from server.dialects.chatkitty.media import answer
from server.dialects.chatkitty.queries import (
    cursor_request,
    page_request,
    query_choice,
    query_flag,
    query_properties,
)
from server.dialects.chatkitty.requests import (
    ChatUserPropertiesPatch,
    CreatePersonChatUserResource,
    decode,
    given,
    properties_patch,
)
from server.dialects.chatkitty.resources import (
    application_resource,
    channel_resource,
    message_resource,
    user_resource,
)
from server.dialects.chatkitty.view import view_of
from server.http import chat_from, path_id, query_text


async def list_users(request: Request) -> Response:
    actor = await actor_from(request)
    unread = query_choice(request, "unread", ("true", "false"))
    page = await chat_from(request).users.page(
        actor,
        page_request(request),
        name=query_text(request, "name"),
        properties=query_properties(request, "properties"),
        unread=None if unread is None else unread == "true",
    )
    view = await view_of(request, actor)
    users = [user_resource(view, user) for user in page.items]
    return answer(request, page_resource(request, view, "users", users, page))


async def create_user(request: Request) -> Response:
    actor = await actor_from(request)
    body = await decode(request, CreatePersonChatUserResource)
    new = NewUser(
        name=body.name,
        display_name=body.display_name,
        guest=body.is_guest,
        properties=body.properties,
    )
    user = await chat_from(request).users.create(actor, new)
    return answer(request, user_resource(await view_of(request, actor), user))


async def check_user_exists(request: Request) -> Response:
    actor = await actor_from(request)
    name = query_text(request, "name")
    if name is None:
        raise Invalid("name is missing.")
    if await chat_from(request).users.find(actor, name) is None:
        raise NotFound
    return answer(request, {})


async def retrieve_user(request: Request) -> Response:
    actor = await actor_from(request)
    user = await chat_from(request).users.get(actor, path_id(request))
    return answer(request, user_resource(await view_of(request, actor), user))


async def delete_user(request: Request) -> Response:
    actor = await actor_from(request)
    await chat_from(request).users.delete(actor, path_id(request))
    application = await chat_from(request).applications.get(actor)
    return answer(request, application_resource(await view_of(request, actor), application))


async def update_user(request: Request) -> Response:
    actor = await actor_from(request)
    patch = await decode(request, ChatUserPropertiesPatch)
    properties, merge = properties_patch(patch.properties)
    changes = UserChanges(
        display_name=given(patch.display_name),
        guest=given(patch.is_guest),
        status=given(patch.presence.status),
        properties=properties,
        merge=merge,
    )
    user = await chat_from(request).users.update(actor, path_id(request), changes)
    return answer(request, user_resource(await view_of(request, actor), user))


async def list_user_channels(request: Request) -> Response:
    actor = await actor_from(request)
    chat = chat_from(request)
    user = await chat.users.get(actor, path_id(request))
    page = await chat.channels.page(actor, page_request(request), member_id=user.id)
    view = await view_of(request, actor, channels=page.items)
    channels = [channel_resource(view, channel) for channel in page.items]
    return answer(request, page_resource(request, view, "channels", channels, page))


async def list_user_messages(request: Request) -> Response:
    """What the user sent; or, with `unread`, what others sent and he has not read."""
    actor = await actor_from(request)
    chat = chat_from(request)
    user = await chat.users.get(actor, path_id(request))
    wanted = MessageFilter(sender_name=user.name)
    if query_flag(request, "unread"):
        wanted = MessageFilter(reader_id=user.id, unread=True)
    page = await chat.messages.page(actor, wanted, cursor_request(request))
    view = await view_of(request, actor, messages=page.items)
    messages = [message_resource(view, message) for message in page.items]
    return answer(request, cursor_resource(request, view, messages, page))


routes = [
    Route("/users", check_user_exists, methods=["HEAD"]),
    Route("/users", list_users),
    Route("/users", create_user, methods=["POST"]),
    Route("/users/{id}", retrieve_user),
    Route("/users/{id}", delete_user, methods=["DELETE"]),
    Route("/users/{id}", update_user, methods=["PATCH"]),
    Route("/users/{id}/channels", list_user_channels),
    Route("/users/{id}/messages", list_user_messages),
]
