"""Application: the tenant, and the secrets that open it. Nothing crosses applications."""

import hashlib
import secrets
from datetime import datetime
from typing import Any

import msgspec

USER_TOKEN_PREFIX = "plu_"  # noqa: S105 - a prefix, so that leaked tokens can be recognised
APPLICATION_TOKEN_PREFIX = "pla_"  # noqa: S105
ORGANIZATION_TOKEN_PREFIX = "plo_"  # noqa: S105


class Application(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    api_key: str
    guest_users: bool
    user_channels: bool
    properties: dict[str, Any]
    created: datetime


class ApplicationSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Whether guests are admitted, and whether users make channels by themselves."""

    guest_users: bool
    user_channels: bool


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What opens an application, shown once."""

    application_id: int
    api_key: str
    client_id: str
    client_secret: str


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A stored token; the secret itself is known to its holder only."""

    id: int
    name: str | None
    created: datetime
    expires: datetime | None


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    token: str


def new_secret(prefix: str) -> str:
    """256 random bits, URL-safe, after a prefix that says what it opens."""
    return prefix + secrets.token_urlsafe(32)


def secret_hash(secret: str) -> bytes:
    """How secrets rest. They are random and long, so a plain hash is as good as a slow one."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
