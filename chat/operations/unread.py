"""Unread counts, derived from read marks at the time they are asked for."""

from chat.actors import Actor
from chat.errors import Forbidden
from chat.pages import Page, PageRequest, check_page
from chat.store import Store
from chat.unread import UnreadSummary


class Unread:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def count(self, actor: Actor, user_id: int) -> int:
        """How many messages a user has not read. He himself may ask, and the application."""
        if actor.user is not None and actor.user.id != user_id:
            raise Forbidden
        user = await self._store.users.get(actor.application_id, user_id)
        return await self._store.unread.count(user.id)

    async def summaries(self, actor: Actor, request: PageRequest) -> Page[UnreadSummary]:
        """Who has how much unread in which channel, for the application's own eyes."""
        check_page(request, frozenset())
        if not actor.is_application:
            raise Forbidden
        return await self._store.unread.summaries(actor.application_id, request)
