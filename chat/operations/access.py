"""Which channel an actor may see, and as what. Everything it may not see is NotFound."""

import msgspec

from chat.actors import Actor
from chat.channels import Channel, Membership
from chat.errors import Forbidden, NotAMember, NotFound
from chat.store import Store


class Access(msgspec.Struct, frozen=True):
    """A channel, and the actor's joined membership in it (None for the application and for
    users who merely may join)."""

    channel: Channel
    membership: Membership | None


async def see_channel(store: Store, actor: Actor, channel_id: int, *, lock: bool = False) -> Access:
    """Members see their channels, everybody the public ones, the application all of its own."""
    find = store.channels.lock if lock else store.channels.get
    channel = await find(actor.application_id, channel_id)
    if actor.user is None:
        return Access(channel, None)
    membership = await store.members.find(channel.id, actor.user.id)
    if membership is not None and membership.state == "banned":
        raise NotFound
    if membership is None and channel.kind != "PUBLIC":
        raise NotFound
    return Access(channel, membership)


async def enter_channel(
    store: Store, actor: Actor, channel_id: int, *, lock: bool = False
) -> Access:
    """See a channel, and be a member of it, or the application."""
    access = await see_channel(store, actor, channel_id, lock=lock)
    if access.membership is None and not actor.is_application:
        raise NotAMember
    return access


def may_moderate(actor: Actor, access: Access) -> bool:
    """The application, the owner and the moderators."""
    if actor.user is None:
        return True
    if access.membership is None:
        return False
    return access.channel.owner_id == actor.user.id or access.membership.role == "moderator"


def check_moderates(actor: Actor, access: Access) -> None:
    if not may_moderate(actor, access):
        raise Forbidden("Only the owner and moderators of the channel may do this.")


def check_group(channel: Channel) -> None:
    if channel.kind == "DIRECT":
        raise Forbidden("The members of a direct channel cannot be changed.")
