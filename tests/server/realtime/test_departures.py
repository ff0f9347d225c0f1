"""Departures: who comes back in time was never away, and what cannot be recorded waits."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import pytest

from chat.actors import Actor
from chat.channels import NewChannel
from chat.chat import Chat
from chat.errors import Unavailable
from chat.events import Event, PresenceChanged
from chat.pages import PageRequest
from server.realtime.departures import Departures
from storage.postgres.store import PostgresStore, open_store

PATIENCE_SECONDS = 5.0


class Notices:
    """A broker that keeps who was told to have come and gone."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bool]] = []
        self._news = asyncio.Event()

    def publish(self, event: Event) -> None:
        if isinstance(event, PresenceChanged):
            self.told.append((event.user.name, event.online))
            self._news.set()

    async def until(self, notice: tuple[str, bool]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while notice not in self.told:
                self._news.clear()
                await self._news.wait()


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[PostgresStore]:
    """The store of a node that has just begun, which nobody takes for dead during a test."""
    async with open_store(database_url, secrets.token_hex(8), size=4) as store:
        await store.nodes.register()
        yield store


@pytest.fixture
def notices() -> Notices:
    return Notices()


@pytest.fixture
def chat(store: PostgresStore, notices: Notices) -> Chat:
    return Chat(store, notices)


@pytest.fixture
async def room(chat: Chat, jane: Actor, john: Actor) -> None:
    """A place where jane and john hear of one another."""
    await chat.channels.create(jane, NewChannel(kind="DIRECT", members=[john.require_user().id]))


@asynccontextmanager
async def running(departures: Departures) -> AsyncIterator[None]:
    task = asyncio.create_task(departures.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def arrive(chat: Chat, person: Actor) -> int:
    return (await chat.presence.open(person, None)).session_id


async def active(chat: Chat, person: Actor) -> list[int]:
    application = Actor(application_id=person.application_id)
    page = await chat.presence.list_user_sessions(application, PageRequest(), "ACTIVE")
    return [session.id for session in page.items if session.user.id == person.user_id]


@pytest.mark.usefixtures("room")
async def test_who_comes_back_in_time_was_never_away(
    chat: Chat, jane: Actor, john: Actor, notices: Notices
) -> None:
    first, other = await arrive(chat, jane), await arrive(chat, john)
    departures = Departures(chat, grace_seconds=0.1)
    async with running(departures):
        departures.add(first, jane.require_user().id)
        second = await arrive(chat, jane)
        departures.add(other, john.require_user().id)
        await notices.until(("john", False))
    assert notices.told == [("jane", True), ("john", True), ("john", False)]
    assert await active(chat, jane) == [second]


@pytest.mark.usefixtures("room")
async def test_who_has_another_session_anywhere_is_still_here(
    chat: Chat, database_url: str, jane: Actor, john: Actor, notices: Notices
) -> None:
    here = await arrive(chat, jane)
    async with open_store(database_url, secrets.token_hex(8), size=2) as elsewhere:
        await elsewhere.nodes.register()
        there = await arrive(Chat(elsewhere, notices), jane)
    gone = await arrive(chat, john)
    departures = Departures(chat, grace_seconds=0.0)
    async with running(departures):
        departures.add(here, jane.require_user().id)
        departures.add(gone, john.require_user().id)
        await notices.until(("john", False))
        assert ("jane", False) not in notices.told
        departures.add(there, jane.require_user().id)
        await notices.until(("jane", False))


@pytest.mark.usefixtures("room")
async def test_the_dead_of_another_node_are_settled_without_a_grace(
    chat: Chat, jane: Actor, notices: Notices
) -> None:
    await chat.presence.end([await arrive(chat, jane)])
    departures = Departures(chat, grace_seconds=3600.0)
    async with running(departures):
        departures.settle_later(jane.require_user().id)
        departures.settle_later(jane.require_user().id, at_once=True)
        await notices.until(("jane", False))


async def test_sessions_are_ended_once_and_together(chat: Chat, jane: Actor) -> None:
    departures = Departures(chat, grace_seconds=3600.0)
    sessions = [await arrive(chat, jane) for _ in range(3)]
    for session in sessions[:2]:
        departures.add(session, jane.require_user().id)
    await departures.record()
    assert await active(chat, jane) == sessions[2:]
    await departures.record()
    assert await active(chat, jane) == sessions[2:]


async def fail_over(store: PostgresStore, *, over: bool) -> None:
    """Have the database refuse what this store writes until the fail-over is over."""
    pool: asyncpg.Pool[Any] = store._database._source  # type: ignore[assignment]
    async with AsyncExitStack() as stack:
        for _ in range(2):
            connection = await stack.enter_async_context(pool.acquire())
            await connection.execute(f"SET default_transaction_read_only = {not over}")


@pytest.mark.usefixtures("room")
async def test_what_cannot_be_recorded_now_is_recorded_later(
    database_url: str, jane: Actor, notices: Notices
) -> None:
    async with open_store(database_url, secrets.token_hex(8), size=2) as store:
        await store.nodes.register()
        chat = Chat(store, notices)
        session = await arrive(chat, jane)
        departures = Departures(chat, grace_seconds=0.0)
        departures.add(session, jane.require_user().id)
        await fail_over(store, over=False)
        with pytest.raises(Unavailable):
            await departures.record()
        async with running(departures):
            await fail_over(store, over=True)
            await notices.until(("jane", False))
        assert await active(chat, jane) == []
