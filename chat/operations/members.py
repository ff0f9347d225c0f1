"""Members of channels: joining, leaving, adding, removing, banning, moderating, inviting."""

from datetime import datetime

from chat.actors import Actor
from chat.broker import Broker
from chat.channels import Channel, Invite, Membership, Role
from chat.checks import check_id, check_limit, check_offset
from chat.errors import Blocked, Forbidden, Invalid, NotFound
from chat.events import ChannelGained, MemberJoined, MemberLeft
from chat.operations.access import (
    Access,
    check_group,
    check_moderates,
    enter_channel,
    may_moderate,
    see_channel,
)
from chat.pages import Page, PageRequest, check_page
from chat.store import Store
from chat.users import User

LIST_LIMIT = 200
USER_SORT = frozenset({"id", "name", "displayName", "createdTime"})
MEMBERSHIP_SORT = frozenset({"createdTime"})


class Members:
    def __init__(self, store: Store, broker: Broker) -> None:
        self._store = store
        self._broker = broker

    async def join(self, actor: Actor, channel_id: int) -> Channel:
        """Enter a public channel, or a private one by invitation. Joining twice is joining once."""
        user = actor.require_user()
        check_id("channel", channel_id)
        async with self._store.transaction() as tx:
            channel = await tx.channels.lock(actor.application_id, channel_id)
            membership = await tx.members.find(channel_id, user.id)
            if membership is not None and membership.state == "joined":
                return channel
            if channel.kind != "PUBLIC" and not await tx.members.is_invited(channel_id, user.id):
                raise NotFound
            await tx.members.add(channel_id, user.id)
            offset = await tx.channels.append(channel_id, "member.joined", user_id=user.id)
            await tx.members.remove_invite(channel_id, user.id)
        self._tell_joined(user, channel_id, offset)
        return channel

    def _tell_joined(self, user: User, channel_id: int, offset: int) -> None:
        self._broker.publish(MemberJoined(channel_id, offset, user.author))
        self._broker.publish(ChannelGained(user.id, channel_id, offset))

    async def leave(self, actor: Actor, channel_id: int) -> None:
        user = actor.require_user()
        async with self._store.transaction() as tx:
            access = await enter_channel(tx, actor, channel_id, lock=True)
            check_group(access.channel)
            event = await self._remove(tx, channel_id, user, ban=False)
        self._broker.publish(event)

    async def add(self, actor: Actor, channel_id: int, user_id: int) -> Channel:
        """Put a user into a group. Members may in public channels, moderators in private ones."""
        check_id("user", user_id)
        async with self._store.transaction() as tx:
            access = await enter_channel(tx, actor, channel_id, lock=True)
            check_group(access.channel)
            if access.channel.kind == "PRIVATE":
                check_moderates(actor, access)
            user = await tx.users.get(actor.application_id, user_id)
            if actor.user is not None and actor.user.id in await tx.users.blocked_by(user.id):
                raise Blocked
            if not await tx.members.add(channel_id, user.id):
                return access.channel
            offset = await tx.channels.append(channel_id, "member.joined", user_id=user.id)
            await tx.members.remove_invite(channel_id, user.id)
        self._tell_joined(user, channel_id, offset)
        return access.channel

    async def remove(
        self, actor: Actor, channel_id: int, user_id: int, *, ban: bool = False
    ) -> Channel:
        """Put a member out, for good if `ban`. Moderators may, but not to the owner."""
        check_id("user", user_id)
        async with self._store.transaction() as tx:
            access = await enter_channel(tx, actor, channel_id, lock=True)
            check_group(access.channel)
            if actor.user_id != user_id or ban:
                check_moderates(actor, access)
                if not actor.is_application and access.channel.owner_id == user_id:
                    raise Forbidden("The owner of the channel cannot be removed.")
            user = await tx.users.get(actor.application_id, user_id)
            event = await self._remove(tx, channel_id, user, ban=ban)
        self._broker.publish(event)
        return access.channel

    async def _remove(self, tx: Store, channel_id: int, user: User, *, ban: bool) -> MemberLeft:
        if not await tx.members.remove(channel_id, user.id, ban=ban):
            raise NotFound("The user is not a member of this channel.")
        offset = await tx.channels.append(channel_id, "member.left", user_id=user.id)
        return MemberLeft(channel_id, offset, user.author)

    async def set_role(self, actor: Actor, channel_id: int, user_id: int, role: Role) -> User:
        async with self._store.transaction() as tx:
            access = await enter_channel(tx, actor, channel_id, lock=True)
            check_group(access.channel)
            check_moderates(actor, access)
            user = await tx.users.get(actor.application_id, user_id)
            membership = await tx.members.find(channel_id, user.id)
            if membership is None or membership.state != "joined":
                raise NotFound("The user is not a member of this channel.")
            await tx.members.set_role(channel_id, user.id, role)
        return user

    async def invite(self, actor: Actor, channel_id: int, user_id: int) -> datetime:
        """Let a user join a group that he could not enter otherwise."""
        check_id("user", user_id)
        access = await enter_channel(self._store, actor, channel_id)
        check_group(access.channel)
        user = await self._store.users.get(actor.application_id, user_id)
        if actor.user is not None and actor.user.id in await self._store.users.blocked_by(user.id):
            raise Blocked
        membership = await self._store.members.find(channel_id, user.id)
        if membership is not None:
            if membership.state == "joined":
                raise Invalid("The user is a member of this channel already.")
            if not may_moderate(actor, access):
                raise Forbidden("Only moderators may invite who was banned.")
        return await self._store.members.add_invite(channel_id, user.id, actor.user_id)

    async def invites(self, actor: Actor, channel_id: int, request: PageRequest) -> Page[Invite]:
        """Invitations that were not taken up yet."""
        check_page(request, MEMBERSHIP_SORT)
        access = await self._enter(actor, channel_id)
        return await self._store.members.invites(access.channel, request)

    async def after(
        self, actor: Actor, channel_id: int, *, after: int = 0, limit: int = 50
    ) -> tuple[list[tuple[User, Membership]], int | None]:
        """Members by user id, and where the next page starts."""
        check_limit(limit, LIST_LIMIT)
        check_offset("after", after)
        await enter_channel(self._store, actor, channel_id)
        found = await self._store.members.after(channel_id, after, limit + 1)
        more = len(found) > limit
        return found[:limit], found[limit - 1][0].id if more else None

    async def page(
        self, actor: Actor, channel_id: int, request: PageRequest, *, moderators: bool = False
    ) -> Page[User]:
        check_page(request, USER_SORT)
        access = await self._enter(actor, channel_id)
        return await self._store.members.users(access.channel, request, moderators=moderators)

    async def memberships(
        self, actor: Actor, channel_id: int, request: PageRequest
    ) -> Page[Membership]:
        check_page(request, MEMBERSHIP_SORT)
        access = await self._enter(actor, channel_id)
        return await self._store.members.memberships(access.channel, request)

    async def participants(self, actor: Actor, channel_id: int, request: PageRequest) -> Page[User]:
        """Members who have the channel open right now."""
        check_page(request, USER_SORT)
        access = await self._enter(actor, channel_id)
        return await self._store.members.participants(access.channel, request)

    async def of_direct(self, channels: list[Channel]) -> dict[int, list[User]]:
        """The members of those of the channels that are direct."""
        direct = [channel.id for channel in channels if channel.kind == "DIRECT"]
        return await self._store.members.of_direct(direct) if direct else {}

    async def _enter(self, actor: Actor, channel_id: int) -> Access:
        if actor.is_application:
            return await see_channel(self._store, actor, channel_id)
        return await enter_channel(self._store, actor, channel_id)
