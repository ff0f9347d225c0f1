"""Members: who may come in, who may put whom out, and what each of them sees then."""

import pytest

from chat.actors import Actor
from chat.channels import Channel, Invite, NewChannel
from chat.chat import Chat
from chat.errors import Banned, Blocked, Forbidden, Invalid, NotAMember, NotFound
from chat.events import ChannelGained, MemberJoined, MemberLeft
from chat.operations.access import Access, may_moderate
from chat.pages import PageRequest
from tests.conftest import RecordingBroker


def id_of(person: Actor) -> int:
    return person.require_user().id


@pytest.fixture
async def lobby(chat: Chat, jane: Actor, john: Actor) -> Channel:
    return await chat.channels.create(jane, NewChannel(kind="PUBLIC", members=[id_of(john)]))


@pytest.fixture
async def den(chat: Chat, jane: Actor, john: Actor) -> Channel:
    return await chat.channels.create(jane, NewChannel(kind="PRIVATE", members=[id_of(john)]))


@pytest.fixture
async def direct(chat: Chat, jane: Actor, john: Actor) -> Channel:
    return await chat.channels.create(jane, NewChannel(kind="DIRECT", members=[id_of(john)]))


async def names(chat: Chat, actor: Actor, channel: Channel) -> list[str]:
    found, _ = await chat.members.after(actor, channel.id)
    return sorted(user.name for user, _ in found)


async def test_joining_twice_is_joining_once(
    chat: Chat, jane: Actor, mallory: Actor, lobby: Channel, broker: RecordingBroker
) -> None:
    broker.events.clear()
    for _ in range(2):
        await chat.members.join(mallory, lobby.id)
    assert await names(chat, jane, lobby) == ["jane", "john", "mallory"]
    assert len(broker.of(MemberJoined)) == len(broker.of(ChannelGained)) == 1


async def test_the_application_joins_nothing(chat: Chat, actor: Actor, lobby: Channel) -> None:
    with pytest.raises(Forbidden):
        await chat.members.join(actor, lobby.id)


async def test_who_leaves_may_come_back_with_everything_read(
    chat: Chat, john: Actor, lobby: Channel, broker: RecordingBroker
) -> None:
    await chat.members.leave(john, lobby.id)
    assert [event.user.name for event in broker.of(MemberLeft)] == ["john"]
    with pytest.raises(NotAMember):
        await chat.members.leave(john, lobby.id)
    await chat.members.join(john, lobby.id)
    assert (await chat.channels.place(john, lobby.id)).unread == 0


async def test_nobody_leaves_or_changes_a_direct_channel(
    chat: Chat, jane: Actor, mallory: Actor, direct: Channel
) -> None:
    with pytest.raises(Forbidden):
        await chat.members.leave(jane, direct.id)
    with pytest.raises(Forbidden):
        await chat.members.add(jane, direct.id, id_of(mallory))
    with pytest.raises(Forbidden):
        await chat.members.invite(jane, direct.id, id_of(mallory))


async def test_members_add_others_to_public_channels_and_moderators_to_private_ones(
    chat: Chat, jane: Actor, john: Actor, mallory: Actor, lobby: Channel, den: Channel
) -> None:
    await chat.members.add(john, lobby.id, id_of(mallory))
    await chat.members.add(john, lobby.id, id_of(mallory))
    with pytest.raises(Forbidden):
        await chat.members.add(john, den.id, id_of(mallory))
    await chat.members.set_role(jane, den.id, id_of(john), "moderator")
    await chat.members.add(john, den.id, id_of(mallory))
    page = await chat.members.page(jane, den.id, PageRequest(), moderators=True)
    assert [user.name for user in page.items] == ["john"]


async def test_whoever_blocked_somebody_is_not_added_or_invited_by_him(
    chat: Chat, jane: Actor, mallory: Actor, lobby: Channel
) -> None:
    await chat.users.block(mallory, id_of(jane))
    with pytest.raises(Blocked):
        await chat.members.add(jane, lobby.id, id_of(mallory))
    with pytest.raises(Blocked):
        await chat.members.invite(jane, lobby.id, id_of(mallory))


async def test_moderators_remove_members_but_not_the_owner(
    chat: Chat, actor: Actor, jane: Actor, john: Actor, mallory: Actor, lobby: Channel
) -> None:
    await chat.members.join(mallory, lobby.id)
    with pytest.raises(Forbidden):
        await chat.members.remove(john, lobby.id, id_of(mallory))
    await chat.members.set_role(jane, lobby.id, id_of(john), "moderator")
    await chat.members.remove(john, lobby.id, id_of(mallory))
    with pytest.raises(NotFound):
        await chat.members.remove(john, lobby.id, id_of(mallory))
    with pytest.raises(Forbidden):
        await chat.members.remove(john, lobby.id, id_of(jane))
    await chat.members.remove(actor, lobby.id, id_of(jane))
    await chat.members.remove(john, lobby.id, id_of(john))
    assert await names(chat, actor, lobby) == []


