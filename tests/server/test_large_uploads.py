"""Files of the largest size through a node of its own: what it holds in memory, what it refuses."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from chat.actors import Actor
from chat.applications import Credentials
from chat.channels import Channel, NewChannel
from chat.chat import Chat
from server.listener import listen
from server.node import Orders
from server.settings import Settings
from tests.s3 import ACCESS, BUCKET, bucket, moto_server

LIMIT = 50_000_000
GROWTH_BYTES = 20_000_000
CHUNK = b"x" * 1_000_000
PATIENCE_SECONDS = 60.0
HEAD = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="big.bin"\r\n\r\n'
TAIL = b"\r\n--cut--\r\n"
FORM = {"Content-Type": "multipart/form-data; boundary=cut"}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


class Peak:
    """The most memory a process ever held, in bytes."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")

    def read(self) -> int:
        line = next(x for x in self._status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) * 1024


@asynccontextmanager
async def node(settings: Settings, environment: dict[str, str]) -> AsyncIterator[tuple[int, int]]:
    """Run a node; gives its pid and port."""
    ready, theirs = os.pipe()
    with listen("127.0.0.1", 0) as listener:
        orders = Orders(settings, listener.fileno(), theirs, 0)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "server.node",
            stdin=asyncio.subprocess.PIPE,
            pass_fds=(listener.fileno(), theirs),
            env={**os.environ, **environment},
        )
        os.close(theirs)
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(orders) + b"\n")
        try:
            assert await asyncio.to_thread(os.read, ready, 1), "the node did not start"
            yield process.pid, listener.getsockname()[1]
        finally:
            os.close(ready)
            process.stdin.close()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await process.wait()


@pytest.fixture(params=["disk", "s3"])
def stores(request: pytest.FixtureRequest) -> Iterator[tuple[str | None, dict[str, str]]]:
    """What a node is told of its file store: settings and environment."""
    if request.param == "disk":
        yield None, {}
        return
    with moto_server() as endpoint, bucket(endpoint):
        access = {name.upper(): value for name, value in ACCESS.items()}
        yield (
            f"s3://{BUCKET}/files",
            {**access, "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1"},
        )


@pytest.fixture
async def served(
    stores: tuple[str | None, dict[str, str]], database_url: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[tuple[int, int]]:
    files_url, environment = stores
    settings = Settings(
        data=str(tmp_path),
        database_url=database_url,
        redis_url=redis_url,
        files_url=files_url,
        drain_seconds=1.0,
    )
    async with node(settings, environment) as running:
        yield running


@pytest.fixture
async def api(
    served: tuple[int, int], application: Credentials
) -> AsyncIterator[httpx.AsyncClient]:
    base = f"http://127.0.0.1:{served[1]}"
    async with httpx.AsyncClient(base_url=base, timeout=PATIENCE_SECONDS) as client:
        granted = await client.post(
            "/oauth/token",
            auth=(application.client_id, application.client_secret),
            data={"grant_type": "client_credentials"},
        )
        client.headers["Authorization"] = f"Bearer {granted.json()['access_token']}"
        yield client


@pytest.fixture
async def room(chat: Chat, actor: Actor) -> Channel:
    return await chat.channels.create(actor, NewChannel(kind="PUBLIC", name="room"))


async def form(size: int) -> AsyncIterator[bytes]:
    yield HEAD
    for at in range(0, size, len(CHUNK)):
        yield CHUNK[: size - at]
    yield TAIL


async def post(api: httpx.AsyncClient, room: Channel, size: int) -> httpx.Response:
    return await api.post(f"/v1/channels/{room.id}/messages", content=form(size), headers=FORM)


async def fetched(api: httpx.AsyncClient, url: str) -> int:
    """How many bytes come back, none of them kept."""
    async with api.stream("GET", url) as answer:
        assert answer.status_code == 200
        return sum([len(chunk) async for chunk in answer.aiter_raw()])


def files_in(directory: Path) -> list[Path]:
    return [path for path in (directory / "files").rglob("*") if path.is_file()]


async def test_the_largest_file_passes_through_little_memory_and_more_is_refused(
    served: tuple[int, int], api: httpx.AsyncClient, room: Channel
) -> None:
    peak = Peak(served[0])
    small = (await post(api, room, 6_000_000)).json()
    assert await fetched(api, small["file"]["url"]) == 6_000_000
    before = peak.read()
    large = (await post(api, room, LIMIT)).json()
    assert large["file"]["size"] == LIMIT
    assert await fetched(api, large["file"]["url"]) == LIMIT
    refused = await post(api, room, LIMIT + 1)
    assert (refused.status_code, refused.json()["error"]) == (413, "PayloadTooLargeError")
    assert peak.read() - before < GROWTH_BYTES


async def test_an_upload_that_breaks_off_leaves_nothing(
    api: httpx.AsyncClient, room: Channel, connection: Any, tmp_path: Path
) -> None:
    known = "SELECT count(*) FROM files WHERE application_id = $1"

    async def broken() -> AsyncIterator[bytes]:
        yield HEAD + CHUNK
        while not await connection.fetchval(known, room.application_id):
            continue  # the node has not begun yet
        raise ConnectionError("the client went away")

    with pytest.raises(ConnectionError):
        await api.post(f"/v1/channels/{room.id}/messages", content=broken(), headers=FORM)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await connection.fetchval(known, room.application_id):
            assert (await api.get("/health")).status_code == 200
    assert files_in(tmp_path) == []
    page = (await api.get(f"/v1/channels/{room.id}/messages")).json()
    assert page["_embedded"] == {"messages": []}
