"""Messages: sending, editing, deleting, reading back, reactions and read marks."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from chat.actors import Actor
from chat.broker import Broker
from chat.channels import Channel
from chat.checks import check_id, check_limit, check_offset, check_properties, check_text
from chat.errors import Forbidden, Invalid, NotFound
from chat.events import (
    HeadMoved,
    MessageDeleted,
    MessageEdited,
    MessageSent,
    ReactionAdded,
    ReactionRemoved,
    ReadAdvanced,
)
from chat.files import hosted_keys
from chat.merge import merge_properties
from chat.messages import Draft, Message, Sent, check_draft, check_emoji
from chat.operations.access import enter_channel, may_moderate, see_channel
from chat.operations.files import Files
from chat.pages import (
    CursorPage,
    CursorRequest,
    MessageFilter,
    Page,
    PageRequest,
    check_cursor,
    check_page,
)
from chat.store import Done, NewMessage, Outcome, Store
from chat.users import User

HISTORY_LIMIT = 200
DELETE_BATCH = 500


class Messages:
    def __init__(self, store: Store, broker: Broker, files: Files) -> None:
        self._store = store
        self._broker = broker
        self._files = files

    def submit(self, actor: Actor, channel_id: int, draft: Draft, done: Done) -> None:
        """Send without waiting: `done` gets the outcome after the commit. The hot path: no task,
        no future. Sends of one node to one channel keep the order of their submission.

        Raises Invalid at once; every other refusal is an outcome. Replies must go through `send`.
        """
        check_draft(draft)
        check_id("channel", channel_id)
        message = NewMessage(
            actor.application_id,
            channel_id,
            actor.user.author if actor.user else None,
            actor.user is None,
            draft,
        )
        self._store.messages.submit(message, partial(self._tell, done))

    def _tell(self, done: Done, outcome: Outcome) -> None:
        if isinstance(outcome, Sent):
            message = outcome.message
            if outcome.duplicate:
                # The first attempt may have been stored by a node that died before telling.
                self._broker.publish(HeadMoved(message.channel_id, message.offset))
            else:
                self._broker.publish(MessageSent(message.channel_id, message.offset, message))
        done(outcome)

    async def send(
        self, actor: Actor, channel_id: int, draft: Draft, *, on_behalf_of: User | None = None
    ) -> Sent:
        """Send and wait for the commit. The application may speak as itself, or for a user.

        Cancelling is safe: the message is then stored or not, never half told.
        """
        check_draft(draft)
        check_id("channel", channel_id)
        if on_behalf_of is not None and not actor.is_application:
            raise Forbidden
        if draft.reply_to is not None:
            draft = await self._in_thread(actor, channel_id, draft, draft.reply_to)
        sender = on_behalf_of or actor.user
        message = NewMessage(
            actor.application_id,
            channel_id,
            sender.author if sender else None,
            actor.is_application,
            draft,
        )
        return await self._store.messages.send(message, partial(self._tell, _ignore))

    async def _in_thread(self, actor: Actor, channel_id: int, draft: Draft, reply_to: int) -> Draft:
        await enter_channel(self._store, actor, channel_id)
        parent = await self._store.messages.find(channel_id, reply_to)
        if parent is None:
            raise NotFound("The message to reply to does not exist in this channel.")
        thread_id = parent.thread_id or await self._store.channels.message_thread(
            channel_id, parent.id
        )
        return msgspec.structs.replace(draft, thread_id=thread_id)

    async def get(self, actor: Actor, message_id: int) -> Message:
        """A message by its id alone, if the actor may see its channel."""
        message = await self._store.messages.get(actor.application_id, message_id)
        await see_channel(self._store, actor, message.channel_id)
        return message

    async def get_in(self, actor: Actor, channel_id: int, message_id: int) -> Message:
        await enter_channel(self._store, actor, channel_id)
        return await self._find(self._store, channel_id, message_id)

    @staticmethod
    async def _find(store: Store, channel_id: int, message_id: int) -> Message:
        check_id("message", message_id)
        message = await store.messages.find(channel_id, message_id)
        if message is None:
            raise NotFound("There is no such message in this channel.")
        return message

    async def edit(
        self,
        actor: Actor,
        channel_id: int,
        message_id: int,
        *,
        text: str | None = None,
        properties: dict[str, Any] | None = None,
        merge: dict[str, Any] | None = None,
    ) -> Message:
        """Change text or properties: replaced whole, or by a merge patch (RFC 7396) of what is
        stored then. Only the author may, and the application."""
        if text is None and properties is None and merge is None:
            raise Invalid("An edit needs text or properties.")
        if text is not None:
            check_text("text", text)
        if properties is not None:
            check_properties("properties", properties)
        async with self._store.transaction() as tx:
            await enter_channel(tx, actor, channel_id, lock=True)
            message = await self._find(tx, channel_id, message_id)
            if not actor.is_application and not _wrote(actor, message):
                raise Forbidden("Only its author may edit a message.")
            if message.deleted is not None:
                raise Invalid("A deleted message cannot be edited.")
            if text == "" and not message.files:
                raise Invalid("A message needs text or files.")
            if merge is not None:
                properties = merge_properties(message.properties, merge)
            message = await tx.messages.edit(message, text, properties)
            offset = await tx.channels.append(channel_id, "message.updated", message_id=message.id)
        self._broker.publish(MessageEdited(channel_id, offset, message))
        return message

    async def delete(self, actor: Actor, channel_id: int, message_id: int) -> Message:
        """Take the content of a message away for everybody, hosted files included; its place
        stays. Author, moderators and the application may. Deleting twice is deleting once."""
        async with self._store.transaction() as tx:
            access = await enter_channel(tx, actor, channel_id, lock=True)
            message = await self._find(tx, channel_id, message_id)
            if not _wrote(actor, message) and not may_moderate(actor, access):
                raise Forbidden("Only its author and moderators may delete a message.")
            if message.deleted is not None:
                return message
            if keys := hosted_keys(message.files):
                await tx.files.doom(actor.application_id, keys)
            message = await tx.messages.delete(message)
            offset = await tx.channels.append(channel_id, "message.deleted", message_id=message.id)
        self._broker.publish(MessageDeleted(channel_id, offset, message))
        if keys:
            await self._files.forget(actor, keys)
        return message

    async def delete_all(self, actor: Actor) -> None:
        """Delete every message of the application, a batch at a time."""
        if not actor.is_application:
            raise Forbidden
        while batch := await self._store.messages.delete_all(actor.application_id, DELETE_BATCH):
            for message in batch:
                await self.delete(actor, message.channel_id, message.id)

    async def history(
        self,
        actor: Actor,
        channel_id: int,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        limit: int = 50,
    ) -> list[Message]:
        """Messages in offset order: the newest, or next to one offset (both ends exclusive;
        `around` has the offset in the middle). Deleted ones keep their place."""
        check_limit(limit, HISTORY_LIMIT)
        given = [value for value in (before, after, around) if value is not None]
        if len(given) > 1:
            raise Invalid("history takes only one of before, after and around.")
        for value in given:
            check_offset("offset", value)
        await enter_channel(self._store, actor, channel_id)
        return await self._store.messages.history(
            channel_id, before=before, after=after, around=around, limit=limit
        )

    async def page(
        self, actor: Actor, wanted: MessageFilter, request: CursorRequest
    ) -> CursorPage[Message]:
        """Messages that are not deleted, newest first, of a scope the actor may see."""
        check_cursor(request)
        if wanted.channel_id is not None:
            await enter_channel(self._store, actor, wanted.channel_id)
        elif not actor.is_application:
            raise Forbidden
        if wanted.text is not None:
            check_text("query", wanted.text, limit_bytes=1000)
        return await self._store.messages.page(actor.application_id, wanted, request)

    async def last_of(self, channels: Sequence[Channel]) -> dict[int, Message]:
        """The newest message of each channel that has one."""
        return await self._store.messages.last_of([channel.id for channel in channels])

    async def reply_counts(self, messages: Sequence[Message]) -> dict[int, int]:
        return await self._store.messages.reply_counts([message.id for message in messages])

    async def react(self, actor: Actor, channel_id: int, message_id: int, emoji: str) -> None:
        """React with an emoji; a second time changes nothing."""
        user = actor.require_user()
        check_emoji(emoji)
        async with self._store.transaction() as tx:
            await enter_channel(tx, actor, channel_id, lock=True)
            message = await self._find(tx, channel_id, message_id)
            if message.deleted is not None:
                raise Invalid("A deleted message takes no reactions.")
            if not await tx.messages.add_reaction(message, user.id, emoji):
                return
            offset = await tx.channels.append(
                channel_id, "reaction.added", message_id=message.id, user_id=user.id, emoji=emoji
            )
        self._broker.publish(ReactionAdded(channel_id, offset, message.id, user.author, emoji))

    async def unreact(self, actor: Actor, channel_id: int, message_id: int, emoji: str) -> None:
        user = actor.require_user()
        check_emoji(emoji)
        async with self._store.transaction() as tx:
            await enter_channel(tx, actor, channel_id, lock=True)
            message = await self._find(tx, channel_id, message_id)
            if not await tx.messages.remove_reaction(message, user.id, emoji):
                return
            offset = await tx.channels.append(
                channel_id, "reaction.removed", message_id=message.id, user_id=user.id, emoji=emoji
            )
        self._broker.publish(ReactionRemoved(channel_id, offset, message.id, user.author, emoji))

    async def read(self, actor: Actor, channel_id: int, up_to: int) -> tuple[int, int]:
        """Move the acting user's mark forward (never back): (offset read up to, unread left)."""
        user = actor.require_user()
        check_offset("up_to", up_to)
        check_id("channel", channel_id)
        await enter_channel(self._store, actor, channel_id)
        read, unread, moved = await self._store.receipts.advance(channel_id, user.id, up_to)
        if moved:
            self._broker.publish(ReadAdvanced(channel_id, user.author, read))
        return read, unread

    async def receipts(
        self, actor: Actor, message_id: int, request: PageRequest
    ) -> Page[tuple[User, datetime]]:
        """Who has read a message, and when."""
        check_page(request, frozenset({"createdTime"}))
        message = await self.get(actor, message_id)
        return await self._store.receipts.of_message(message, request)


def _wrote(actor: Actor, message: Message) -> bool:
    return message.sender is not None and message.sender.id == actor.user_id


def _ignore(_: Outcome) -> None:
    """`send` waits for the store itself."""
