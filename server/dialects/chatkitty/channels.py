"""Channels: the published tag `Channels`, without its members and messages."""

import uuid

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chat.channels import ChannelChanges, NewChannel
from chat.events import KeysPressed
from chat.operations.channels import check_keys
from server.dialects.chatkitty.authentication import actor_from
from server.dialects.chatkitty.hal import page_resource
from server.dialects.chatkitty.media import answer
from server.dialects.chatkitty.queries import (
    page_request,
    query_choice,
    query_names,
    query_properties,
    query_time,
)
from server.dialects.chatkitty.references import referred, referred_ids
from server.dialects.chatkitty.requests import (
    AnyCreateChannelResource,
    ChannelPropertiesPatch,
    CreateChannelGenericEventResource,
    CreateDelegatedReplyThreadKeystrokesResource,
    CreateDirectChannelResource,
    UserBody,
    decode,
    given,
    properties_patch,
)
from server.dialects.chatkitty.resources import (
    application_resource,
    channel_resource,
    invite_resource,
    links,
)
from server.dialects.chatkitty.view import view_of
from server.http import chat_from, path_id


async def list_channels(request: Request) -> Response:
    actor = await actor_from(request)
    page = await chat_from(request).channels.page(
        actor,
        page_request(request),
        kind=query_choice(request, "type", ("DIRECT", "PUBLIC", "PRIVATE")),
        member_names=query_names(request, "members"),
        created_from=query_time(request, "startTime"),
        created_to=query_time(request, "endTime"),
        properties=query_properties(request, "properties"),
    )
    view = await view_of(request, actor, channels=page.items)
    channels = [channel_resource(view, channel) for channel in page.items]
    return answer(request, page_resource(request, view, "channels", channels, page))


async def create_channel(request: Request) -> Response:
    """Also answers the equal channel that exists: the same members, or the same name."""
    actor = await actor_from(request)
    body: AnyCreateChannelResource = await decode(request, AnyCreateChannelResource)
    owner = await referred(request, actor, body.creator) if body.creator else None
    new = _new_channel(
        body, owner.id if owner else None, await referred_ids(request, actor, body.members)
    )
    channel = await chat_from(request).channels.create(actor, new)
    view = await view_of(request, actor, channels=[channel])
    return answer(request, channel_resource(view, channel))


def _new_channel(
    body: AnyCreateChannelResource, owner_id: int | None, members: list[int]
) -> NewChannel:
    if isinstance(body, CreateDirectChannelResource):
        return NewChannel(
            kind="DIRECT", members=members, owner_id=owner_id, properties=body.properties
        )
    name = body.name if body.name is not None else str(uuid.uuid4())
    return NewChannel(
        kind="PUBLIC" if body.__struct_config__.tag == "PUBLIC" else "PRIVATE",
        name=name,
        display_name=body.display_name if body.display_name is not None else name,
        members=members,
        owner_id=owner_id,
        properties=body.properties,
    )


async def retrieve_channel(request: Request) -> Response:
    actor = await actor_from(request)
    channel = await chat_from(request).channels.get(actor, path_id(request))
    view = await view_of(request, actor, channels=[channel])
    return answer(request, channel_resource(view, channel))


async def delete_channel(request: Request) -> Response:
    actor = await actor_from(request)
    await chat_from(request).channels.delete(actor, path_id(request))
    application = await chat_from(request).applications.get(actor)
    return answer(request, application_resource(await view_of(request, actor), application))


async def update_channel(request: Request) -> Response:
    actor = await actor_from(request)
    patch = await decode(request, ChannelPropertiesPatch)
    channels = chat_from(request).channels
    properties, merge = properties_patch(patch.properties)
    changes = ChannelChanges(
        display_name=given(patch.display_name), properties=properties, merge=merge
    )
    channel = (
        await channels.update(actor, path_id(request), changes)
        if changes != ChannelChanges()
        else await channels.get(actor, path_id(request))
    )
    view = await view_of(request, actor, channels=[channel])
    return answer(request, channel_resource(view, channel))


async def send_channel_event(request: Request) -> Response:
    actor = await actor_from(request)
    body = await decode(request, CreateChannelGenericEventResource)
    await chat_from(request).channels.tell(actor, path_id(request), body.type, body.properties)
    event = {"type": body.type, "properties": body.properties}
    return answer(request, event | links(await view_of(request, actor)))


async def list_channel_invites(request: Request) -> Response:
    actor = await actor_from(request)
    page = await chat_from(request).members.invites(actor, path_id(request), page_request(request))
    view = await view_of(request, actor)
    invites = [
        invite_resource(view, each.channel_id, each.user_id, each.created) for each in page.items
    ]
    return answer(request, page_resource(request, view, "invites", invites, page))


async def send_channel_invite(request: Request) -> Response:
    actor = await actor_from(request)
    body = await decode(request, UserBody)
    user = await referred(request, actor, body.user)
    channel_id = path_id(request)
    created = await chat_from(request).members.invite(actor, channel_id, user.id)
    view = await view_of(request, actor)
    return answer(request, invite_resource(view, channel_id, user.id, created))


async def send_channel_keystrokes(request: Request) -> Response:
    actor = await actor_from(request)
    body = await decode(request, CreateDelegatedReplyThreadKeystrokesResource)
    channels = chat_from(request).channels
    channel = await channels.get(actor, path_id(request))
    user = await referred(request, actor, body.user)
    channels.publish(KeysPressed(channel.id, user.author, check_keys(body.keys)))
    return answer(request, {"keys": body.keys, "username": user.name, "_links": {}})


routes = [
    Route("/channels", list_channels),
    Route("/channels", create_channel, methods=["POST"]),
    Route("/channels/{id}", retrieve_channel),
    Route("/channels/{id}", delete_channel, methods=["DELETE"]),
    Route("/channels/{id}", update_channel, methods=["PATCH"]),
    Route("/channels/{id}/events", send_channel_event, methods=["POST"]),
    Route("/channels/{id}/invites", list_channel_invites),
    Route("/channels/{id}/invites", send_channel_invite, methods=["POST"]),
    Route("/channels/{id}/keystrokes", send_channel_keystrokes, methods=["POST"]),
]
