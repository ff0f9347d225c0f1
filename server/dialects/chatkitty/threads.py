"""Threads: the published tag `Threads`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chat.actors import Actor
from chat.events import KeysPressed
from chat.messages import Thread
from chat.operations.channels import check_keys
from chat.pages import MessageFilter
from server.dialects.chatkitty.authentication import actor_from
from server.dialects.chatkitty.media import answer
from server.dialects.chatkitty.messages import message_list, send
from server.dialects.chatkitty.references import referred
from server.dialects.chatkitty.requests import (
    CreateDelegatedReplyThreadKeystrokesResource,
    decode,
)
from server.dialects.chatkitty.resources import thread_resource
from server.dialects.chatkitty.view import view_of
from server.http import chat_from, path_id


async def retrieve_thread(request: Request) -> Response:
    actor = await actor_from(request)
    thread = await _thread(request, actor)
    return answer(request, thread_resource(await view_of(request, actor), thread))


async def send_thread_keystrokes(request: Request) -> Response:
    actor = await actor_from(request)
    body = await decode(request, CreateDelegatedReplyThreadKeystrokesResource)
    thread = await _thread(request, actor)
    user = await referred(request, actor, body.user)
    event = KeysPressed(thread.channel_id, user.author, check_keys(body.keys), _reply_id(thread))
    chat_from(request).channels.publish(event)
    return answer(request, {"keys": body.keys, "username": user.name, "_links": {}})


async def list_thread_messages(request: Request) -> Response:
    actor = await actor_from(request)
    thread = await _thread(request, actor)
    reply_id = _reply_id(thread)
    wanted = MessageFilter(
        channel_id=thread.channel_id, thread_id=reply_id, main_thread=reply_id is None
    )
    return await message_list(request, actor, wanted)


async def send_thread_message(request: Request) -> Response:
    actor = await actor_from(request)
    thread = await _thread(request, actor)
    return await send(request, actor, thread.channel_id, _reply_id(thread))


async def _thread(request: Request, actor: Actor) -> Thread:
    return await chat_from(request).channels.get_thread(actor, path_id(request))


def _reply_id(thread: Thread) -> int | None:
    """How messages name their thread: those of the main one name none."""
    return None if thread.kind == "MAIN" else thread.id


routes = [
    Route("/threads/{id}", retrieve_thread),
    Route("/threads/{id}/keystrokes", send_thread_keystrokes, methods=["POST"]),
    Route("/threads/{id}/messages", list_thread_messages),
    Route("/threads/{id}/messages", send_thread_message, methods=["POST"]),
]
