"""Notifications and mentions: what members missed, and whom texts name."""

from collections.abc import Sequence

from chat.actors import Actor
from chat.errors import Forbidden
from chat.mentions import Mention, find_mentions, possible_names
from chat.messages import Message
from chat.notifications import Notification, notification
from chat.pages import CursorPage, CursorRequest, check_cursor
from chat.store import Store


class Mentions:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, actor: Actor, messages: Sequence[Message]) -> dict[int, list[Mention]]:
        """Who and what the messages name, by message id, for all of them at once."""
        texts = {message.id: message.text for message in messages if message.text}
        names = possible_names(texts.values())
        users = (
            await self._store.users.named(actor.application_id, sorted(names.users))
            if names.users
            else {}
        )
        channels = (
            await self._store.channels.named(actor.application_id, sorted(names.channels))
            if names.channels
            else {}
        )
        if not users and not channels:
            return {}
        found = {each: find_mentions(text, users, channels) for each, text in texts.items()}
        return {each: mentions for each, mentions in found.items() if mentions}


class Notifications:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._mentions = Mentions(store)

    async def page(
        self, actor: Actor, user_id: int, request: CursorRequest
    ) -> CursorPage[Notification]:
        """What a user missed, newest first. He himself may ask, and the application."""
        check_cursor(request)
        if actor.user is not None and actor.user.id != user_id:
            raise Forbidden
        user = await self._store.users.get(actor.application_id, user_id)
        page = await self._store.notifications.page(user.id, request)
        messages = [missed.message for missed in page.items]
        mentions = await self._mentions.of(actor, messages)
        channels = await self._store.channels.get_many(
            actor.application_id, sorted({message.channel_id for message in messages})
        )
        items = [
            notification(
                missed,
                user,
                channels[missed.message.channel_id],
                mentions.get(missed.id, ()),
            )
            for missed in page.items
            if missed.message.channel_id in channels
        ]
        return CursorPage(
            items=items, older=page.older, newer=page.newer, request=request, end=page.end
        )
