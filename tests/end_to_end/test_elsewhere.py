"""PostgreSQL and Redis of the operator's own, named by settings; and settings that are no good."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio as redis

from server.embedded.postgres import Postgres
from server.embedded.valkey import Valkey

from .outages import (
    TLS,
    relayed_over_tls,
    servers_of_our_own,
    until_it_answers,
    valkey_cluster,
    valkey_on_tcp,
)
from .peers import hear_each_other, peer_of
from .people import backend_of
from .serving import serving, start

NOWHERE = "127.0.0.1:9"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Postgres, Valkey]]:
    with servers_of_our_own(tmp_path_factory.mktemp("own") / "data") as servers:
        yield servers


@pytest.fixture(scope="module")
async def database_urls(own: tuple[Postgres, Valkey]) -> Iterator[str]:
    """Addresses of databases that are empty."""
    url = own[0].url
    connection = await asyncpg.connect(url)
    for n in range(4):
        await connection.execute(f"CREATE DATABASE empty{n}")
    await connection.close()
    return (url.replace("/parlance?", f"/empty{n}?") for n in range(4))


async def test_two_machines_that_share_a_database_and_a_cluster_meet(
    tmp_path: Path, database_urls: Iterator[str]
) -> None:
    """Both start at once on an empty database, with two nodes each."""
    async with valkey_cluster(tmp_path) as redis_url, AsyncExitStack() as stack:
        settings = {
            "database_url": next(database_urls),
            "redis_url": redis_url,
            "presence_grace_seconds": 0.2,
            "drain_seconds": 1,
        }
        servers = [
            stack.enter_async_context(serving(tmp_path / name, "--workers", "2", **settings))
            for name in ("one", "two")
        ]
        here, there = await asyncio.gather(*servers)
        first = here if (here.data / "credentials.json").exists() else there
        backend = await stack.enter_async_context(backend_of(first))
        jane, john = await backend.person("jane"), await backend.person("john")
        room = await backend.room(jane, john)
        async with (
            peer_of(here.url, jane.token) as one,
            peer_of(here.url, jane.token, away_from=one.node) as beside,
            peer_of(there.url, john.token) as other,
        ):
            await one.hears("presence", user={"id": john.id}, online=True)
            for n in range(50):
                await one.send(room, f"from here {n}")
                await other.send(room, f"from there {n}")
            peers = (one, beside, other)
            for ear in peers:
                await ear.until(lambda _, ear=ear: len(ear.texts(room)) == 100)
            assert one.offsets(room) == beside.offsets(room) == other.offsets(room)
            assert one.offsets(room) == list(range(2, 102))
            async with redis.Redis.from_url(redis_url) as commands:
                for n in range(5):
                    await commands.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
                    sent = await one.send(room, f"killed {n}")
                    for ear in peers:
                        await ear.hears("message.created", 2.0, offset=sent["offset"])
            assert other.offsets(room) == list(range(2, 107))
            await hear_each_other((one, other), room, "after")
            new = await backend.room(john)
            await other.hears("channel.created", channel=new)
            await backend.call("DELETE", f"/users/{jane.id}/tokens/{jane.token_id}")
            assert await one.until_closed(1.0) == 4003
            await other.hears("presence", user={"id": jane.id}, online=False)


async def test_redis_may_ask_for_a_password_and_tls(
    tmp_path: Path, own: tuple[Postgres, Valkey], database_urls: Iterator[str]
) -> None:
    with valkey_on_tcp(tmp_path, "--requirepass", "s3cret") as port:
        async with redis.Redis.from_url(f"redis://:s3cret@127.0.0.1:{port}") as client:
            await until_it_answers(client, bool, "PING")
        async with relayed_over_tls(port) as tls_port:
            settings = {
                "database_url": next(database_urls),
                "redis_url": f"rediss://:s3cret@localhost:{tls_port}"
                f"?ssl_ca_certs={TLS / 'certificate.pem'}",
            }
            async with (
                serving(tmp_path / "data", "--workers", "2", **settings) as server,
                backend_of(server) as backend,
            ):
                jane = await backend.person("jane")
                room = await backend.room(jane)
                async with (
                    peer_of(server.url, jane.token) as here,
                    peer_of(server.url, jane.token, away_from=here.node) as there,
                ):
                    await here.ask("event", channel=room, name="over tls", data={})
                    await there.hears("event", name="over tls")
                wrong = {**settings, "redis_url": f"redis://:wrong@127.0.0.1:{port}"}
                refused = await start(tmp_path / "wrong", **wrong)
                assert await refused.ended() == 1
                assert "the Redis server cannot be used" in refused.text
                assert "wrong" not in refused.text
                untrusted = {**settings, "redis_url": f"rediss://:s3cret@localhost:{tls_port}"}
                refused = await start(tmp_path / "wrong", **untrusted)
                assert await refused.ended() == 1
                assert "certificate verify failed" in refused.text


async def test_a_newer_schema_is_refused_in_one_line(
    tmp_path: Path, own: tuple[Postgres, Valkey], database_urls: Iterator[str]
) -> None:
    url = next(database_urls)
    connection = await asyncpg.connect(url)
    await connection.execute(
        """CREATE TABLE schema_versions (version integer PRIMARY KEY,
               applied timestamptz NOT NULL DEFAULT now());
           INSERT INTO schema_versions VALUES (9999)"""
    )
    await connection.close()
    server = await start(tmp_path / "data", database_url=url, redis_url=own[1].url)
    assert await server.ended() == 1
    assert server.text.startswith("parlance: the database schema has version 9999, which is newer")
    assert server.text.count("\n") == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"database_url": f"postgresql://x@{NOWHERE}/x"}, "the database cannot be used"),
        ({"database_url": "postgresql://x@nowhere.invalid/x"}, "the database cannot be used"),
        ({"database_url": "mysql://x@127.0.0.1/x"}, "database_url must start with postgresql://"),
        ({"redis_url": f"redis://{NOWHERE}"}, "the Redis server cannot be used"),
        ({"redis_url": "http://127.0.0.1"}, "redis_url must start with redis://"),
        ({"redis_url": "redis://127.0.0.1:port"}, "the Redis server cannot be used"),
        ({"workers": 0}, "workers 0 is not between 1 and 256"),
        ({"workers": "many"}, "settings: Expected `int`"),
        ({"data": "/proc/parlance"}, "/proc/parlance"),
        ({"data": "/dev/null"}, "/dev/null"),
    ],
)
async def test_a_setting_that_cannot_be_used_is_told_in_one_line(
    tmp_path: Path, own: tuple[Postgres, Valkey], settings: dict[str, object], said: str
) -> None:
    working = {"database_url": own[0].url, "redis_url": own[1].url}
    given = working | settings
    data = Path(str(given.pop("data", tmp_path / "data")))
    server = await start(data, **given)
    assert await server.ended() == 1
    assert server.text.startswith("parlance: ")
    assert said in server.text
    assert server.text.count("\n") == 1


async def test_a_taken_port_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = await start(tmp_path / "data", port=port)
        assert await server.ended() == 1
    assert server.text == f"parlance: cannot listen on 127.0.0.1:{port}: Address already in use\n"
    assert not (tmp_path / "data").exists()
