"""Upkeep: who may declare others dead, and how a node that was declared so comes back."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest

from chat.actors import Actor
from chat.channels import Channel
from server.node import open_realtime
from server.realtime import upkeep
from server.realtime.upkeep import BEAT_SECONDS, EXPIRY_SECONDS
from server.settings import Settings
from storage.postgres.store import open_store
from tests.server.realtime.conftest import Enter, Node, running


@pytest.fixture
def alone(settings: Settings, own_database_url: str) -> Settings:
    """For nodes that nobody else takes for dead."""
    return msgspec.structs.replace(settings, database_url=own_database_url)


@pytest.fixture
async def node(alone: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Node]:
    """A node whose heart beats when it is told to."""
    monkeypatch.setattr(upkeep, "BEAT_SECONDS", 3600.0)
    async with running(alone) as node:
        yield node


async def test_people_told_offline_by_mistake_are_told_online_again(
    node: Node, own_database_url: str, enter: Enter, jane: Actor, john: Actor, room: Channel
) -> None:
    peer, other = await enter(jane), await enter(john)
    await node.realtime.store.nodes.leave()
    async with open_store(own_database_url, "another", size=2) as another:
        assert await another.nodes.sweep(None) == sorted([jane.user_id or 0, john.user_id or 0])
    node.realtime.departures.settle_later(jane.require_user().id, at_once=True)
    push = await other.told("presence", channel=room.id, online=False)
    assert push["user"]["name"] == "jane"
    await node.upkeep._beat()
    push = await other.told("presence", channel=room.id, online=True)
    assert push["user"]["name"] == "jane"
    await peer.leave()
    push = await other.told("presence", channel=room.id, online=False)
    assert push["user"]["name"] == "jane"


async def test_only_a_node_whose_own_heart_has_beaten_long_enough_declares_others_dead(
    alone: Settings,
) -> None:
    connection: asyncpg.Connection[Any] = await asyncpg.connect(alone.database_url)
    await connection.execute("INSERT INTO nodes VALUES ('silent', now(), now() - interval '1 min')")

    async def known() -> bool:
        return bool(await connection.fetchval("SELECT count(*) FROM nodes WHERE id = 'silent'"))

    async with open_realtime(alone, "beating") as (realtime, keeper):
        await keeper._sweep()
        assert await known()
        for _ in range(int(EXPIRY_SECONDS / BEAT_SECONDS)):
            await keeper._beat()
            await keeper._sweep()
            assert await known()
        await realtime.store.nodes.leave()
        for _ in range(int(EXPIRY_SECONDS / BEAT_SECONDS) + 1):
            await keeper._beat()
            await keeper._sweep()
            assert await known()
        await keeper._beat()
        await keeper._sweep()
        assert not await known()
    await connection.close()
