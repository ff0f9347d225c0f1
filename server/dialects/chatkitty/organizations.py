"""Organizations: not part of the published API, in its manner."""

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chat.actors import Actor
from chat.organizations import (
    NewOrganization,
    Organization,
    OrganizationChanges,
    OrganizationEvent,
    OrganizationMember,
)
from server.dialects.chatkitty.authentication import actor_from
from server.dialects.chatkitty.hal import collection, page_resource
from server.dialects.chatkitty.media import answer
from server.dialects.chatkitty.queries import page_request
from server.dialects.chatkitty.requests import (
    CreateOrganizationEventResource,
    CreateOrganizationResource,
    OrganizationMemberRole,
    OrganizationPropertiesPatch,
    decode,
)
from server.dialects.chatkitty.resources import (
    application_resource,
    instant,
    links,
    user_properties,
)
from server.dialects.chatkitty.tokens import new_token_resource, token_resource, wanted_token
from server.dialects.chatkitty.view import View, view_of
from server.http import chat_from, path_id


async def create_organization(request: Request) -> Response:
    actor = await actor_from(request)
    body = await decode(request, CreateOrganizationResource)
    settings = {
        field: value
        for field in ("event_rooms", "close_after_seconds")
        if (value := getattr(body.settings, field)) is not None
    }
    members = [OrganizationMember(member.user.id, member.role) for member in body.members]
    new = NewOrganization(name=body.name, members=members, **settings)
    return await _organization(
        request, actor, await chat_from(request).organizations.create(actor, new)
    )


async def list_organizations(request: Request) -> Response:
    actor = await actor_from(request)
    page = await chat_from(request).organizations.page(actor, page_request(request))
    view = await view_of(request, actor)
    found = [organization_summary(view, each) for each in page.items]
    return answer(request, page_resource(request, view, "organizations", found, page))


async def retrieve_organization(request: Request) -> Response:
    actor = await actor_from(request)
    organization = await chat_from(request).organizations.get(actor, path_id(request))
    return await _organization(request, actor, organization)


async def update_organization(request: Request) -> Response:
    actor = await actor_from(request)
    patch = await decode(request, OrganizationPropertiesPatch)
    changes = OrganizationChanges(
        name=patch.name,
        event_rooms=patch.settings.event_rooms,
        close_after_seconds=patch.settings.close_after_seconds,
    )
    organization = await chat_from(request).organizations.update(actor, path_id(request), changes)
    return await _organization(request, actor, organization)


async def delete_organization(request: Request) -> Response:
    actor = await actor_from(request)
    await chat_from(request).organizations.delete(actor, path_id(request))
    application = await chat_from(request).applications.get(actor)
    return answer(request, application_resource(await view_of(request, actor), application))


async def set_organization_member(request: Request) -> Response:
    actor = await actor_from(request)
    body = await decode(request, OrganizationMemberRole)
    organization = await chat_from(request).organizations.set_member(
        actor, path_id(request), path_id(request, "user_id"), body.role
    )
    return await _organization(request, actor, organization)


async def remove_organization_member(request: Request) -> Response:
    actor = await actor_from(request)
    organization = await chat_from(request).organizations.remove_member(
        actor, path_id(request), path_id(request, "user_id")
    )
    return await _organization(request, actor, organization)


async def create_organization_token(request: Request) -> Response:
    actor = await actor_from(request)
    body = await wanted_token(request)
    token = await chat_from(request).organizations.create_token(
        actor,
        path_id(request),
        name=body.name,
        expires_in=body.expires_in,
        now=datetime.now(UTC),
    )
    return answer(request, new_token_resource(token))


async def list_organization_tokens(request: Request) -> Response:
    actor = await actor_from(request)
    tokens = await chat_from(request).organizations.list_tokens(actor, path_id(request))
    view = await view_of(request, actor)
    shown = [token_resource(token) for token in tokens]
    return answer(request, collection(request, view, "tokens", shown))


async def delete_organization_token(request: Request) -> Response:
    actor = await actor_from(request)
    organizations = chat_from(request).organizations
    organization = await organizations.get(actor, path_id(request))
    await organizations.revoke_token(actor, organization.id, path_id(request, "token_id"))
    return await _organization(request, actor, organization)


async def open_organization_event(request: Request) -> Response:
    actor = await actor_from(request)
    body = await decode(request, CreateOrganizationEventResource)
    event = await chat_from(request).organizations.open_event(
        actor, path_id(request), body.name, body.accepted
    )
    return answer(request, event_resource(await view_of(request, actor), event))


async def close_organization_event(request: Request) -> Response:
    actor = await actor_from(request)
    event = await chat_from(request).organizations.close_event(
        actor, path_id(request), path_id(request, "event_id"), datetime.now(UTC)
    )
    return answer(request, event_resource(await view_of(request, actor), event))


async def _organization(request: Request, actor: Actor, organization: Organization) -> Response:
    members = [member.user_id for member in organization.members]
    view = await view_of(request, actor, user_ids=members)
    return answer(request, organization_resource(view, organization))


def organization_resource(view: View, organization: Organization) -> dict[str, Any]:
    members = [
        {"user": user_properties(view, view.users[member.user_id]), "role": member.role}
        for member in organization.members
    ]
    return organization_summary(view, organization) | {"members": members}


def organization_summary(view: View, organization: Organization) -> dict[str, Any]:
    """As lists show it: without the members."""
    paths = {"self": f"/organizations/{organization.id}"}
    if organization.default_channel_id is not None:
        paths["defaultChannel"] = f"/channels/{organization.default_channel_id}"
    return {
        "id": organization.id,
        "name": organization.name,
        "settings": {
            "eventRooms": organization.event_rooms,
            "closeAfterSeconds": organization.close_after_seconds,
        },
        "createdTime": instant(organization.created),
    } | links(view, **paths)


def event_resource(view: View, event: OrganizationEvent) -> dict[str, Any]:
    resource = {"id": event.id, "name": event.name, "createdTime": instant(event.created)}
    paths = {"organization": f"/organizations/{event.organization_id}"}
    if event.closed is not None:
        resource["closedTime"] = instant(event.closed)
    if event.channel_id is not None:
        resource["channelId"] = event.channel_id
        paths["channel"] = f"/channels/{event.channel_id}"
    return resource | links(view, **paths)


_ONE = "/organizations/{id}"
routes = [
    Route("/organizations", create_organization, methods=["POST"]),
    Route("/organizations", list_organizations),
    Route(_ONE, retrieve_organization),
    Route(_ONE, update_organization, methods=["PATCH"]),
    Route(_ONE, delete_organization, methods=["DELETE"]),
    Route(f"{_ONE}/members/{{user_id}}", set_organization_member, methods=["PUT"]),
    Route(f"{_ONE}/members/{{user_id}}", remove_organization_member, methods=["DELETE"]),
    Route(f"{_ONE}/tokens", create_organization_token, methods=["POST"]),
    Route(f"{_ONE}/tokens", list_organization_tokens),
    Route(f"{_ONE}/tokens/{{token_id}}", delete_organization_token, methods=["DELETE"]),
    Route(f"{_ONE}/events", open_organization_event, methods=["POST"]),
    Route(f"{_ONE}/events/{{event_id}}/close", close_organization_event, methods=["POST"]),
]
