"""RedisBroker over a real Valkey: two nodes, outages, and what is repaired after them."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import redis.asyncio as redis

from chat.events import CustomEvent, Event, HeadMoved, MemberLeft
from chat.users import Author
from storage.redis.broker import RedisBroker

JOHN = Author(1, "john", "John")


class Station:
    """A node as its broker sees it: what it heard, and how often it was asked to repair."""

    def __init__(self, url: str) -> None:
        self.heard: list[Event] = []
        self.repairs = 0
        self._news = asyncio.Event()
        self.broker = RedisBroker(url, secrets.token_hex(8), self._hear, self._repair)

    def _hear(self, event: Event) -> None:
        self.heard.append(event)
        self._news.set()

    def _repair(self) -> None:
        self.repairs += 1
        self._news.set()

    async def heard_of(self, count: int) -> list[Event]:
        return await self._until(lambda: len(self.heard) >= count)

    async def repaired(self, times: int) -> None:
        await self._until(lambda: self.repairs >= times)

    async def _until(self, is_so: Callable[[], bool]) -> list[Event]:
        async with asyncio.timeout(5):
            while not is_so():
                self._news.clear()
                await self._news.wait()
        return self.heard


@asynccontextmanager
async def station(url: str) -> AsyncIterator[Station]:
    it = Station(url)
    running = asyncio.create_task(it.broker.run())
    async with asyncio.timeout(5):
        await it.broker.first_connected.wait()
    try:
        yield it
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def pair(redis_url: str) -> AsyncIterator[tuple[Station, Station]]:
    async with station(redis_url) as first, station(redis_url) as second:
        yield first, second


def event(channel_id: int, number: int) -> CustomEvent:
    return CustomEvent(channel_id, JOHN, "n", {"number": number, "large": 2**100})


def channel() -> int:
    return 1 + secrets.randbelow(2**50)


async def test_events_reach_the_other_node_in_order_and_come_back_to_nobody(
    pair: tuple[Station, Station],
) -> None:
    here, there = pair
    number = channel()
    for each in pair:
        await each.broker.subscribe([f"channel:{number}"])
    sent = [event(number, n) for n in range(200)]
    for one in sent:
        here.broker.publish(one)
    assert await there.heard_of(200) == sent
    there.broker.publish(event(number, 200))
    await here.heard_of(201)
    assert here.heard == [*sent, event(number, 200)]


async def test_a_subscription_is_in_force_when_it_returns_and_until_it_is_given_up(
    pair: tuple[Station, Station],
) -> None:
    here, there = pair
    kept, left = channel(), channel()
    await there.broker.subscribe([f"channel:{kept}", f"channel:{left}"])
    here.broker.publish(event(left, 1))
    await there.heard_of(1)
    await there.broker.unsubscribe([f"channel:{left}"])
    here.broker.publish(event(left, 2))
    here.broker.publish(event(kept, 3))
    assert (await there.heard_of(2))[1:] == [event(kept, 3)]


async def test_a_cut_line_is_opened_again_and_repaired(
    pair: tuple[Station, Station], redis_url: str
) -> None:
    here, there = pair
    number = channel()
    await there.broker.subscribe([f"channel:{number}"])
    before = (here.repairs, there.repairs)
    async with redis.Redis.from_url(redis_url) as client:
        for kind in ("pubsub", "normal"):
            await client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
    await there.repaired(before[1] + 1)
    await here.repaired(before[0] + 1)
    here.broker.publish(event(number, 8))
    assert await there.heard_of(1) == [event(number, 8)]


async def test_what_was_durable_and_not_told_is_hinted_at_when_redis_is_back(
    redis_url: str,
) -> None:
    number = channel()
    cut_off = Station(redis_url)
    for offset in (7, 6):
        cut_off.broker.publish(MemberLeft(number, offset, JOHN))
    cut_off.broker.publish(event(number, 1))
    async with station(redis_url) as there:
        await there.broker.subscribe([f"channel:{number}"])
        running = asyncio.create_task(cut_off.broker.run())
        assert await there.heard_of(1) == [HeadMoved(number, 7)]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_what_cannot_be_read_is_repaired_and_breaks_nothing(
    pair: tuple[Station, Station], redis_url: str
) -> None:
    here, there = pair
    number = channel()
    await there.broker.subscribe([f"channel:{number}"])
    before = there.repairs
    async with redis.Redis.from_url(redis_url) as client:
        for payload in (b"", b"x" * 16 + b"garbage", b"x" * 16 + b'[{"t":"of the future"}]'):
            await client.publish(f"channel:{number}", payload)
    await there.repaired(before + 3)
    here.broker.publish(event(number, 1))
    await there.heard_of(1)
    assert there.broker.connected
