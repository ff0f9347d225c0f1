"""Sessions: the published tags `UserSessions` and `ChatSessions`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chat.pages import SessionState
from server.dialects.chatkitty.authentication import actor_from
from server.dialects.chatkitty.hal import page_resource
from server.dialects.chatkitty.media import answer
from server.dialects.chatkitty.queries import page_request, query_choice
from server.dialects.chatkitty.resources import chat_session_resource, user_session_resource
from server.dialects.chatkitty.view import view_of
from server.http import chat_from

STATES: tuple[SessionState, ...] = ("ACTIVE", "ENDED")


async def list_user_sessions(request: Request) -> Response:
    actor = await actor_from(request)
    page = await chat_from(request).presence.list_user_sessions(
        actor, page_request(request), query_choice(request, "state", STATES)
    )
    view = await view_of(request, actor)
    sessions = [user_session_resource(view, session) for session in page.items]
    return answer(request, page_resource(request, view, "sessions", sessions, page))


async def list_chat_sessions(request: Request) -> Response:
    actor = await actor_from(request)
    page = await chat_from(request).presence.list_chat_sessions(
        actor, page_request(request), query_choice(request, "state", STATES)
    )
    view = await view_of(request, actor)
    sessions = [chat_session_resource(view, session) for session in page.items]
    return answer(request, page_resource(request, view, "sessions", sessions, page))


routes = [
    Route("/user-sessions", list_user_sessions),
    Route("/chat-sessions", list_chat_sessions),
]