async def test_who_is_banned_sees_the_channel_no_more(
    chat: Chat, jane: Actor, john: Actor, mallory: Actor, lobby: Channel
) -> None:
    await chat.members.remove(jane, lobby.id, id_of(john), ban=True)
    with pytest.raises(Banned):
        await chat.members.join(john, lobby.id)
    for read in (chat.channels.get, chat.channels.place):
        assert await read(mallory, lobby.id)
    for read in (chat.channels.get, chat.channels.place, chat.messages.history):
        with pytest.raises(NotFound):
            await read(john, lobby.id)
    assert await chat.channels.visible(john) == ([], None)
    with pytest.raises(NotFound):
        await chat.members.remove(jane, lobby.id, id_of(john), ban=True)
    with pytest.raises(Banned):
        await chat.members.add(jane, lobby.id, id_of(john))


async def test_only_moderators_ban_and_only_they_invite_who_was_banned(
    chat: Chat, jane: Actor, john: Actor, mallory: Actor, den: Channel
) -> None:
    await chat.members.add(jane, den.id, id_of(mallory))
    with pytest.raises(Forbidden):
        await chat.members.remove(john, den.id, id_of(john), ban=True)
    await chat.members.remove(jane, den.id, id_of(mallory), ban=True)
    with pytest.raises(Forbidden):
        await chat.members.invite(john, den.id, id_of(mallory))
    await chat.members.invite(jane, den.id, id_of(mallory))
    await chat.members.join(mallory, den.id)
    assert await names(chat, jane, den) == ["jane", "john", "mallory"]


async def test_an_invitation_is_good_once_and_only_for_who_is_not_in(
    chat: Chat, john: Actor, mallory: Actor, den: Channel
) -> None:
    with pytest.raises(NotFound):
        await chat.members.join(mallory, den.id)
    with pytest.raises(NotFound):
        await chat.members.invite(mallory, den.id, id_of(mallory))
    first = await chat.members.invite(john, den.id, id_of(mallory))
    assert await chat.members.invite(john, den.id, id_of(mallory)) == first
    await chat.members.join(mallory, den.id)
    with pytest.raises(Invalid):
        await chat.members.invite(john, den.id, id_of(mallory))
    await chat.members.leave(mallory, den.id)
    with pytest.raises(NotFound):
        await chat.members.join(mallory, den.id)


async def test_roles_are_given_to_members_by_moderators_only(
    chat: Chat, jane: Actor, john: Actor, mallory: Actor, den: Channel
) -> None:
    with pytest.raises(Forbidden):
        await chat.members.set_role(john, den.id, id_of(john), "moderator")
    with pytest.raises(NotFound):
        await chat.members.set_role(jane, den.id, id_of(mallory), "moderator")


async def test_lists_are_closed_to_outsiders(
    chat: Chat, actor: Actor, jane: Actor, mallory: Actor, den: Channel, direct: Channel
) -> None:
    for listing in (chat.members.page, chat.members.memberships, chat.members.participants):
        with pytest.raises(NotFound):
            await listing(mallory, den.id, PageRequest())
        await listing(actor, den.id, PageRequest())
    assert (await chat.members.memberships(jane, den.id, PageRequest())).total == 2
    assert set(await chat.members.of_direct([den, direct])) == {direct.id}
    assert await chat.members.of_direct([den]) == {}


async def test_invitations_are_listed_until_they_are_taken_up(
    chat: Chat, actor: Actor, jane: Actor, mallory: Actor, den: Channel
) -> None:
    created = await chat.members.invite(jane, den.id, id_of(mallory))
    for who in (jane, actor):
        page = await chat.members.invites(who, den.id, PageRequest())
        assert page.items == [Invite(channel_id=den.id, user_id=id_of(mallory), created=created)]
    with pytest.raises(NotFound):
        await chat.members.invites(mallory, den.id, PageRequest())
    await chat.members.join(mallory, den.id)
    assert (await chat.members.invites(jane, den.id, PageRequest())).items == []


async def test_whoever_is_no_member_moderates_nothing(mallory: Actor, lobby: Channel) -> None:
    assert not may_moderate(mallory, Access(lobby, None))
