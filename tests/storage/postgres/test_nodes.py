"""Nodes: what a dead one left behind is cleared up once, and nothing of the living."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from chat.actors import Actor
from chat.channels import NewChannel
from chat.chat import Chat
from chat.pages import PageRequest
from storage.postgres.store import PostgresStore, open_store
from tests.conftest import RecordingBroker


@pytest.fixture
async def store(own_database_url: str) -> AsyncIterator[PostgresStore]:
    """The node that goes on."""
    async with open_store(own_database_url, "living", size=4) as store:
        await store.nodes.register()
        yield store


@pytest.fixture
async def dying(own_database_url: str) -> AsyncIterator[PostgresStore]:
    """The node that falls silent."""
    async with open_store(own_database_url, "dying", size=4) as store:
        await store.nodes.register()
        yield store


@pytest.fixture
async def direct(own_database_url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection: asyncpg.Connection[Any] = await asyncpg.connect(own_database_url)
    yield connection
    await connection.close()


async def fall_silent(direct: "asyncpg.Connection[Any]") -> None:
    await direct.execute(
        "UPDATE nodes SET heartbeat = now() - interval '9 seconds' WHERE id = 'dying'"
    )


async def arrive(store: PostgresStore, person: Actor) -> int:
    opening, _ = await store.sessions.open(person.require_user(), None)
    return opening.session_id


async def active(store: PostgresStore, actor: Actor) -> list[int]:
    page = await store.sessions.list_user_sessions(actor.application_id, PageRequest(), "ACTIVE")
    return [session.id for session in page.items]


async def test_a_node_is_registered_once_and_beats_until_it_leaves(
    store: PostgresStore, direct: "asyncpg.Connection[Any]"
) -> None:
    await store.nodes.register()
    assert await direct.fetchval("SELECT count(*) FROM nodes") == 1
    before = await direct.fetchval("SELECT heartbeat FROM nodes")
    assert await store.nodes.beat()
    assert await direct.fetchval("SELECT heartbeat FROM nodes") > before
    await store.nodes.leave()
    assert not await store.nodes.beat()
    assert await direct.fetchval("SELECT count(*) FROM nodes") == 0


async def test_sessions_of_a_node_that_left_are_ended_and_no_others(
    store: PostgresStore, dying: PostgresStore, actor: Actor, jane: Actor, john: Actor
) -> None:
    stays, _ = await arrive(store, jane), await arrive(dying, john)
    assert await store.nodes.sweep(None) == []
    await dying.nodes.leave()
    assert await store.nodes.sweep(None) == [john.user_id]
    assert await store.nodes.sweep(None) == []
    assert await active(store, actor) == [stays]


async def test_the_channels_that_were_open_there_are_closed(
    store: PostgresStore, dying: PostgresStore, chat: Chat, actor: Actor, jane: Actor
) -> None:
    room = await chat.channels.create(jane, NewChannel(kind="PUBLIC"))
    session = await arrive(dying, jane)
    await dying.sessions.view(session, jane.require_user(), [room.id])
    assert (await chat.members.participants(actor, room.id, PageRequest())).total == 1
    await dying.nodes.leave()
    await store.nodes.sweep(None)
    assert (await chat.members.participants(actor, room.id, PageRequest())).total == 0


async def test_the_silent_are_buried_when_that_is_asked_for(
    store: PostgresStore,
    dying: PostgresStore,
    jane: Actor,
    john: Actor,
    direct: "asyncpg.Connection[Any]",
) -> None:
    await arrive(store, jane)
    await arrive(dying, john)
    await fall_silent(direct)
    assert await store.nodes.sweep(None) == []
    assert await store.nodes.sweep(10.0) == []
    assert await store.nodes.sweep(8.0) == [john.user_id]
    assert not await dying.nodes.beat()


async def test_two_that_bury_at_once_end_each_session_once(
    store: PostgresStore, dying: PostgresStore, jane: Actor, direct: "asyncpg.Connection[Any]"
) -> None:
    for _ in range(5):
        await arrive(dying, jane)
    await fall_silent(direct)
    swept = await asyncio.gather(*(store.nodes.sweep(8.0) for _ in range(4)))
    assert sorted(swept) == [[], [], [], [jane.user_id]]


async def test_a_node_declared_dead_too_early_takes_up_the_sessions_it_still_has(
    store: PostgresStore,
    dying: PostgresStore,
    chat: Chat,
    actor: Actor,
    jane: Actor,
    john: Actor,
    broker: RecordingBroker,
) -> None:
    here, gone = await arrive(dying, jane), await arrive(dying, john)
    await dying.nodes.leave()
    both = await store.nodes.sweep(None)
    assert [user.name for user in await store.sessions.settle(both)] == ["jane", "john"]
    await dying.nodes.revive([here])
    assert await dying.nodes.beat()
    assert await active(store, actor) == [here]
    await store.sessions.end([gone])
    [back] = await store.sessions.settle(both)
    assert (back.name, back.online) == ("jane", True)
    assert await store.sessions.settle(both) == []
    assert await store.nodes.sweep(8.0) == []
