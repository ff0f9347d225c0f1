"""Who calls the Platform API: an application, by the bearer token it was granted."""

from starlette.exceptions import HTTPException
from starlette.requests import Request

from chat.actors import Actor
from chat.errors import NotFound, Unauthorized
from server.dialects.chatkitty.media import choose
from server.dialects.chatkitty.scopes import check_scopes
from server.http import bearer_token, chat_from


async def actor_from(request: Request) -> Actor:
    """The calling application. Every handler asks this first, so it also refuses, before anything
    is done, callers who accept nothing we can answer and paths of another application."""
    token = bearer_token(request)
    if token is None:
        raise Unauthorized
    actor = await chat_from(request).applications.authenticate(token)
    check_scopes(actor, request.scope.get("endpoint"))
    if choose(request.headers.get("accept")) is None:
        raise HTTPException(406, "Answers are JSON.")
    named = request.path_params.get("application_id")
    if named is not None and named != str(actor.application_id):
        raise NotFound
    return actor
