"""Lines: connections to one Redis, or to a Redis cluster, that publish and hear topics.

Rule: a line is used once; any error ends it, and the broker opens another.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

import redis.asyncio as redis
from redis.asyncio.cluster import ClusterNode, ClusterPubSub, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

MINIMUM_SERVER = 7
"""Sharded pub/sub came with Redis 7; Valkey began at 7.2."""
TIMEOUT_SECONDS = 5.0

Heard = Callable[[str, bytes | None], None]
"""Called with a topic and a payload, or with None when the subscription to it is in force."""

LineError = (RedisError, OSError, TimeoutError)


class Line(Protocol):
    async def publish(self, batch: Sequence[tuple[str, bytes]]) -> None: ...
    async def subscribe(self, topics: Sequence[str]) -> None: ...
    async def unsubscribe(self, topics: Sequence[str]) -> None: ...
    async def listen(self, heard: Heard) -> None:
        """Call `heard` for all that arrives, until the line breaks."""
        ...


class SingleLine:
    """One server: plain pub/sub."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._pubsub = client.pubsub()

    async def publish(self, batch: Sequence[tuple[str, bytes]]) -> None:
        if len(batch) == 1:
            await self._client.publish(*batch[0])
            return
        pipeline = self._client.pipeline(transaction=False)
        for topic, payload in batch:
            pipeline.publish(topic, payload)
        await pipeline.execute()

    async def subscribe(self, topics: Sequence[str]) -> None:
        self._check_unbroken()
        await self._pubsub.subscribe(*topics)

    async def unsubscribe(self, topics: Sequence[str]) -> None:
        self._check_unbroken()
        await self._pubsub.unsubscribe(*topics)

    def _check_unbroken(self) -> None:
        """Raise when the subscription was cut: redis-py would connect anew by itself, and nobody
        would know of the gap."""
        connection = self._pubsub.connection
        if connection is not None and not connection.is_connected:
            raise RedisConnectionError("the subscription was cut")

    async def listen(self, heard: Heard) -> None:
        while True:
            self._check_unbroken()
            message = await self._pubsub.get_message(timeout=None)
            if message is not None:
                _hear(message, heard)


class ClusterLine:
    """A cluster: sharded pub/sub, a topic lives on the shard of its slot."""

    def __init__(self, client: RedisCluster) -> None:
        self._client = client
        self._pubsub: ClusterPubSub = client.pubsub()
        self._listeners: dict[str, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()

    async def publish(self, batch: Sequence[tuple[str, bytes]]) -> None:
        await asyncio.gather(
            *(self._client.execute_command("SPUBLISH", topic, payload) for topic, payload in batch)
        )

    async def subscribe(self, topics: Sequence[str]) -> None:
        await self._pubsub.ssubscribe(*topics)
        self._changed.set()

    async def unsubscribe(self, topics: Sequence[str]) -> None:
        await self._pubsub.sunsubscribe(*topics)

    async def listen(self, heard: Heard) -> None:
        async with asyncio.TaskGroup() as shards:
            while True:
                for name in list(self._pubsub.node_pubsub_mapping):
                    task = self._listeners.get(name)
                    node = self._client.get_node(node_name=name)
                    if node is not None and (task is None or task.done()):
                        self._listeners[name] = shards.create_task(self._shard(node, heard))
                self._changed.clear()
                await self._changed.wait()

    async def _shard(self, node: ClusterNode, heard: Heard) -> None:
        while node.name in self._pubsub.node_pubsub_mapping:
            message = await self._pubsub.get_sharded_message(timeout=1.0, target_node=node)
            if message is not None:
                _hear(message, heard)


def _hear(message: dict[str, Any], heard: Heard) -> None:
    kind = message["type"]
    if kind in ("message", "smessage"):
        heard(message["channel"].decode(), message["data"])
    elif kind in ("subscribe", "ssubscribe"):
        heard(message["channel"].decode(), None)


class RedisUnusable(Exception):
    """The server cannot be used by this code; the text says why, in one line."""


@asynccontextmanager
async def open_line(url: str) -> AsyncIterator[Line]:
    """Connect to a Redis url (`redis://`, `rediss://`, `unix://`); a cluster is recognised.

    Raises LineError when it cannot be reached, RedisUnusable when it is too old.
    """
    patience: dict[str, Any] = {
        "socket_connect_timeout": TIMEOUT_SECONDS,
        # Also how long a subscription may be silent: the broker's nonce comes far more often.
        "socket_timeout": TIMEOUT_SECONDS,
    }
    if not url.startswith("unix"):
        patience["socket_keepalive"] = True
    # A publish that is tried again may be heard twice, and a subscription that comes back by
    # itself has a gap nobody is told of.
    client = redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), **patience)
    try:
        if not await _is_cluster(client):
            yield SingleLine(client)
            return
    finally:
        await client.aclose()
    cluster = RedisCluster.from_url(url, **patience)
    try:
        await cluster.initialize()
        yield ClusterLine(cluster)
    finally:
        await cluster.aclose()


async def _is_cluster(client: redis.Redis) -> bool:
    async with asyncio.timeout(TIMEOUT_SECONDS):
        info = await client.info()
    version = str(info.get("valkey_version") or info.get("redis_version") or "0")
    if int(version.split(".")[0]) < MINIMUM_SERVER:
        raise RedisUnusable(f"the Redis server is {version}; Parlance needs {MINIMUM_SERVER}.0")
    return bool(info.get("cluster_enabled"))
