"""Bucket: so many at once, so many per second, and an honest answer to when there is more."""

import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.actors import Actor
from chat.chat import Chat
from server.realtime.limits import Bucket
from server.settings import Settings
from tests.server.realtime.conftest import Connect, running, token_of


def test_four_seconds_worth_may_come_at_once_and_no_more() -> None:
    bucket = Bucket(5.0, now=0.0)
    assert [bucket.take(0.0) for _ in range(20)] == [0.0] * 20
    assert bucket.take(0.0) > 0


def test_a_long_silence_saves_up_no_more_than_that() -> None:
    bucket = Bucket(5.0, now=0.0)
    taken = 0
    while not bucket.take(1000.0):
        taken += 1
    assert taken == 20


@given(rate=st.floats(0.5, 1000), asked=st.integers(1, 200))
def test_whoever_waits_as_long_as_he_was_told_is_served(rate: float, asked: int) -> None:
    bucket = Bucket(rate, now=0.0)
    waits = [bucket.take(0.0) for _ in range(int(4 * rate) + asked)]
    assert waits[-1] > 0
    assert bucket.take(waits[-1] + 1e-6) == 0.0


def test_whoever_goes_on_asking_waits_longer() -> None:
    bucket = Bucket(2.0, now=0.0)
    waits = [bucket.take(0.0) for _ in range(12)]
    assert waits[8:] == [1.0, 1.5, 2.0, 2.5]


@pytest.mark.parametrize("now", [0.0, 1.0, 1e9])
def test_a_rate_of_nothing_serves_nothing(now: float) -> None:
    assert Bucket(0.0, now=0.0).take(now) > 0


async def test_a_hello_refused_for_its_haste_is_welcome_when_its_time_has_come(
    settings: Settings, chat: Chat, dial: Connect, jane: Actor
) -> None:
    async with running(msgspec.structs.replace(settings, commands_per_second=10.0)) as node:
        peer = await dial(node.socket)
        hello = {"token": await token_of(chat, jane)}
        hasty = [*(peer.ask("ping") for _ in range(41)), peer.ask("hello", **hello)]
        *others, refusal = await asyncio.gather(*hasty)
        assert {answer["code"] for answer in others} == {"unauthorized"}
        assert refusal["code"] == "rate_limited"
        # What is told is a time, and the only way to see that it is right is to wait for it.
        await asyncio.sleep(refusal["retry_after"])
        assert (await peer.do("hello", **hello))["user"]["name"] == "jane"
        await peer.leave()
