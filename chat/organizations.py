"""Organizations: groups of users with roles, their tokens, and the events that gather them."""

from datetime import datetime
from typing import Literal

import msgspec

from chat.checks import check_name
from chat.errors import Invalid

OrganizationRole = Literal["member", "chat", "administrator"]


class OrganizationMember(msgspec.Struct, frozen=True):
    user_id: int
    role: OrganizationRole


class Organization(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    application_id: int
    name: str
    event_rooms: bool
    close_after_seconds: int
    default_channel_id: int | None
    created: datetime
    members: list[OrganizationMember] = []


class NewOrganization(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    members: list[OrganizationMember] = []
    event_rooms: bool = False
    close_after_seconds: int = 86_400


class OrganizationChanges(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None = None
    event_rooms: bool | None = None
    close_after_seconds: int | None = None


class OrganizationEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something the organization was called to; `channel_id` is its room, if it wants rooms."""

    id: int
    organization_id: int
    name: str
    channel_id: int | None
    created: datetime
    closed: datetime | None


def check_organization(name: str | None, close_after_seconds: int | None) -> None:
    if name is not None:
        check_name("name", name)
    if close_after_seconds is not None and not 0 <= close_after_seconds <= 10 * 365 * 86_400:
        raise Invalid("closeAfterSeconds must be between 0 and ten years.")
