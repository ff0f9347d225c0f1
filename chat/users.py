"""Users of an application: people and bots, guests or not, and whom they block."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from chat.checks import check_name, check_properties, check_text

UserKind = Literal["PERSON", "BOT"]


class Author(msgspec.Struct, frozen=True, array_like=True):
    """As much of a user as stands beside what he did."""

    id: int
    name: str
    display_name: str


class User(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    application_id: int
    name: str
    display_name: str
    kind: UserKind
    guest: bool
    properties: dict[str, Any]
    picture: str | None
    status: str
    online: bool
    created: datetime

    @property
    def author(self) -> Author:
        return Author(self.id, self.name, self.display_name)


class NewUser(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    display_name: str
    kind: UserKind = "PERSON"
    guest: bool = False
    properties: dict[str, Any] = {}


class UserChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What to change; None leaves a field as it is. `properties` replaces the whole object,
    `merge` is a merge patch (RFC 7396) of the properties as they are then."""

    display_name: str | None = None
    guest: bool | None = None
    status: str | None = None
    properties: dict[str, Any] | None = None
    merge: dict[str, Any] | None = None


def check_new_user(user: NewUser) -> NewUser:
    check_name("name", user.name)
    check_name("display_name", user.display_name)
    check_properties("properties", user.properties)
    return user


def check_user_changes(changes: UserChanges) -> UserChanges:
    if changes.display_name is not None:
        check_name("display_name", changes.display_name)
    if changes.status is not None:
        check_text("status", changes.status, limit_bytes=255)
    if changes.properties is not None:
        check_properties("properties", changes.properties)
    return changes
