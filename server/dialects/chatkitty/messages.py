"""Messages: the published tag `Messages`, and the messages of channels."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chat.actors import Actor
from chat.errors import NotFound
from chat.messages import Draft, Message, Sent
from chat.pages import MessageFilter
from server.dialects.chatkitty.authentication import actor_from
from server.dialects.chatkitty.hal import cursor_resource, page_resource
from server.dialects.chatkitty.media import answer
from server.dialects.chatkitty.queries import cursor_request, page_request
from server.dialects.chatkitty.references import referred
from server.dialects.chatkitty.requests import (
    AnyCreateMessageResource,
    CreateFileMessageResource,
    CreateTextMessageResource,
    MessagePropertiesPatch,
    decode,
    file_of,
    given,
    properties_patch,
)
from server.dialects.chatkitty.resources import (
    application_resource,
    message_resource,
    read_receipt_resource,
    thread_resource,
)
from server.dialects.chatkitty.uploads import send_upload
from server.dialects.chatkitty.view import view_of
from server.http import chat_from, path_id, query_text
from server.multipart import is_form


async def list_messages(request: Request) -> Response:
    actor = await actor_from(request)
    wanted = MessageFilter(
        sender_name=query_text(request, "username"), text=query_text(request, "query")
    )
    return await message_list(request, actor, wanted)


async def delete_messages(request: Request) -> Response:
    actor = await actor_from(request)
    await chat_from(request).messages.delete_all(actor)
    application = await chat_from(request).applications.get(actor)
    return answer(request, application_resource(await view_of(request, actor), application))


async def retrieve_message(request: Request) -> Response:
    actor = await actor_from(request)
    return await _message(request, actor, await _present(request, actor))


async def delete_message(request: Request) -> Response:
    """Answers the thread the message was in."""
    actor = await actor_from(request)
    chat = chat_from(request)
    message = await _present(request, actor)
    await chat.messages.delete(actor, message.channel_id, message.id)
    channel = await chat.channels.get(actor, message.channel_id)
    thread = await chat.channels.get_thread(actor, message.thread_id or channel.main_thread_id)
    return answer(request, thread_resource(await view_of(request, actor), thread))


async def update_message(request: Request) -> Response:
    actor = await actor_from(request)
    patch = await decode(request, MessagePropertiesPatch)
    message = await _present(request, actor)
    text, (properties, merge) = given(patch.body), properties_patch(patch.properties)
    if text is not None or properties is not None or merge is not None:
        message = await chat_from(request).messages.edit(
            actor, message.channel_id, message.id, text=text, properties=properties, merge=merge
        )
    return await _message(request, actor, message)


async def list_message_read_receipts(request: Request) -> Response:
    actor = await actor_from(request)
    message = await _present(request, actor)
    page = await chat_from(request).messages.receipts(actor, message.id, page_request(request))
    view = await view_of(request, actor)
    receipts = [read_receipt_resource(view, message.id, user, read) for user, read in page.items]
    return answer(request, page_resource(request, view, "receipts", receipts, page))


async def list_channel_messages(request: Request) -> Response:
    actor = await actor_from(request)
    channel = await chat_from(request).channels.get(actor, path_id(request))
    wanted = MessageFilter(
        channel_id=channel.id,
        sender_name=query_text(request, "username"),
        text=query_text(request, "query"),
    )
    return await message_list(request, actor, wanted)


async def list_channel_reported_messages(request: Request) -> Response:
    actor = await actor_from(request)
    page = await chat_from(request).reports.page(actor, path_id(request), page_request(request))
    view = await view_of(request, actor, messages=page.items)
    messages = [message_resource(view, message) for message in page.items]
    return answer(request, page_resource(request, view, "messages", messages, page))


async def send_channel_message(request: Request) -> Response:
    actor = await actor_from(request)
    return await send(request, actor, path_id(request))


async def message_list(request: Request, actor: Actor, wanted: MessageFilter) -> Response:
    page = await chat_from(request).messages.page(actor, wanted, cursor_request(request))
    view = await view_of(request, actor, messages=page.items)
    messages = [message_resource(view, message) for message in page.items]
    return answer(request, cursor_resource(request, view, messages, page))


async def send(
    request: Request, actor: Actor, channel_id: int, thread_id: int | None = None
) -> Response:
    """Send as the system, or on behalf of the user the body names. A request repeated with the
    same Idempotency-Key is answered with the message of the first."""
    if is_form(request):
        sent = await send_upload(request, actor, channel_id, thread_id)
    else:
        sent = await _send_json(request, actor, channel_id, thread_id)
    return await _message(request, actor, sent.message)


async def _send_json(
    request: Request, actor: Actor, channel_id: int, thread_id: int | None
) -> Sent:
    body: AnyCreateMessageResource = await decode(request, AnyCreateMessageResource)
    draft = Draft(
        text=body.body if isinstance(body, CreateTextMessageResource) else None,
        files=[file_of(body.file)] if isinstance(body, CreateFileMessageResource) else [],
        properties=body.properties,
        group_tag=body.group_tag,
        client_id=request.headers.get("idempotency-key"),
        thread_id=thread_id,
    )
    sender = await referred(request, actor, body.user) if body.user else None
    return await chat_from(request).messages.send(actor, channel_id, draft, on_behalf_of=sender)


async def _present(request: Request, actor: Actor) -> Message:
    """The message of the path. A deleted one keeps its place in the channel, but not here."""
    message = await chat_from(request).messages.get(actor, path_id(request))
    if message.deleted is not None:
        raise NotFound
    return message


async def _message(request: Request, actor: Actor, message: Message) -> Response:
    view = await view_of(request, actor, messages=[message])
    return answer(request, message_resource(view, message))


routes = [
    Route("/messages", list_messages),
    Route("/messages", delete_messages, methods=["DELETE"]),
    Route("/messages/{id}", retrieve_message),
    Route("/messages/{id}", delete_message, methods=["DELETE"]),
    Route("/messages/{id}", update_message, methods=["PATCH"]),
    Route("/messages/{id}/read-receipts", list_message_read_receipts),
    Route("/channels/{id}/messages", list_channel_messages),
    Route("/channels/{id}/reported-messages", list_channel_reported_messages),
    Route("/channels/{id}/messages", send_channel_message, methods=["POST"]),
]
