"""Secrets of users: a part of the published tag `Users`. Names may hold any character."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.dialects.chatkitty.authentication import actor_from
from server.dialects.chatkitty.media import answer
from server.dialects.chatkitty.requests import SecretResource, decode
from server.dialects.chatkitty.resources import user_resource
from server.dialects.chatkitty.view import view_of
from server.http import chat_from, path_id


async def retrieve_user_secret(request: Request) -> Response:
    actor = await actor_from(request)
    secret = await chat_from(request).secrets.get(actor, path_id(request), _name(request))
    return answer(request, {"secret": secret}, headers={"Cache-Control": "no-store"})


async def set_user_secret(request: Request) -> Response:
    """Answers the user, never the secret."""
    actor = await actor_from(request)
    body = await decode(request, SecretResource)
    secrets = chat_from(request).secrets
    user = await secrets.set(actor, path_id(request), _name(request), body.secret)
    return answer(request, user_resource(await view_of(request, actor), user))


async def remove_user_secret(request: Request) -> Response:
    actor = await actor_from(request)
    user = await chat_from(request).secrets.remove(actor, path_id(request), _name(request))
    return answer(request, user_resource(await view_of(request, actor), user))


def _name(request: Request) -> str:
    name: str = request.path_params["name"]
    return name


routes = [
    Route("/users/{id}/secrets/{name:path}", retrieve_user_secret),
    Route("/users/{id}/secrets/{name:path}", set_user_secret, methods=["PUT"]),
    Route("/users/{id}/secrets/{name:path}", remove_user_secret, methods=["DELETE"]),
]
