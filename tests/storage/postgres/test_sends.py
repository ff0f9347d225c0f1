"""Group commit: mixed batches, two nodes at once, values that poison nothing else."""

import asyncio
from typing import Any

import pytest

from chat.actors import Actor
from chat.channels import Channel, NewChannel
from chat.chat import Chat
from chat.errors import ChatError, Invalid, NotAMember, NotFound
from chat.messages import Draft, Sent
from chat.store import NewMessage, Outcome
from storage.postgres.store import PostgresStore, open_store


@pytest.fixture
async def room(chat: Chat, jane: Actor, john: Actor) -> Channel:
    new = NewChannel(kind="PRIVATE", members=[john.require_user().id])
    return await chat.channels.create(jane, new)


def by(who: Actor, channel_id: int, draft: Draft, *, trusted: bool = False) -> NewMessage:
    author = who.user.author if who.user else None
    return NewMessage(who.application_id, channel_id, author, trusted, draft)


async def submit(store: PostgresStore, messages: list[NewMessage]) -> list[Outcome]:
    """Submit all in one tick of the loop, so in one batch, and wait."""
    outcomes: list[Outcome] = []
    for message in messages:
        store.messages.submit(message, outcomes.append)
    await store.idle()
    return outcomes


async def test_refusals_and_sends_of_one_batch_do_not_mix(
    store: PostgresStore, chat: Chat, jane: Actor, john: Actor, mallory: Actor, room: Channel
) -> None:
    lobby = await chat.channels.create(jane, NewChannel(kind="PUBLIC"))
    # A lane takes the channels whose ids differ by a multiple of its number: use one channel each.
    for channel, refusal in ((room, NotFound), (lobby, NotAMember)):
        outcomes = await submit(
            store,
            [
                by(jane, channel.id, Draft(text="1", client_id="a")),
                by(mallory, channel.id, Draft(text="2")),
                by(jane, channel.id, Draft(text="3", client_id="a")),
                by(mallory, channel.id, Draft(text="4", client_id="b")),
                by(mallory, channel.id, Draft(text="5", client_id="b"), trusted=True),
                by(jane, channel.id, Draft(text="6")),
            ],
        )
        told = [(o.message.text, o.duplicate) if isinstance(o, Sent) else type(o) for o in outcomes]
        assert told == [
            ("1", False),
            refusal,
            ("1", True),
            refusal,
            ("5", False),
            ("6", False),
        ]
        offsets = [o.message.offset for o in outcomes if isinstance(o, Sent) and not o.duplicate]
        assert offsets == [channel.head + 1, channel.head + 2, channel.head + 3]


async def test_a_value_that_cannot_be_stored_fails_alone(
    store: PostgresStore, jane: Actor, room: Channel
) -> None:
    drafts = [Draft(text="1"), Draft(text="\x00"), Draft(text="3"), Draft(text="\ud800")]
    outcomes = await submit(store, [by(jane, room.id, draft) for draft in drafts])
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [Sent, Invalid, Sent, Invalid]


async def test_two_nodes_on_the_same_channels_take_dense_offsets(
    store: PostgresStore, database_url: str, chat: Chat, jane: Actor, john: Actor, room: Channel
) -> None:
    lobby = await chat.channels.create(
        jane, NewChannel(kind="PUBLIC", members=[john.require_user().id])
    )

    async def talk(node: PostgresStore, who: Actor) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for turn in range(20):
            for channel in (room, lobby):
                draft = Draft(text="x", client_id=str(turn))
                node.messages.submit(by(who, channel.id, draft), outcomes.append)
            if not turn % 5:
                await asyncio.sleep(0)
        await node.idle()
        return outcomes

    async with open_store(database_url, "other", size=4) as other:
        groups = await asyncio.gather(
            talk(store, jane), talk(other, john), talk(other, jane), talk(store, john)
        )
    sent: list[Any] = [outcome for group in groups for outcome in group]
    assert not [outcome for outcome in sent if isinstance(outcome, ChatError)]
    for channel in (room, lobby):
        offsets = {o.message.offset for o in sent if o.message.channel_id == channel.id}
        assert offsets == set(range(channel.head + 1, channel.head + 41))
        firsts = [o for o in sent if o.message.channel_id == channel.id and not o.duplicate]
        assert len(firsts) == 40


async def test_a_deleted_channel_takes_nothing(
    store: PostgresStore, chat: Chat, jane: Actor, room: Channel
) -> None:
    await chat.channels.delete(jane, room.id)
    [outcome] = await submit(store, [by(jane, room.id, Draft(text="x"))])
    assert isinstance(outcome, NotFound)
