"""Reports of messages, and moderators who moderate."""

import pytest

from chat.actors import Actor
from chat.channels import Channel, NewChannel
from chat.chat import Chat
from chat.errors import Banned, Forbidden, Invalid, NotFound
from chat.events import MemberLeft, MessageDeleted
from chat.messages import Draft, Message
from chat.pages import PageRequest
from tests.conftest import RecordingBroker


@pytest.fixture
async def room(chat: Chat, actor: Actor, jane: Actor, john: Actor) -> Channel:
    """A public channel whose moderator is jane; it has no owner."""
    members = [jane.require_user().id, john.require_user().id]
    new = NewChannel(kind="PUBLIC", name="room", members=members)
    channel = await chat.channels.create(actor, new)
    await chat.members.set_role(actor, channel.id, members[0], "moderator")
    return channel


@pytest.fixture
async def rude(chat: Chat, john: Actor, room: Channel) -> Message:
    return (await chat.messages.send(john, room.id, Draft(text="rude"))).message


async def test_a_report_counts_once_per_user(
    chat: Chat, actor: Actor, jane: Actor, john: Actor, room: Channel, rude: Message
) -> None:
    for who in (jane, jane, john, actor):
        message = await chat.reports.report(who, room.id, rude.id, "rude", {"level": 1})
    assert message.reports == 3
    page = await chat.reports.page(jane, room.id, PageRequest())
    assert [(each.id, each.reports) for each in page.items] == [(rude.id, 3)]
    assert (await chat.messages.get(john, rude.id)).reports == 3


async def test_reported_messages_are_for_moderators(
    chat: Chat, actor: Actor, john: Actor, mallory: Actor, room: Channel, rude: Message
) -> None:
    await chat.reports.report(john, room.id, rude.id, "rude")
    for outsider in (john, mallory):
        with pytest.raises(Forbidden):
            await chat.reports.page(outsider, room.id, PageRequest())
    assert (await chat.reports.page(actor, room.id, PageRequest())).total == 1


async def test_only_what_is_there_can_be_reported_by_who_sees_it(
    chat: Chat, jane: Actor, mallory: Actor, room: Channel, rude: Message
) -> None:
    with pytest.raises(Forbidden):
        await chat.reports.report(mallory, room.id, rude.id, "rude")
    with pytest.raises(NotFound):
        await chat.reports.report(jane, room.id, rude.id + 1, "rude")
    with pytest.raises(Invalid):
        await chat.reports.report(jane, room.id, rude.id, "x" * 5000)
    await chat.messages.delete(jane, room.id, rude.id)
    with pytest.raises(Invalid):
        await chat.reports.report(jane, room.id, rude.id, "rude")


async def test_a_deleted_message_is_no_longer_listed_as_reported(
    chat: Chat, jane: Actor, room: Channel, rude: Message
) -> None:
    await chat.reports.report(jane, room.id, rude.id, "rude")
    await chat.messages.delete(jane, room.id, rude.id)
    assert (await chat.reports.page(jane, room.id, PageRequest())).items == []


async def test_a_moderator_deletes_the_messages_of_others(
    chat: Chat, jane: Actor, john: Actor, room: Channel, rude: Message, broker: RecordingBroker
) -> None:
    hers = (await chat.messages.send(jane, room.id, Draft(text="polite"))).message
    with pytest.raises(Forbidden):
        await chat.messages.delete(john, room.id, hers.id)
    assert (await chat.messages.delete(jane, room.id, rude.id)).text is None
    [told] = broker.of(MessageDeleted)
    assert told.message.id == rude.id


async def test_a_moderator_puts_members_out_and_others_do_not(
    chat: Chat, jane: Actor, john: Actor, room: Channel, broker: RecordingBroker
) -> None:
    with pytest.raises(Forbidden):
        await chat.members.remove(john, room.id, jane.require_user().id)
    await chat.members.remove(jane, room.id, john.require_user().id)
    assert [event.user.name for event in broker.of(MemberLeft)] == ["john"]
    await chat.members.join(john, room.id)


async def test_who_is_banned_by_a_moderator_stays_out_until_invited_by_one(
    chat: Chat, actor: Actor, jane: Actor, john: Actor, mallory: Actor, room: Channel
) -> None:
    await chat.members.join(mallory, room.id)
    with pytest.raises(Forbidden):
        await chat.members.remove(john, room.id, mallory.require_user().id, ban=True)
    await chat.members.remove(jane, room.id, mallory.require_user().id, ban=True)
    with pytest.raises(NotFound):
        await chat.messages.history(mallory, room.id)
    with pytest.raises((Banned, NotFound)):
        await chat.members.join(mallory, room.id)
    with pytest.raises(Banned):
        await chat.members.add(actor, room.id, mallory.require_user().id)
    with pytest.raises(Forbidden):
        await chat.members.invite(john, room.id, mallory.require_user().id)
    await chat.members.invite(jane, room.id, mallory.require_user().id)
    await chat.members.join(mallory, room.id)


async def test_a_moderator_who_no_longer_is_one_does_not_moderate(
    chat: Chat, actor: Actor, jane: Actor, john: Actor, room: Channel, rude: Message
) -> None:
    await chat.members.set_role(actor, room.id, jane.require_user().id, "member")
    with pytest.raises(Forbidden):
        await chat.messages.delete(jane, room.id, rude.id)
    with pytest.raises(Forbidden):
        await chat.members.remove(jane, room.id, john.require_user().id)
    with pytest.raises(Forbidden):
        await chat.members.set_role(jane, room.id, john.require_user().id, "moderator")
