"""View: what stands around the nouns of one answer, fetched for a whole page at a time."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from starlette.requests import Request

from chat.actors import Actor
from chat.channels import Channel
from chat.chat import Chat
from chat.links import Preview
from chat.mentions import Mention
from chat.messages import Message
from chat.users import User
from server.http import chat_from


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Where links begin, and the users, members, last messages, reply counts and mentions by
    their ids; previews of links by their addresses."""

    origin: str
    application_id: int
    users: Mapping[int, User] = {}
    members: Mapping[int, Sequence[User]] = {}
    last: Mapping[int, Message] = {}
    replies: Mapping[int, int] = {}
    mentions: Mapping[int, Sequence[Mention]] = {}
    previews: Mapping[str, Preview] = {}

    def href(self, path: str) -> str:
        return f"{self.origin}/v1/applications/{self.application_id}{path}"

    def absolute(self, url: str) -> str:
        """An address that clients can use: hosted files are known by their path."""
        return self.origin + url if url.startswith("/files/") else url


async def view_of(
    request: Request,
    actor: Actor,
    *,
    channels: Sequence[Channel] = (),
    messages: Sequence[Message] = (),
    user_ids: Iterable[int] = (),
) -> View:
    """Fetch all that the resources of these nouns embed: a fixed number of reads, however many."""
    return await view_at(
        chat_from(request),
        str(request.base_url).rstrip("/"),
        actor,
        channels=channels,
        messages=messages,
        user_ids=user_ids,
    )


async def view_at(
    chat: Chat,
    origin: str,
    actor: Actor,
    *,
    channels: Sequence[Channel] = (),
    messages: Sequence[Message] = (),
    user_ids: Iterable[int] = (),
) -> View:
    """The same for who answers no request."""
    last = await chat.messages.last_of(channels) if channels else {}
    shown = [*messages, *last.values()]
    mentions = await chat.mentions.of(actor, shown)
    named = [each.channel for found in mentions.values() for each in found if each.channel]
    owners = (channel.owner_id for channel in [*channels, *named] if channel.owner_id)
    wanted = {*user_ids, *_users_in(shown), *owners}
    return View(
        origin=origin,
        application_id=actor.application_id,
        users=await chat.users.get_many(actor, sorted(wanted)) if wanted else {},
        members=await chat.members.of_direct(list(channels)),
        last=last,
        replies=await chat.messages.reply_counts(shown) if shown else {},
        mentions=mentions,
        previews=await chat.previews.of(shown),
    )


def _users_in(messages: Iterable[Message]) -> set[int]:
    senders = {message.sender.id for message in messages if message.sender}
    reacted = (user.id for m in messages for reaction in m.reactions for user in reaction.users)
    return senders.union(reacted)
