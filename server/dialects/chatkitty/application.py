"""Application: the published tag `Application`, and the address its links lead to."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.dialects.chatkitty.authentication import actor_from
from server.dialects.chatkitty.media import answer
from server.dialects.chatkitty.resources import application_resource
from server.dialects.chatkitty.view import view_of
from server.http import chat_from


async def retrieve_application(request: Request) -> Response:
    actor = await actor_from(request)
    application = await chat_from(request).applications.get(actor)
    return answer(request, application_resource(await view_of(request, actor), application))


routes = [Route("/application", retrieve_application)]
root = Route("/applications/{application_id}", retrieve_application)
