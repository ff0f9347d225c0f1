"""Users, their tokens, guests and blocks."""

import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from chat.actors import Actor
from chat.applications import (
    USER_TOKEN_PREFIX,
    NewToken,
    Token,
    new_secret,
    secret_hash,
)
from chat.broker import Broker
from chat.checks import check_name, check_properties
from chat.errors import Conflict, Forbidden, GuestsDisabled, Invalid, NotFound, Unauthorized
from chat.events import MemberLeft, PresenceChanged, TokenRevoked, UserChanged
from chat.merge import merge_properties
from chat.operations.presence import MOST_MEMBERS
from chat.pages import Page, PageRequest, check_page
from chat.store import Store
from chat.users import NewUser, User, UserChanges, check_new_user, check_user_changes

SORT_FIELDS = frozenset({"id", "name", "displayName", "createdTime"})


class Users:
    def __init__(self, store: Store, broker: Broker) -> None:
        self._store = store
        self._broker = broker

    async def create(self, actor: Actor, user: NewUser) -> User:
        return await self._store.users.add(actor.application_id, check_new_user(user))

    async def get(self, actor: Actor, user_id: int) -> User:
        return await self._store.users.get(actor.application_id, user_id)

    async def find(self, actor: Actor, name: str) -> User | None:
        return await self._store.users.find_by_name(actor.application_id, name)

    async def get_many(self, actor: Actor, user_ids: Sequence[int]) -> dict[int, User]:
        return await self._store.users.get_many(actor.application_id, user_ids)

    async def page(
        self,
        actor: Actor,
        request: PageRequest,
        *,
        name: str | None = None,
        properties: dict[str, Any] | None = None,
        unread: bool | None = None,
    ) -> Page[User]:
        """Users by part of a name or display name, by some of their properties, by whether they
        have anything unread."""
        check_page(request, SORT_FIELDS)
        if properties is not None:
            check_properties("properties", properties)
        return await self._store.users.page(
            actor.application_id, request, name=name, properties=properties, unread=unread
        )

    async def update(self, actor: Actor, user_id: int, changes: UserChanges) -> User:
        """Change a user; he himself may, and the application. A new status is told as presence."""
        if actor.user is not None and actor.user.id != user_id:
            raise Forbidden
        check_user_changes(changes)
        async with self._store.transaction() as tx:
            if changes.merge is not None:
                user = await tx.users.lock(actor.application_id, user_id)
                properties = merge_properties(user.properties, changes.merge)
                changes = msgspec.structs.replace(changes, properties=properties)
            user = await tx.users.update(actor.application_id, user_id, changes)
            told = []
            if changes.status is not None:
                told = await tx.sessions.channels_for_presence(user.id, MOST_MEMBERS)
        self._broker.publish(UserChanged(user.id))
        for channel_id in told:
            self._broker.publish(PresenceChanged(channel_id, user.author, user.online, user.status))
        return user

    async def delete(self, actor: Actor, user_id: int) -> None:
        """Take a user out of everything at once; his messages stay under his name."""
        if actor.user is not None and actor.user.id != user_id:
            raise Forbidden
        left: list[MemberLeft] = []
        async with self._store.transaction() as tx:
            user = await tx.users.get(actor.application_id, user_id)
            for channel_id in sorted(await tx.users.delete(actor.application_id, user_id)):
                await tx.channels.lock(actor.application_id, channel_id)
                await tx.members.remove(channel_id, user_id)
                offset = await tx.channels.append(channel_id, "member.left", user_id=user_id)
                left.append(MemberLeft(channel_id, offset, user.author))
        for event in left:
            self._broker.publish(event)
        self._broker.publish(TokenRevoked(user_id, None))

    async def admit_guest(self, api_key: str, name: str) -> Actor:
        """Let somebody in by the application's public key and a name, where it admits guests.

        The same name is the same guest again; the name of a registered user is refused.
        """
        check_name("username", name)
        application = await self._store.applications.find_by_key(api_key)
        if application is None:
            raise Unauthorized
        if not application.guest_users:
            raise GuestsDisabled
        user = await self._store.users.find_by_name(application.id, name)
        if user is None:
            new = NewUser(name=name, display_name=name, guest=True)
            with contextlib.suppress(Conflict):  # another socket of his said hello at once
                await self._store.users.add(application.id, new)
            user = await self._store.users.find_by_name(application.id, name)
        if user is None or not user.guest:
            raise Unauthorized("This name belongs to a registered user, who needs a token.")
        return Actor(application_id=application.id, user=user)

    async def authenticate(self, token: str) -> Actor:
        """Who holds this user token."""
        found = await self._store.tokens.find_user(secret_hash(token))
        if found is None:
            raise Unauthorized
        user, token_id = found
        return Actor(application_id=user.application_id, user=user, token_id=token_id)

    async def create_token(
        self,
        actor: Actor,
        user_id: int,
        *,
        name: str | None = None,
        expires_in: int | None = None,
        now: datetime,
    ) -> NewToken:
        """Make a token, shown here and never again. `expires_in` is in seconds."""
        if name is not None:
            check_name("name", name)
        if expires_in is not None and not 0 < expires_in <= 100 * 365 * 86_400:
            raise Invalid("expiresIn must be between 1 second and a hundred years.")
        user = await self._store.users.get(actor.application_id, user_id)
        token = new_secret(USER_TOKEN_PREFIX)
        expires = now + timedelta(seconds=expires_in) if expires_in is not None else None
        token_id = await self._store.tokens.add_user_token(
            user.id, secret_hash(token), name, expires
        )
        return NewToken(id=token_id, token=token)

    async def list_tokens(self, actor: Actor, user_id: int) -> list[Token]:
        user = await self._store.users.get(actor.application_id, user_id)
        return await self._store.tokens.list_user_tokens(user.id)

    async def revoke_token(self, actor: Actor, user_id: int, token_id: int) -> None:
        """Revoke a token; sockets that came in with it are closed on every node."""
        user = await self._store.users.get(actor.application_id, user_id)
        if not await self._store.tokens.delete_user_token(user.id, token_id):
            raise NotFound
        self._broker.publish(TokenRevoked(user.id, token_id))

    async def block(self, actor: Actor, user_id: int) -> None:
        """Hear nothing ephemeral of a user, and no direct message."""
        user = actor.require_user()
        if user.id == user_id:
            raise Invalid("Nobody can block himself.")
        other = await self._store.users.get(actor.application_id, user_id)
        await self._store.users.block(user.id, other.id)
        self._broker.publish(UserChanged(user.id))

    async def unblock(self, actor: Actor, user_id: int) -> None:
        user = actor.require_user()
        other = await self._store.users.get(actor.application_id, user_id)
        await self._store.users.unblock(user.id, other.id)
        self._broker.publish(UserChanged(user.id))

    async def blocked_by(self, actor: Actor) -> frozenset[int]:
        return await self._store.users.blocked_by(actor.require_user().id)
