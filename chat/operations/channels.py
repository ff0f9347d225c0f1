"""Channels: making, finding, changing, deleting, and telling custom events in them."""

from datetime import datetime
from typing import Any

import msgspec

from chat.actors import Actor
from chat.broker import Broker
from chat.channels import (
    Channel,
    ChannelChanges,
    NewChannel,
    Place,
    check_channel_changes,
    check_new_channel,
)
from chat.checks import check_id, check_json, check_limit, check_name, check_properties
from chat.errors import Blocked, Conflict, Forbidden, Invalid, NotFound
from chat.events import (
    ChannelDeleted,
    ChannelEvent,
    ChannelGained,
    ChannelUpdated,
    CustomEvent,
)
from chat.merge import merge_properties
from chat.messages import Thread
from chat.operations.access import check_moderates, enter_channel, see_channel
from chat.pages import Page, PageRequest, check_page
from chat.store import Store

SORT_FIELDS = frozenset({"id", "name", "displayName", "createdTime"})
LIST_LIMIT = 200


class Channels:
    def __init__(self, store: Store, broker: Broker) -> None:
        self._store = store
        self._broker = broker

    async def create(self, actor: Actor, channel: NewChannel) -> Channel:
        """Make a channel, or answer the equal one: the same members of a direct channel, the
        same name of another kind. An equal private channel the actor is not in is a Conflict."""
        if actor.user is not None:
            channel = msgspec.structs.replace(channel, owner_id=actor.user.id)
        check_new_channel(channel)
        members = sorted({*channel.members, *([channel.owner_id] if channel.owner_id else [])})
        await self._check_members(actor, channel, members)
        equal = await self._store.channels.find_equal(actor.application_id, channel)
        if equal is None:
            await self._check_may_create(actor)
            try:
                return await self._add(actor, channel, members)
            except Conflict:  # somebody made it at the same time
                equal = await self._store.channels.find_equal(actor.application_id, channel)
        return await self._check_equal(actor, channel, equal)

    async def _check_may_create(self, actor: Actor) -> None:
        if actor.user is not None:
            application = await self._store.applications.get(actor.application_id)
            if not application.user_channels:
                raise Forbidden("Users of this application do not make channels.")

    async def _check_members(self, actor: Actor, channel: NewChannel, members: list[int]) -> None:
        if not members:
            return
        known = await self._store.users.existing(actor.application_id, members)
        if len(known) != len(members):
            raise NotFound("A member does not exist.")
        if actor.user is not None and channel.kind == "DIRECT":
            for member in members:
                if actor.user.id in await self._store.users.blocked_by(member):
                    raise Blocked

    async def _add(self, actor: Actor, channel: NewChannel, members: list[int]) -> Channel:
        async with self._store.transaction() as tx:
            made = await tx.channels.add(actor.application_id, channel)
            await tx.channels.append(made.id, "channel.created", user_id=channel.owner_id)
            for member in members:
                await tx.members.add(made.id, member)
            made = await tx.channels.get(actor.application_id, made.id)
        for member in members:
            self._broker.publish(ChannelGained(member, made.id, made.head))
        return made

    async def _check_equal(
        self, actor: Actor, wanted: NewChannel, equal: Channel | None
    ) -> Channel:
        if equal is None or equal.kind != wanted.kind:
            raise Conflict("Another channel has this name.")
        if actor.user is not None and equal.kind == "PRIVATE":
            membership = await self._store.members.find(equal.id, actor.user.id)
            if membership is None or membership.state != "joined":
                raise Conflict("This name is taken.")
        return equal

    async def get(self, actor: Actor, channel_id: int) -> Channel:
        return (await see_channel(self._store, actor, channel_id)).channel

    async def enter(self, actor: Actor, channel_id: int) -> None:
        """Refuse whoever is not in the channel: NotFound if he may not see it, else NotAMember."""
        check_id("channel", channel_id)
        await enter_channel(self._store, actor, channel_id)

    async def place(self, actor: Actor, channel_id: int) -> Place:
        """A channel as the acting user finds it."""
        check_id("channel", channel_id)
        user = actor.require_user()
        places = await self._store.channels.places(actor.application_id, user.id, [channel_id])
        if not places:
            raise NotFound
        return places[0]

    async def visible(
        self, actor: Actor, *, after: int = 0, limit: int = 50
    ) -> tuple[list[Place], int | None]:
        """The acting user's channels and the public ones by id, and where the next page starts."""
        check_limit(limit, LIST_LIMIT)
        user = actor.require_user()
        places = await self._store.channels.visible(actor.application_id, user.id, after, limit + 1)
        more = len(places) > limit
        return places[:limit], places[limit - 1].channel.id if more else None

    async def page(
        self,
        actor: Actor,
        request: PageRequest,
        *,
        kind: str | None = None,
        member_names: tuple[str, ...] = (),
        member_id: int | None = None,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        properties: dict[str, Any] | None = None,
    ) -> Page[Channel]:
        check_page(request, SORT_FIELDS)
        if properties is not None:
            check_properties("properties", properties)
        return await self._store.channels.page(
            actor.application_id,
            request,
            kind=kind,
            member_names=member_names,
            member_id=member_id,
            created_from=created_from,
            created_to=created_to,
            properties=properties,
        )

    async def update(self, actor: Actor, channel_id: int, changes: ChannelChanges) -> Channel:
        check_channel_changes(changes)
        async with self._store.transaction() as tx:
            access = await enter_channel(tx, actor, channel_id, lock=True)
            if access.channel.kind != "DIRECT":
                check_moderates(actor, access)
            if changes.merge is not None:
                properties = merge_properties(access.channel.properties, changes.merge)
                changes = msgspec.structs.replace(changes, properties=properties)
            await tx.channels.update(channel_id, changes)
            offset = await tx.channels.append(channel_id, "channel.updated")
            channel = await tx.channels.get(actor.application_id, channel_id)
        self._broker.publish(ChannelUpdated(channel_id, offset, channel))
        return channel

    async def delete(self, actor: Actor, channel_id: int) -> None:
        """Delete for everybody: only the owner of a group may, or the application."""
        async with self._store.transaction() as tx:
            access = await enter_channel(tx, actor, channel_id, lock=True)
            if not actor.is_application and access.channel.owner_id != actor.user_id:
                raise Forbidden("Only the owner of the channel may delete it.")
            offset = await tx.channels.append(channel_id, "channel.deleted")
            await tx.channels.delete(channel_id)
        self._broker.publish(ChannelDeleted(channel_id, offset))

    async def tell(self, actor: Actor, channel_id: int, name: str, data: Any) -> CustomEvent:
        """Send a custom event to everybody in the channel who is connected; nothing is stored."""
        check_name("name", name)
        check_json("data", data)
        await enter_channel(self._store, actor, channel_id)
        event = CustomEvent(
            channel_id, actor.user.author if actor.user else None, name=name, data=data
        )
        self._broker.publish(event)
        return event

    def publish(self, event: ChannelEvent) -> None:
        """Publish an ephemeral event whose sender is known to be in the channel."""
        self._broker.publish(event)  # type: ignore[arg-type]

    async def get_thread(self, actor: Actor, thread_id: int) -> Thread:
        thread = await self._store.channels.find_thread(actor.application_id, thread_id)
        if thread is None:
            raise NotFound
        await see_channel(self._store, actor, thread.channel_id)
        return thread

    async def heads(self, actor: Actor) -> dict[int, int]:
        """The newest offset of each channel of the acting user."""
        return await self._store.channels.heads_of(actor.require_user().id)


def check_keys(keys: str) -> str:
    """What somebody is typing: at most 1,000 characters travel."""
    if len(keys) > 1000:
        raise Invalid("keys is longer than 1000 characters.")
    return keys
