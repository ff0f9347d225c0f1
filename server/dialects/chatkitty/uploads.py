"""Messages whose file comes with them, as a form."""

from typing import Any

import msgspec
from starlette.requests import Request

from chat.actors import Actor
from chat.errors import Invalid
from chat.messages import Draft, Sent
from server.dialects.chatkitty.references import referred
from server.dialects.chatkitty.requests import ChatUserReference, FileMessageForm
from server.dialects.chatkitty.spelling import to_camel
from server.http import chat_from, convert
from server.uploads import received


async def send_upload(
    request: Request, actor: Actor, channel_id: int, thread_id: int | None
) -> Sent:
    """Send a form's file as the system, or on behalf of the user the form names."""
    chat = chat_from(request)
    await chat.channels.get(actor, channel_id)  # before a file is taken in for nothing
    async with received(request, actor) as upload:
        form = convert(to_camel(upload.fields), FileMessageForm)
        draft = Draft(
            properties=_properties(form.properties),
            group_tag=form.group_tag,
            client_id=request.headers.get("idempotency-key"),
            thread_id=thread_id,
        )
        named = ChatUserReference(username=form.username) if form.username else None
        sender = await referred(request, actor, named) if named else None
        return await chat.uploads.send(actor, channel_id, draft, upload.file, on_behalf_of=sender)


def _properties(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (ValueError, RecursionError):
        raise Invalid("properties must be a JSON object.") from None
