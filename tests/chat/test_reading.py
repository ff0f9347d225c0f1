"""Unread counts: whatever happens in whatever order, they are what one would count by hand."""

import random

import pytest

from chat.actors import Actor
from chat.channels import NewChannel
from chat.chat import Chat
from chat.messages import Draft, Message


@pytest.mark.parametrize("seed", range(8))
async def test_unread_is_what_one_would_count(
    chat: Chat, actor: Actor, jane: Actor, john: Actor, mallory: Actor, seed: int
) -> None:
    chance = random.Random(seed)
    people = [jane, john, mallory]
    members = [person.require_user().id for person in people]
    room = await chat.channels.create(actor, NewChannel(kind="PUBLIC", members=members))
    marks = dict.fromkeys(members, room.head)
    for step in range(40):
        who = chance.choice(people)
        me = who.require_user().id
        history = await chat.messages.history(actor, room.id, limit=200)
        match chance.choice(["send", "send", "send", "system", "delete", "read", "rejoin"]):
            case "send":
                await chat.messages.send(who, room.id, Draft(text=str(step)))
            case "system":
                await chat.messages.send(actor, room.id, Draft(text=str(step)))
            case "delete" if history:
                await chat.messages.delete(actor, room.id, chance.choice(history).id)
            case "read" if history:
                up_to = chance.choice(history).offset + chance.randrange(-1, 2)
                read, _ = await chat.messages.read(who, room.id, up_to)
                head = (await chat.channels.get(who, room.id)).head
                marks[me] = max(marks[me], min(up_to, head))
                assert read == marks[me]
            case "rejoin":
                await chat.members.leave(who, room.id)
                marks[me] = (await chat.channels.get(actor, room.id)).head
                await chat.members.join(who, room.id)
        left = await chat.messages.history(actor, room.id, limit=200)
        for person in people:
            place = await chat.channels.place(person, room.id)
            assert place.unread == by_hand(person, left, marks), (step, person.require_user().name)


def by_hand(person: Actor, history: list[Message], marks: dict[int, int]) -> int:
    me = person.require_user().id
    return sum(
        message.offset > marks[me]
        and message.deleted is None
        and (message.sender is None or message.sender.id != me)
        for message in history
    )
