"""Events read back: dense, as things are now, and grouped without one reader noticing another."""

import asyncio
import random
from typing import Any

import pytest

from chat.actors import Actor
from chat.channels import Channel, ChannelChanges, NewChannel
from chat.chat import Chat
from chat.errors import Unavailable
from chat.events import (
    ChannelCreated,
    ChannelDeleted,
    DurableEvent,
    MemberJoined,
    MessageDeleted,
    MessageEdited,
    MessageSent,
)
from chat.messages import Draft
from storage.postgres.database import Database, open_pool
from storage.postgres.events import MOST, Events
from storage.postgres.store import PostgresStore
from tests.conftest import RecordingBroker


class Counting(Database):
    """A database that counts the statements it is asked for rows with."""

    statements = 0

    async def rows(self, sql: str, *values: Any) -> list[Any]:
        self.statements += 1
        return await super().rows(sql, *values)


@pytest.fixture
async def room(chat: Chat, jane: Actor, john: Actor) -> Channel:
    """A public channel in which everything has happened that is recorded."""
    members = [john.require_user().id]
    made = await chat.channels.create(jane, NewChannel(kind="PUBLIC", members=members))
    sent = [
        (await chat.messages.send(jane, made.id, Draft(text=str(n), client_id=str(n)))).message
        for n in range(12)
    ]
    await chat.messages.edit(jane, made.id, sent[1].id, text="edited")
    await chat.messages.react(john, made.id, sent[2].id, "+1")
    await chat.messages.unreact(john, made.id, sent[2].id, "+1")
    await chat.messages.delete(jane, made.id, sent[3].id)
    await chat.members.leave(john, made.id)
    await chat.members.join(john, made.id)
    await chat.channels.update(jane, made.id, ChannelChanges(display_name="Room"))
    for n in range(3):
        await chat.messages.send(john, made.id, Draft(text=str(n)))
    return await chat.channels.get(jane, made.id)


async def read(
    store: PostgresStore, room: Channel, after: int, limit: int = 500
) -> list[DurableEvent]:
    found = await store.channels.read_events(room.id, after, limit)
    assert found is not None
    return list(found)


async def test_what_is_read_has_no_holes_from_wherever_it_is_read(
    store: PostgresStore, room: Channel
) -> None:
    for after in range(room.head + 1):
        for limit in (1, 3, 500):
            offsets = [event.offset for event in await read(store, room, after, limit)]
            assert offsets == list(range(after + 1, min(after + limit, room.head) + 1))


async def test_what_is_read_is_what_was_told_with_messages_as_they_are_now(
    store: PostgresStore, room: Channel, broker: RecordingBroker
) -> None:
    first, *past = await read(store, room, 0)
    assert isinstance(first, ChannelCreated)
    told: list[DurableEvent] = [each for each in broker.events if isinstance(each, DurableEvent)]
    assert [type(event) for event in past] == [type(event) for event in told]
    now = {event.message.id: event.message for event in told if isinstance(event, MessageSent)}
    for each in told:
        if isinstance(each, MessageEdited | MessageDeleted):
            now[each.message.id] = each.message
    for event, was in zip(past, told, strict=True):
        if isinstance(event, MessageSent | MessageEdited | MessageDeleted):
            assert event.message == now[event.message.id]
        elif isinstance(was, MemberJoined):
            assert event == was
        assert event.offset == was.offset


@pytest.mark.parametrize("behind", [0, 1])
async def test_positions_ahead_of_the_head_or_below_the_floor_are_not_served(
    store: PostgresStore, room: Channel, connection: Any, behind: int
) -> None:
    await connection.execute("UPDATE channels SET floor = 5 WHERE id = $1", room.id)
    assert await store.channels.read_events(room.id, room.head, 500) == []
    assert await store.channels.read_events(room.id, room.head + 1 + behind, 500) is None
    assert await store.channels.read_events(room.id, 4 - behind, 500) is None
    assert len(await read(store, room, 5)) == room.head - 5
    assert await store.channels.read_events(2**50 + behind, 0, 500) is None


async def test_a_deleted_channel_is_read_to_its_end(
    store: PostgresStore, chat: Chat, jane: Actor, room: Channel
) -> None:
    await chat.channels.delete(jane, room.id)
    [last] = await read(store, room, room.head)
    assert last == ChannelDeleted(room.id, room.head + 1)


async def test_reads_at_the_same_time_share_statements_and_each_gets_his_own(
    database_url: str, store: PostgresStore, chat: Chat, jane: Actor, room: Channel
) -> None:
    other = await chat.channels.create(jane, NewChannel(kind="PUBLIC"))
    await chat.messages.send(jane, other.id, Draft(text="other"))
    chance = random.Random(1)
    wanted = [
        (channel.id, chance.randint(0, channel.head + 2), chance.choice((1, 4, 500)))
        for channel in chance.choices((room, other), k=MOST)
    ]
    alone = [await store.channels.read_events(*each) for each in wanted]
    pool = await open_pool(database_url, size=2)
    database = Counting(pool)
    events = Events(database)
    assert await asyncio.gather(*(events.read(*each) for each in wanted)) == alone
    assert None in alone
    assert database.statements <= 4
    await asyncio.gather(*(events.read(room.id, 0, 500) for _ in range(3 * MOST)))
    assert database.statements <= 4 * 4
    pool.terminate()


async def test_who_gives_up_waiting_takes_nobody_with_him(
    store: PostgresStore, room: Channel
) -> None:
    events = Events(store._database)
    reads = [asyncio.ensure_future(events.read(room.id, 0, 500)) for _ in range(3)]
    await asyncio.sleep(0)
    reads[1].cancel()
    first, _, last = await asyncio.gather(*reads, return_exceptions=True)
    assert first == last == await store.channels.read_events(room.id, 0, 500)


async def test_everybody_who_waits_is_told_that_the_database_is_away(database_url: str) -> None:
    pool = await open_pool(database_url, size=2)
    await pool.close()
    events = Events(Database(pool))
    outcomes = await asyncio.gather(
        *(events.read(1, n, 500) for n in range(3)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3
