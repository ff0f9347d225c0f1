"""Reports of messages: made by members, read by moderators."""

from typing import Any

from chat.actors import Actor
from chat.checks import check_id, check_properties, check_text
from chat.errors import Invalid, NotFound
from chat.messages import Message
from chat.operations.access import check_moderates, enter_channel
from chat.pages import Page, PageRequest, check_page
from chat.reports import MAX_REASON_BYTES
from chat.store import Store

SORT_FIELDS = frozenset({"id", "createdTime"})


class Reports:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def report(
        self,
        actor: Actor,
        channel_id: int,
        message_id: int,
        reason: str,
        properties: dict[str, Any] | None = None,
    ) -> Message:
        """Report a message to the moderators. Reporting it twice is reporting it once, with the
        last reason. Nobody in the channel is told."""
        check_id("message", message_id)
        check_text("reason", reason, limit_bytes=MAX_REASON_BYTES)
        check_properties("properties", properties or {})
        async with self._store.transaction() as tx:
            await enter_channel(tx, actor, channel_id, lock=True)
            message = await tx.messages.find(channel_id, message_id)
            if message is None:
                raise NotFound("There is no such message in this channel.")
            if message.deleted is not None:
                raise Invalid("A deleted message cannot be reported.")
            await tx.reports.add(message, actor.user_id, reason, properties or {})
            return await tx.messages.get(actor.application_id, message_id)

    async def page(self, actor: Actor, channel_id: int, request: PageRequest) -> Page[Message]:
        """The messages of a channel that were reported; for its moderators."""
        check_page(request, SORT_FIELDS)
        access = await enter_channel(self._store, actor, channel_id)
        check_moderates(actor, access)
        return await self._store.reports.page(access.channel, request)
