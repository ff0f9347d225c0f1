"""Unread counts are what the places of the user show, added up."""

import pytest

from chat.actors import Actor
from chat.channels import NewChannel
from chat.chat import Chat
from chat.errors import Forbidden, Invalid, NotFound
from chat.messages import Draft
from chat.pages import PageRequest


async def _talk(chat: Chat, jane: Actor, john: Actor) -> list[int]:
    """Two channels, where jane said three things to john and five, and he one."""
    channels = []
    for said in (3, 5):
        members = [john.require_user().id]
        channel = await chat.channels.create(jane, NewChannel(kind="PRIVATE", members=members))
        for number in range(said):
            await chat.messages.send(jane, channel.id, Draft(text=str(number)))
        channels.append(channel.id)
    await chat.messages.send(john, channels[1], Draft(text="ok"))
    return channels


async def test_the_count_is_the_sum_over_all_places(
    chat: Chat, actor: Actor, jane: Actor, john: Actor
) -> None:
    user = john.require_user()
    assert await chat.unread.count(actor, user.id) == 0
    channels = await _talk(chat, jane, john)
    places, _ = await chat.channels.visible(john)
    assert await chat.unread.count(john, user.id) == sum(place.unread for place in places) == 8
    history = await chat.messages.history(john, channels[0])
    await chat.messages.read(john, channels[0], history[1].offset)
    assert await chat.unread.count(actor, user.id) == 6
    await chat.messages.delete(jane, channels[0], history[2].id)
    assert await chat.unread.count(actor, user.id) == 5
    assert await chat.unread.count(actor, jane.require_user().id) == 1


async def test_summaries_name_those_with_anything_unread(
    chat: Chat, actor: Actor, jane: Actor, john: Actor, mallory: Actor
) -> None:
    channels = await _talk(chat, jane, john)
    page = await chat.unread.summaries(actor, PageRequest())
    found = {(each.channel.id, each.user.name): each.count for each in page.items}
    assert found == {(channels[0], "john"): 3, (channels[1], "john"): 5, (channels[1], "jane"): 1}
    assert page.total == 3
    second = await chat.unread.summaries(actor, PageRequest(number=1, size=2))
    assert [each.count for each in second.items] == [page.items[2].count]


async def test_users_are_listed_by_whether_they_have_anything_unread(
    chat: Chat, actor: Actor, jane: Actor, john: Actor, mallory: Actor
) -> None:
    await _talk(chat, jane, john)

    async def names(unread: bool) -> set[str]:
        page = await chat.users.page(actor, PageRequest(), unread=unread)
        assert page.total == len(page.items)
        return {user.name for user in page.items}

    assert await names(True) == {"jane", "john"}
    assert await names(False) == {"mallory"}


async def test_unread_counts_are_private(
    chat: Chat, actor: Actor, jane: Actor, john: Actor
) -> None:
    with pytest.raises(Forbidden):
        await chat.unread.count(jane, john.require_user().id)
    with pytest.raises(Forbidden):
        await chat.unread.summaries(jane, PageRequest())
    with pytest.raises(Invalid):
        await chat.unread.summaries(actor, PageRequest(size=0))
    with pytest.raises(NotFound):
        await chat.unread.count(actor, 2**52)
