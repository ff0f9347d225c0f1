"""Secrets of users, for the application alone."""

from typing import Any

from chat.actors import Actor
from chat.checks import check_name, check_properties
from chat.errors import Forbidden, NotFound, Unavailable
from chat.store import Store
from chat.user_secrets import Vault, seal_secret, unseal_secret
from chat.users import User


class UserSecrets:
    def __init__(self, store: Store, vault: Vault | None) -> None:
        self._store = store
        self._vault = vault

    async def get(self, actor: Actor, user_id: int, name: str) -> dict[str, Any]:
        user = await self._user(actor, user_id, name)
        sealed = await self._store.secrets.find(user.id, name)
        if sealed is None:
            raise NotFound
        return unseal_secret(self._opened(), user, name, sealed)

    async def set(self, actor: Actor, user_id: int, name: str, secret: dict[str, Any]) -> User:
        """Store a secret under a name, instead of the one that was there."""
        user = await self._user(actor, user_id, name)
        check_properties("secret", secret)
        sealed = seal_secret(self._opened(), user, name, secret)
        await self._store.secrets.set(user.id, name, sealed)
        return user

    async def remove(self, actor: Actor, user_id: int, name: str) -> User:
        user = await self._user(actor, user_id, name)
        if not await self._store.secrets.remove(user.id, name):
            raise NotFound
        return user

    async def _user(self, actor: Actor, user_id: int, name: str) -> User:
        if not actor.is_application:
            raise Forbidden
        check_name("name", name)
        return await self._store.users.get(actor.application_id, user_id)

    def _opened(self) -> Vault:
        if self._vault is None:
            raise Unavailable("This server has no key for secrets.")
        return self._vault
