"""One node: a process that serves the shared port until its supervisor or a signal ends it.

`python -m server.node` reads its orders as one JSON line from standard input, and takes the end
of that input for the death of its supervisor.
"""

import asyncio
import contextlib
import logging
import os
import resource
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from typing import cast

import msgspec
import uvicorn
import uvloop
from starlette.applications import Starlette

from chat.chat import Chat
from chat.errors import Unavailable
from server import app, logs
from server.first_start import APPLICATION
from server.keyring import open_keyring
from server.realtime.gateway import Gateway
from server.realtime.hub import Hub
from server.realtime.node import Realtime
from server.realtime.upkeep import Upkeep
from server.settings import Settings
from server.worker.worker import Worker
from storage.files import open_files
from storage.postgres.store import open_store
from storage.redis.broker import RedisBroker

logger = logging.getLogger("parlance.node")

BACKLOG = 2048


class Orders(msgspec.Struct, frozen=True):
    """What a node is told at its start."""

    settings: Settings
    listen_fd: int
    ready_fd: int
    worker: int


class Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the node drains first."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop_listening(self) -> None:
        for server in self.servers:
            server.close()


def main() -> int:
    """Run one node. Exit code 1, with one line on stderr, when it cannot start."""
    _raise_file_limit()
    orders = msgspec.json.decode(sys.stdin.buffer.readline(), type=Orders)
    logs.configure(orders.settings.log_format, orders.settings.log_level)
    try:
        uvloop.run(serve(orders))
    except Unavailable as problem:
        sys.stderr.write(f"parlance: the node cannot start: {problem.__cause__}\n")
        return 1
    return 0


def _raise_file_limit() -> None:
    """Every socket is a file: take as many as this process may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS has a lower limit than it says
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def serve(orders: Orders) -> None:
    """Serve until SIGTERM, SIGINT or the end of standard input; then drain."""
    settings = orders.settings
    stop = stop_event()
    async with open_realtime(settings, secrets.token_hex(8)) as (realtime, upkeep):
        gateway = Gateway(realtime)
        application = await realtime.chat.applications.find_by_name(APPLICATION)
        guest_key = application.api_key if application and application.guest_users else None
        server = Server(_config(settings, app.build(realtime, upkeep, guest_key), gateway))
        listener = socket.socket(fileno=orders.listen_fd)
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(server.serve(sockets=[listener]))
            worker = Worker(realtime.chat, realtime.store)
            loops = (*upkeep.work(), gateway.keep_alive(), worker.run())
            tasks = [group.create_task(work) for work in loops]
            await upkeep.settled()
            os.write(orders.ready_fd, b"\n")
            logger.info("node %s serves", realtime.node)
            await stop.wait()
            logger.info("draining %d sockets", len(realtime.clients))
            server.stop_listening()
            listener.close()
            await realtime.drain()
            server.should_exit = True
            await serving
            for task in tasks:
                task.cancel()
        with contextlib.suppress(Unavailable):  # the others will find out by themselves
            await realtime.departures.record()
            await realtime.store.nodes.leave()


@contextlib.asynccontextmanager
async def open_realtime(settings: Settings, node: str) -> AsyncIterator[tuple[Realtime, Upkeep]]:
    """The core and the live side of one node over its store and broker, wired together."""
    if settings.database_url is None or settings.redis_url is None:
        raise ValueError("a node needs database_url and redis_url")
    async with (
        open_store(settings.database_url, node) as store,
        open_files(settings.files_url, settings.data_directory / "files") as files,
    ):
        await store.nodes.register()
        hub = Hub(store)
        repair = asyncio.Event()
        broker = RedisBroker(settings.redis_url, node, hub.deliver, repair.set)
        vault = open_keyring(settings)
        chat = Chat(
            store,
            broker,
            files,
            max_file_bytes=settings.max_file_bytes,
            vault=vault,
            link_previews=settings.link_previews,
        )
        realtime = Realtime(settings, node, chat, store, hub)
        hub.attach(broker, realtime)
        try:
            yield realtime, Upkeep(realtime, broker, repair)
        finally:
            await hub.close()


def _config(settings: Settings, application: Starlette, gateway: Gateway) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http="httptools",
        ws=cast("type[asyncio.Protocol]", gateway.protocol),  # all it does with it is call it
        loop="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        backlog=BACKLOG,
        server_header=False,
        timeout_graceful_shutdown=int(settings.drain_seconds) + 1,
    )


def stop_event() -> asyncio.Event:
    """Set by SIGTERM, SIGINT, and the end of standard input: the supervisor is gone."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def read() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            loop.remove_reader(sys.stdin.fileno())
            stop.set()

    loop.add_reader(sys.stdin.fileno(), read)
    return stop


if __name__ == "__main__":
    sys.exit(main())
