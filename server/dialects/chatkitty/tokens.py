"""Tokens of users: not part of the published API, in its manner. A token is shown once."""

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chat.applications import NewToken, Token
from server.dialects.chatkitty.authentication import actor_from
from server.dialects.chatkitty.hal import collection
from server.dialects.chatkitty.media import answer
from server.dialects.chatkitty.requests import CreateTokenResource, decode
from server.dialects.chatkitty.resources import instant, user_resource
from server.dialects.chatkitty.view import view_of
from server.http import chat_from, path_id


async def create_user_token(request: Request) -> Response:
    actor = await actor_from(request)
    body = await wanted_token(request)
    token = await chat_from(request).users.create_token(
        actor,
        path_id(request),
        name=body.name,
        expires_in=body.expires_in,
        now=datetime.now(UTC),
    )
    return answer(request, new_token_resource(token))


async def list_user_tokens(request: Request) -> Response:
    actor = await actor_from(request)
    tokens = await chat_from(request).users.list_tokens(actor, path_id(request))
    view = await view_of(request, actor)
    shown = [token_resource(token) for token in tokens]
    return answer(request, collection(request, view, "tokens", shown))


async def delete_user_token(request: Request) -> Response:
    actor = await actor_from(request)
    users = chat_from(request).users
    user = await users.get(actor, path_id(request))
    await users.revoke_token(actor, user.id, path_id(request, "token_id"))
    return answer(request, user_resource(await view_of(request, actor), user))


async def wanted_token(request: Request) -> CreateTokenResource:
    """What a token is to be like; no body at all asks for a nameless one that does not expire."""
    if not await request.body():
        return CreateTokenResource()
    return await decode(request, CreateTokenResource)


def new_token_resource(token: NewToken) -> dict[str, Any]:
    return {"id": token.id, "token": token.token}


def token_resource(token: Token) -> dict[str, Any]:
    resource: dict[str, Any] = {"id": token.id, "createdTime": instant(token.created)}
    if token.name is not None:
        resource["name"] = token.name
    if token.expires is not None:
        resource["expiresTime"] = instant(token.expires)
    return resource


routes = [
    Route("/users/{id}/tokens", create_user_token, methods=["POST"]),
    Route("/users/{id}/tokens", list_user_tokens),
    Route("/users/{id}/tokens/{token_id}", delete_user_token, methods=["DELETE"]),
]
