"""Secrets of users: what a back end keeps about them, readable by nobody else, not even at rest."""

from typing import Any, Protocol

import msgspec

from chat.users import User


class Vault(Protocol):
    """Encrypts what rests in the store."""

    def seal(self, plain: bytes, bound_to: bytes) -> bytes:
        """Encrypt and authenticate, together with what it belongs to: what was sealed for one
        place does not open in another."""
        ...

    def unseal(self, sealed: bytes, bound_to: bytes) -> bytes:
        """Raises Unavailable when no key here opens it."""
        ...


class SecretStore(Protocol):
    async def set(self, user_id: int, name: str, sealed: bytes) -> None: ...
    async def find(self, user_id: int, name: str) -> bytes | None: ...
    async def remove(self, user_id: int, name: str) -> bool: ...


def seal_secret(vault: Vault, user: User, name: str, secret: dict[str, Any]) -> bytes:
    return vault.seal(msgspec.json.encode(secret), _place(user, name))


def unseal_secret(vault: Vault, user: User, name: str, sealed: bytes) -> dict[str, Any]:
    plain = vault.unseal(sealed, _place(user, name))
    return msgspec.json.decode(plain, type=dict[str, Any])


def _place(user: User, name: str) -> bytes:
    return f"user-secret:{user.id}:{name}".encode()
