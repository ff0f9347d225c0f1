"""Analytics: the published tag `Analytics`. Exports are made by jobs, from everything there is."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chat.jobs import JobKind
from server.dialects.chatkitty.authentication import actor_from
from server.dialects.chatkitty.jobs import job_resource
from server.dialects.chatkitty.media import answer
from server.dialects.chatkitty.view import view_of
from server.http import chat_from


async def export_message_analytics(request: Request) -> Response:
    return await _export(request, "MESSAGE_ANALYTICS_EXPORT")


async def export_user_analytics(request: Request) -> Response:
    return await _export(request, "USER_ANALYTICS_EXPORT")


async def _export(request: Request, kind: JobKind) -> Response:
    actor = await actor_from(request)
    view = await view_of(request, actor)
    job = await chat_from(request).jobs.start_export(actor, kind, origin=view.origin)
    return answer(request, job_resource(view, job), status=202)


routes = [
    Route("/analytics/messages", export_message_analytics, methods=["POST"]),
    Route("/analytics/users", export_user_analytics, methods=["POST"]),
]
