"""Receipts: who has read a message, since when, and who is told of it."""

import pytest

from chat.actors import Actor
from chat.channels import Channel, NewChannel
from chat.chat import Chat
from chat.errors import Invalid, NotFound
from chat.events import ReadAdvanced
from chat.messages import Draft
from chat.pages import PageRequest
from tests.conftest import RecordingBroker


@pytest.fixture
async def room(chat: Chat, jane: Actor, john: Actor) -> Channel:
    members = [john.require_user().id]
    return await chat.channels.create(jane, NewChannel(kind="PRIVATE", members=members))


async def test_a_message_is_read_by_whoever_has_read_up_to_it_and_not_by_its_author(
    chat: Chat, actor: Actor, jane: Actor, john: Actor, mallory: Actor, room: Channel
) -> None:
    first, second, third = [
        (await chat.messages.send(jane, room.id, Draft(text=text))).message for text in "abc"
    ]

    async def readers(message_id: int) -> list[str]:
        page = await chat.messages.receipts(actor, message_id, PageRequest())
        assert page.total == len(page.items)
        return [user.name for user, _ in page.items]

    await chat.messages.read(john, room.id, second.offset)
    await chat.messages.read(jane, room.id, third.offset)
    assert [await readers(each.id) for each in (first, second, third)] == [["john"], ["john"], []]
    [(_, before)] = (await chat.messages.receipts(jane, first.id, PageRequest())).items
    await chat.messages.read(john, room.id, third.offset)
    assert await readers(third.id) == ["john"]
    [(_, still)] = (await chat.messages.receipts(jane, first.id, PageRequest())).items
    assert still == before
    with pytest.raises(NotFound):
        await chat.messages.receipts(mallory, first.id, PageRequest())
    with pytest.raises(Invalid):
        await chat.messages.receipts(jane, first.id, PageRequest(sort=(("name", False),)))


async def test_only_an_advance_is_told(
    chat: Chat, jane: Actor, john: Actor, room: Channel, broker: RecordingBroker
) -> None:
    sent = (await chat.messages.send(jane, room.id, Draft(text="a"))).message
    for up_to in (sent.offset, sent.offset, 1):
        await chat.messages.read(john, room.id, up_to)
    author = john.require_user().author
    assert broker.of(ReadAdvanced) == [ReadAdvanced(room.id, author, sent.offset)]
    for bad in (-1, 2**53):
        with pytest.raises(Invalid):
            await chat.messages.read(john, room.id, bad)
