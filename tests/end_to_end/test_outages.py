"""Redis or PostgreSQL away while the nodes stay up: nothing is lost, nothing is pretended."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from server.embedded.postgres import Postgres
from server.embedded.valkey import Valkey

from .outages import away, commands_to, servers_of_our_own
from .peers import Peer, Refused, hear_each_other, peer_of
from .people import Backend, Person, backend_of
from .serving import Serving, serving

POLLING_SECONDS = 2.0
DEADLINE_SECONDS = 20.0


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Postgres, Valkey]]:
    with servers_of_our_own(tmp_path_factory.mktemp("elsewhere") / "data") as servers:
        yield servers


@pytest.fixture
def postgres(elsewhere: tuple[Postgres, Valkey]) -> Postgres:
    return elsewhere[0]


@pytest.fixture
def valkey(elsewhere: tuple[Postgres, Valkey]) -> Valkey:
    return elsewhere[1]


@pytest.fixture(scope="module")
async def server(
    elsewhere: tuple[Postgres, Valkey], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Serving]:
    """A server of this module's own, over servers that can be taken away."""
    postgres, valkey = elsewhere
    settings = {"database_url": postgres.url, "redis_url": valkey.url, "drain_seconds": 1}
    data = tmp_path_factory.mktemp("outages") / "data"
    async with serving(data, "--workers", "2", **settings) as server:
        yield server


@pytest.fixture(scope="module")
async def backend(server: Serving) -> AsyncIterator[Backend]:
    async with backend_of(server) as backend:
        yield backend


@pytest.fixture
async def two(
    server: Serving, jane: Person, john: Person, room: int
) -> AsyncIterator[tuple[Peer, Peer]]:
    """Jane and john, on different nodes."""
    async with (
        peer_of(server.url, jane.token) as here,
        peer_of(server.url, john.token, away_from=here.node) as there,
    ):
        yield here, there


async def until_readiness(server: Serving, *statuses: int) -> None:
    """Ask until so many answers in a row, of whichever node, have these statuses."""
    async with (
        httpx.AsyncClient(
            base_url=server.url,
            limits=httpx.Limits(max_keepalive_connections=0),
            trust_env=False,
        ) as http,
        asyncio.timeout(DEADLINE_SECONDS),
    ):
        in_a_row = 0
        while in_a_row < 10:
            answer = await http.get("/ready")
            in_a_row = in_a_row + 1 if answer.status_code in statuses else 0


@pytest.mark.parametrize("kind", ["pubsub", "normal"])
async def test_a_lost_connection_to_redis_is_repaired_and_nothing_is_missed(
    server: Serving, valkey: Valkey, room: int, two: tuple[Peer, Peer], kind: str
) -> None:
    here, there = two
    head = here.welcome["channels"][0]["head"]
    async with commands_to(valkey) as commands:
        for n in range(20):
            await commands.execute_command("CLIENT", "KILL", "TYPE", kind)
            await here.send(room, f"text {n}")
            await there.hears_text(f"text {n}", POLLING_SECONDS)
    await hear_each_other(two, room, "after")
    assert there.offsets(room) == list(range(head + 1, head + 21))


async def test_a_subscription_that_went_deaf_is_noticed_and_repaired(
    server: Serving, valkey: Valkey, room: int, two: tuple[Peer, Peer]
) -> None:
    here, there = two
    head = here.welcome["channels"][0]["head"]
    async with commands_to(valkey) as commands:
        await commands.execute_command("CLIENT", "PAUSE", "8000", "ALL")
        await here.send(room, "while deaf")
        await until_readiness(server, 503)
        await there.hears_text("while deaf", POLLING_SECONDS)
        await until_readiness(server, 200)
    await hear_each_other(two, room, "after")
    await here.send(room, "heard")
    await there.hears_text("heard")
    assert there.offsets(room) == [head + 1, head + 2]


async def test_without_redis_messages_are_stored_and_reach_the_other_node_by_polling(
    server: Serving, valkey: Valkey, room: int, two: tuple[Peer, Peer]
) -> None:
    here, there = two
    head = here.welcome["channels"][0]["head"]
    await hear_each_other(two, room, "before")
    with away(valkey):
        for n in range(3):
            sent = await here.send(room, f"without {n}")
            await here.hears_text(f"without {n}")
            push = await there.hears_text(f"without {n}", POLLING_SECONDS)
            assert push["message"] == sent
        await until_readiness(server, 503)
        await here.send(room, "meanwhile")
    await until_readiness(server, 200)
    await there.hears_text("meanwhile")
    await hear_each_other(two, room, "after")
    await there.send(room, "afterwards")
    await here.hears_text("afterwards")
    for ear in two:
        assert ear.offsets(room) == list(range(head + 1, head + 6))


async def test_what_happened_to_a_user_without_redis_is_made_up_for(
    server: Serving,
    backend: Backend,
    valkey: Valkey,
    jane: Person,
    john: Person,
    room: int,
    two: tuple[Peer, Peer],
) -> None:
    here, there = two
    async with peer_of(server.url, jane.token, node=there.node) as beside:
        with away(valkey):
            await backend.call("DELETE", f"/users/{john.id}/tokens/{john.token_id}")
            assert await there.until_closed(POLLING_SECONDS) == 4003
            other = await backend.room(jane)
            await backend.call("DELETE", f"/channels/{room}/members/{jane.id}")
            for ear in (here, beside):
                await ear.hears("member.left", POLLING_SECONDS, channel=room)
        for ear in (here, beside):
            await ear.hears("channel.created", channel=other)


async def test_without_postgresql_sends_are_refused_for_now_and_sockets_stay_up(
    server: Serving, postgres: Postgres, room: int, two: tuple[Peer, Peer]
) -> None:
    here, there = two
    head = here.welcome["channels"][0]["head"]
    await here.send(room, "before")
    with away(postgres):
        for peer in two:
            with pytest.raises(Refused) as refusal:
                await peer.send(room, "while away", client_id=f"{peer.node} again")
            assert refusal.value.code == "unavailable"
            assert refusal.value.retry_after is not None
        await until_readiness(server, 503)
        await hear_each_other(two, room, "meanwhile")
    for peer in two:
        await _send_again(peer, room, f"{peer.node} again")
    await until_readiness(server, 200)
    for ear in two:
        await ear.until(lambda _, ear=ear: len(ear.texts(room)) == 3)
        assert ear.texts(room) == ["before", "while away", "while away"]
        assert ear.offsets(room) == [head + 1, head + 2, head + 3]
        assert not ear.closed.done()
    history = await there.ask("history", channel=room)
    assert [message["offset"] for message in history["messages"]] == there.offsets(room)


async def _send_again(peer: Peer, room: int, client_id: str) -> None:
    """Do as a refusal says: try again after the time it gives."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            try:
                await peer.send(room, "while away", client_id=client_id)
                return
            except Refused as refusal:
                if refusal.retry_after is None:
                    raise
                await asyncio.sleep(refusal.retry_after)
