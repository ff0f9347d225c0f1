"""A server that is killed in the middle of an import, and started again on the same data."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx

COUNT = 50_000
DEADLINE_SECONDS = 120.0


@contextmanager
def serving(data: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "server", "serve", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(
        command, env=os.environ | {"PARLANCE_LOG_LEVEL": "warning"}, start_new_session=True
    )
    try:
        eventually(lambda: httpx.get(f"http://127.0.0.1:{port}/ready").is_success)
        yield process
    finally:
        process.terminate()
        process.wait(DEADLINE_SECONDS)


def eventually(ask: Callable[[], Any]) -> Any:
    """Ask until the answer is good: another process tells nothing by itself."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            if answer := ask():
                return answer
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def back_end(data: Path) -> httpx.Client:
    known = json.loads((data / "credentials.json").read_bytes())
    granted = httpx.post(
        f"{known['base_url']}/oauth/token",
        auth=(known["client_id"], known["client_secret"]),
        data={"grant_type": "client_credentials"},
    )
    headers = {"Authorization": f"Bearer {granted.json()['access_token']}"}
    return httpx.Client(base_url=f"{known['base_url']}/v1", headers=headers, timeout=30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def stored(data: Path) -> list[tuple[int, int, str]]:
    sockets = (data / "postgres" / "postmaster.pid").read_text().splitlines()[4]
    connection = await asyncpg.connect(f"postgresql://parlance@/parlance?host={sockets}")
    found = await connection.fetch(
        "SELECT at_offset, number, text FROM messages ORDER BY at_offset, id"
    )
    await connection.close()
    return [tuple(row) for row in found]


async def test_a_killed_import_is_finished_with_nothing_doubled_and_nothing_missing(
    tmp_path_factory: Any,
) -> None:
    data, port = tmp_path_factory.mktemp("killed") / "data", free_port()
    with serving(data, port) as process, back_end(data) as client:
        channel = client.post("/channels", json={"type": "PUBLIC", "name": "room"}).json()["id"]
        rows = [
            {"type": "SYSTEM_TEXT", "channelId": channel, "body": f"n{n}"} for n in range(COUNT)
        ]
        job = client.post("/imports/messages", files={"file": json.dumps(rows)}).json()
        before = eventually(lambda: progress_of(client, job))
        os.killpg(process.pid, signal.SIGKILL)
    assert before < COUNT
    with serving(data, port), back_end(data) as client:
        started = time.monotonic()
        eventually(lambda: progress_of(client, job) > before)
        assert time.monotonic() - started < 15
        eventually(lambda: client.get(f"/jobs/{job['id']}").json()["state"] == "FINISHED")
        head = 1  # the creation of the channel
        assert await stored(data) == [(head + n + 1, n + 1, f"n{n}") for n in range(COUNT)]
        assert progress_of(client, job) == COUNT


def progress_of(client: httpx.Client, job: Any) -> int:
    read: int = client.get(f"/jobs/{job['id']}").json()["progress"]["rowsRead"]
    return read
