"""References to users in request bodies, by id or by name."""

from collections.abc import Sequence

from starlette.requests import Request

from chat.actors import Actor
from chat.checks import check_text
from chat.errors import NotFound
from chat.users import User
from server.dialects.chatkitty.requests import ChatUserReference
from server.http import chat_from


async def referred(request: Request, actor: Actor, reference: ChatUserReference) -> User:
    """The user meant. Raises NotFound."""
    users = chat_from(request).users
    if reference.id is not None:
        return await users.get(actor, reference.id)
    name = check_text("username", reference.username or "")
    user = await users.find(actor, name)
    if user is None:
        raise NotFound(f"There is no user named {name[:64]}.")
    return user


async def referred_ids(
    request: Request, actor: Actor, references: Sequence[ChatUserReference]
) -> list[int]:
    """The ids meant, each once; only names are looked up, the core checks ids by itself."""
    named = {r.username: r for r in references if r.id is None}
    found = [(await referred(request, actor, reference)).id for reference in named.values()]
    return list(dict.fromkeys([*(r.id for r in references if r.id is not None), *found]))
