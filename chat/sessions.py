"""Sessions: a user who is connected (UserSession), and one who has a channel open (ChatSession)."""

from datetime import datetime

import msgspec

from chat.channels import Place
from chat.users import User


class UserSession(msgspec.Struct, frozen=True, kw_only=True):
    """One socket of a user. `ended` is set when it closed, or when its node died."""

    id: int
    user: User
    user_agent: str | None
    created: datetime
    ended: datetime | None


class ChatSession(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    channel_id: int
    session: UserSession
    created: datetime
    ended: datetime | None


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What a socket learns when it says hello."""

    session_id: int
    user: User
    places: list[Place]
    blocked: frozenset[int]
