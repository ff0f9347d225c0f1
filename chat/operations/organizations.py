"""Organizations: their members, their default room kept in step, tokens, and event rooms."""

import contextlib
from datetime import datetime, timedelta

from chat.actors import Actor
from chat.applications import ORGANIZATION_TOKEN_PREFIX, NewToken, Token, new_secret, secret_hash
from chat.broker import Broker
from chat.channels import NewChannel
from chat.checks import check_name
from chat.errors import Banned, Forbidden, Invalid, NotFound
from chat.operations.channels import Channels
from chat.operations.members import Members
from chat.organizations import (
    NewOrganization,
    Organization,
    OrganizationChanges,
    OrganizationEvent,
    OrganizationRole,
    check_organization,
)
from chat.pages import Page, PageRequest, check_page
from chat.store import Store

SORT_FIELDS = frozenset({"id", "name", "createdTime"})


class Organizations:
    """Only the application itself administers organizations."""

    def __init__(self, store: Store, broker: Broker) -> None:
        self._store = store
        self._channels = Channels(store, broker)
        self._members = Members(store, broker)

    async def create(self, actor: Actor, new: NewOrganization) -> Organization:
        """Make an organization and its default room, named like it, with all its members."""
        _check_application(actor)
        check_organization(new.name, new.close_after_seconds)
        users = [member.user_id for member in new.members]
        if len(set(users)) != len(users):
            raise Invalid("members names a user twice.")
        known = await self._store.users.existing(actor.application_id, users)
        if len(known) != len(users):
            raise NotFound("A member does not exist.")
        organization = await self._store.organizations.add(actor.application_id, new)
        room = await self._room(actor, organization, new.name, users)
        await self._store.organizations.set_default_channel(organization.id, room)
        return await self.get(actor, organization.id)

    async def _room(
        self, actor: Actor, organization: Organization, name: str, users: list[int]
    ) -> int:
        # Rooms of organizations have no channel name: those are unique in the application.
        channel = await self._channels.create(
            actor, NewChannel(kind="PRIVATE", display_name=name, members=users)
        )
        await self._store.organizations.claim_channel(channel.id, organization.id)
        return channel.id

    async def get(self, actor: Actor, organization_id: int) -> Organization:
        return await self._store.organizations.get(actor.application_id, organization_id)

    async def page(self, actor: Actor, request: PageRequest) -> Page[Organization]:
        check_page(request, SORT_FIELDS)
        return await self._store.organizations.page(actor.application_id, request)

    async def update(
        self, actor: Actor, organization_id: int, changes: OrganizationChanges
    ) -> Organization:
        _check_application(actor)
        check_organization(changes.name, changes.close_after_seconds)
        organization = await self.get(actor, organization_id)
        await self._store.organizations.update(organization.id, changes)
        return await self.get(actor, organization_id)

    async def delete(self, actor: Actor, organization_id: int) -> None:
        """Delete an organization with its rooms."""
        _check_application(actor)
        organization = await self.get(actor, organization_id)
        for channel_id in await self._store.organizations.channels(organization.id):
            await self._channels.delete(actor, channel_id)
        await self._store.organizations.delete(organization.id)

    async def set_member(
        self, actor: Actor, organization_id: int, user_id: int, role: OrganizationRole
    ) -> Organization:
        """Take a user in, or change his role; the default room follows, unless it was deleted or
        he is banned from it."""
        _check_application(actor)
        organization = await self.get(actor, organization_id)
        user = await self._store.users.get(actor.application_id, user_id)
        await self._store.organizations.set_member(organization.id, user.id, role)
        if organization.default_channel_id is not None:
            with contextlib.suppress(NotFound, Banned):
                await self._members.add(actor, organization.default_channel_id, user.id)
        return await self.get(actor, organization_id)

    async def remove_member(self, actor: Actor, organization_id: int, user_id: int) -> Organization:
        """Take a user out of the organization and of all its rooms."""
        _check_application(actor)
        organization = await self.get(actor, organization_id)
        if not await self._store.organizations.remove_member(organization.id, user_id):
            raise NotFound("The user is not a member of this organization.")
        for channel_id in await self._store.organizations.channels(organization.id):
            with contextlib.suppress(NotFound):  # of this room he is no member, or banned from it
                await self._members.remove(actor, channel_id, user_id)
        return await self.get(actor, organization_id)

    async def create_token(
        self,
        actor: Actor,
        organization_id: int,
        *,
        name: str | None = None,
        expires_in: int | None = None,
        now: datetime,
    ) -> NewToken:
        _check_application(actor)
        if name is not None:
            check_name("name", name)
        if expires_in is not None and not 0 < expires_in <= 100 * 365 * 86_400:
            raise Invalid("expiresIn must be between 1 second and a hundred years.")
        organization = await self.get(actor, organization_id)
        token = new_secret(ORGANIZATION_TOKEN_PREFIX)
        expires = now + timedelta(seconds=expires_in) if expires_in is not None else None
        token_id = await self._store.organizations.add_token(
            organization.id, secret_hash(token), name, expires
        )
        return NewToken(id=token_id, token=token)

    async def list_tokens(self, actor: Actor, organization_id: int) -> list[Token]:
        organization = await self.get(actor, organization_id)
        return await self._store.organizations.list_tokens(organization.id)

    async def revoke_token(self, actor: Actor, organization_id: int, token_id: int) -> None:
        _check_application(actor)
        organization = await self.get(actor, organization_id)
        if not await self._store.organizations.delete_token(organization.id, token_id):
            raise NotFound

    async def open_event(
        self, actor: Actor, organization_id: int, name: str, accepted: list[int]
    ) -> OrganizationEvent:
        """Open an event; if the organization wants event rooms, with a room for who accepted."""
        _check_application(actor)
        check_name("name", name)
        organization = await self.get(actor, organization_id)
        members = {member.user_id for member in organization.members}
        if not members.issuperset(accepted):
            raise Invalid("accepted names a user who is not a member of the organization.")
        room = None
        if organization.event_rooms:
            room = await self._room(actor, organization, name, accepted)
        return await self._store.organizations.add_event(organization.id, name, room)

    async def close_event(
        self, actor: Actor, organization_id: int, event_id: int, now: datetime
    ) -> OrganizationEvent:
        """Close an event; its room is due for deletion after the organization's period."""
        _check_application(actor)
        organization = await self.get(actor, organization_id)
        event = await self._store.organizations.get_event(organization.id, event_id)
        if event.closed is None:
            due = now + timedelta(seconds=organization.close_after_seconds)
            await self._store.organizations.close_event(event.id, due)
        return await self._store.organizations.get_event(organization.id, event_id)


def _check_application(actor: Actor) -> None:
    if not actor.is_application:
        raise Forbidden
