"""View: what stands around the nouns of one answer, fetched for a whole page at a time."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from starlette.requests import Request

from chat.actors import Actor
from chat.channels import Channel
from chat.messages import Message
from chat.users import User
from server.http import chat_from


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Where links begin, and the users, members, last messages and reply counts by their ids."""

    origin: str
    application_id: int
    users: Mapping[int, User] = {}
    members: Mapping[int, Sequence[User]] = {}
    last: Mapping[int, Message] = {}
    replies: Mapping[int, int] = {}

    def href(self, path: str) -> str:
        return f"{self.origin}/v1/applications/{self.application_id}{path}"


async def view_of(
    request: Request,
    actor: Actor,
    *,
    channels: Sequence[Channel] = (),
    messages: Sequence[Message] = (),
    user_ids: Iterable[int] = (),
) -> View:
    """Fetch all that the resources of these nouns embed: a fixed number of reads, however many."""
    chat = chat_from(request)
    last = await chat.messages.last_of(channels) if channels else {}
    shown = [*messages, *last.values()]
    wanted = {*user_ids, *_users_in(shown), *(c.owner_id for c in channels if c.owner_id)}
    return View(
        origin=str(request.base_url).rstrip("/"),
        application_id=actor.application_id,
        users=await chat.users.get_many(actor, sorted(wanted)) if wanted else {},
        members=await chat.members.of_direct(list(channels)),
        last=last,
        replies=await chat.messages.reply_counts(shown) if shown else {},
    )


def _users_in(messages: Iterable[Message]) -> set[int]:
    senders = {message.sender.id for message in messages if message.sender}
    reacted = (user.id for m in messages for reaction in m.reactions for user in reaction.users)
    return senders.union(reacted)
