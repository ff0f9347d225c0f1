"""Reports: users telling moderators of a message. Each counts once per message."""

from typing import Any, Protocol

from chat.channels import Channel
from chat.messages import Message
from chat.pages import Page, PageRequest

MAX_REASON_BYTES = 4096


class ReportStore(Protocol):
    async def add(
        self, message: Message, user_id: int | None, reason: str, properties: dict[str, Any]
    ) -> bool:
        """Inside a transaction that has locked the channel: False if this user (None: the
        application) had reported the message; what he said last stays."""
        ...

    async def page(self, channel: Channel, request: PageRequest) -> Page[Message]:
        """Messages of a channel that were reported and are not deleted."""
        ...
