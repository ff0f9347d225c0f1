"""Unread messages, counted: for one user, and per channel and user of a whole application."""

from typing import Protocol

import msgspec

from chat.channels import Channel
from chat.pages import Page, PageRequest
from chat.users import User


class UnreadSummary(msgspec.Struct, frozen=True, kw_only=True):
    channel: Channel
    user: User
    count: int


class UnreadStore(Protocol):
    async def count(self, user_id: int) -> int:
        """Over all channels the user is in; the sum of what each place shows."""
        ...

    async def summaries(self, application_id: int, request: PageRequest) -> Page[UnreadSummary]:
        """By channel and user, those with something unread. Not counted beyond the last page
        that can be asked for."""
        ...
