"""Presence: who is connected, and which channels he has open."""

from collections.abc import Sequence

from chat.actors import Actor
from chat.broker import Broker
from chat.checks import check_id
from chat.errors import Invalid
from chat.events import PresenceChanged
from chat.pages import Page, PageRequest, SessionState, check_page
from chat.sessions import ChatSession, Opening, UserSession
from chat.store import Store
from chat.users import User, UserChanges, check_user_changes

MAX_VIEW = 100
MOST_MEMBERS = 200
"""Presence is told in channels of up to so many members: in a larger one every arrival would be
told to everybody, which is the square of its size; there, ask for participants."""
SORT_FIELDS = frozenset({"id", "createdTime"})


class Presence:
    def __init__(self, store: Store, broker: Broker) -> None:
        self._store = store
        self._broker = broker

    async def open(self, actor: Actor, user_agent: str | None) -> Opening:
        """Begin a session; the first one of a user makes him online for everybody."""
        opening, arrived = await self._store.sessions.open(actor.require_user(), user_agent)
        if arrived:
            await self._tell(opening.user)
        return opening

    async def end(self, session_ids: Sequence[int]) -> None:
        """End sessions. Presence changes only when `settle` finds no other one, after a grace."""
        await self._store.sessions.end(session_ids)

    async def settle(self, user_ids: Sequence[int]) -> None:
        """See who is here after sessions ended, or were taken up again, and tell what changed."""
        for user in await self._store.sessions.settle(user_ids):
            await self._tell(user)

    async def set_status(self, actor: Actor, status: str) -> User:
        changes = check_user_changes(UserChanges(status=status))
        user = await self._store.users.update(
            actor.application_id, actor.require_user().id, changes
        )
        await self._tell(user)
        return user

    async def _tell(self, user: User) -> None:
        channels = await self._store.sessions.channels_for_presence(user.id, MOST_MEMBERS)
        for channel_id in channels:
            self._broker.publish(PresenceChanged(channel_id, user.author, user.online, user.status))

    async def view(self, actor: Actor, session_id: int, channel_ids: Sequence[int]) -> None:
        """Have exactly these of the user's channels open; the others are ignored."""
        if len(channel_ids) > MAX_VIEW:
            raise Invalid(f"view takes at most {MAX_VIEW} channels.")
        for channel_id in channel_ids:
            check_id("channels", channel_id)
        await self._store.sessions.view(session_id, actor.require_user(), channel_ids)

    async def list_user_sessions(
        self, actor: Actor, request: PageRequest, state: SessionState | None = None
    ) -> Page[UserSession]:
        check_page(request, SORT_FIELDS)
        return await self._store.sessions.list_user_sessions(actor.application_id, request, state)

    async def list_chat_sessions(
        self, actor: Actor, request: PageRequest, state: SessionState | None = None
    ) -> Page[ChatSession]:
        check_page(request, SORT_FIELDS)
        return await self._store.sessions.list_chat_sessions(actor.application_id, request, state)
