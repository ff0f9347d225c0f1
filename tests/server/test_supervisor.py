"""The supervisor as a process of its own, over real servers and over tiny nodes."""

import contextlib
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import msgspec
import pytest
import redis

from server.embedded.process import command_of
from server.listener import listen
from server.settings import Settings, SettingsError

DEADLINE_SECONDS = 30.0

SUPERVISOR = """
import logging, sys, msgspec
from server.settings import Settings, SettingsError
from server.supervisor import run

def prepare(settings, directory):
    if (directory / "broken").exists():
        raise SettingsError("the database is too old")
    return f"welcome {settings.port} {settings.database_url} {settings.redis_url}"

logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
settings = msgspec.json.decode(sys.argv[1], type=Settings)
sys.exit(run(settings, prepare, [sys.executable, "-c", sys.argv[2]]))
"""

NODE = """
import json, os, signal, socket, sys, threading

def say(text):
    os.write(1, f"{text}\\n".encode())

def drain(*_):
    say(f"draining {os.getpid()}")
    os._exit(0)

def lifeline():
    sys.stdin.buffer.read()
    say("lifeline cut")
    os._exit(0)

signal.signal(signal.SIGTERM, drain)
given = json.loads(sys.stdin.buffer.readline())
assert given["settings"]["workers"] >= 1
listener = socket.socket(fileno=given["listen_fd"])
threading.Thread(target=lifeline, daemon=True).start()
say(f"serving {given['worker']} {os.getpid()}")
os.write(given["ready_fd"], b"1")
os.close(given["ready_fd"])
while True:
    client, _ = listener.accept()
    client.sendall(str(os.getpid()).encode())
    client.close()
"""

DEAF_NODE = NODE.replace(
    "signal.SIGTERM, drain", "signal.SIGTERM, lambda *_: say('asked to drain')"
)

SHUT_NODE = NODE.replace(
    "signal.SIGTERM, drain",
    "signal.SIGTERM, lambda *_: (listener.close(), say('shut'), threading.Event().wait())",
)


class Serving:
    """A supervisor under test, and what it and its nodes say."""

    def __init__(self, settings: Settings, node: str = NODE) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR, msgspec.json.encode(settings).decode(), node],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )
        self.said = ""
        self._seen = 0

    def expect(self, pattern: str) -> re.Match[str]:
        """Wait for the next line that matches, and skip what came before it."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not (found := re.compile(pattern, re.MULTILINE).search(self.said, self._seen)):
            assert self._read(deadline), f"{pattern!r} never came:\n{self.said}"
        self._seen = found.end()
        return found

    def node_pids(self, count: int = 1) -> list[int]:
        """Wait until so many nodes serve."""
        return [int(self.expect(r"^serving \d (\d+)$")[1]) for _ in range(count)]

    def welcomed(self) -> list[str]:
        return self.expect(r"^welcome .*$")[0].split()

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        """Wait for its end, and for its nodes', who share its output."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self._read(deadline):
            pass
        return self.process.wait(DEADLINE_SECONDS)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self, deadline: float) -> bool:
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], deadline - time.monotonic())
        assert readable, f"nothing more was said:\n{self.said}"
        data = os.read(self.process.stdout.fileno(), 65536)
        self.said += data.decode()
        return bool(data)


Serve = Callable[..., Serving]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data directory for the tests that need real servers: a cluster is made only once."""
    return tmp_path_factory.mktemp("supervisor") / "data"


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start supervisors whose servers are elsewhere, unless the settings say otherwise."""
    with contextlib.ExitStack() as stack:

        def start(node: str = NODE, **given: object) -> Serving:
            elsewhere = {"database_url": "postgresql://elsewhere", "redis_url": "redis://elsewhere"}
            values = {"port": 0, "data": str(tmp_path / "data"), **elsewhere, **given}
            return stack.enter_context(
                contextlib.closing(Serving(msgspec.convert(values, Settings), node))
            )

        yield start


@pytest.fixture
def serve_embedded(serve: Serve, data: Path) -> Serve:
    def start(**given: object) -> Serving:
        return serve(data=str(data), database_url=None, redis_url=None, **given)

    return start


def who_answers(port: int) -> int:
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_SECONDS) as client:
        return int(client.recv(64))


def poll_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)  # the end of a process that is not our child is no event


async def fetch(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def test_it_prints_the_welcome_when_every_node_serves(serve: Serve) -> None:
    serving = serve(workers=3)
    pids = serving.node_pids(3)
    _, port, database_url, redis_url = serving.welcomed()
    assert len(set(pids)) == 3
    assert who_answers(int(port)) in pids
    assert (database_url, redis_url) == ("postgresql://elsewhere", "redis://elsewhere")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_drains_its_nodes_and_exits_with_0(
    serve: Serve, number: signal.Signals
) -> None:
    serving = serve(workers=2)
    pids = serving.node_pids(2)
    serving.welcomed()
    serving.signal(number)
    drained = {int(serving.expect(r"^draining (\d+)$")[1]) for _ in pids}
    assert serving.end() == 0
    assert drained == set(pids)
    assert "lifeline cut" not in serving.said


def test_newcomers_are_refused_while_its_nodes_drain(serve: Serve) -> None:
    serving = serve(SHUT_NODE, drain_seconds=600)
    serving.node_pids()
    port = int(serving.welcomed()[1])
    serving.signal(signal.SIGTERM)
    serving.expect(r"^shut$")
    with pytest.raises(ConnectionRefusedError):
        who_answers(port)
    serving.signal(signal.SIGINT)
    assert serving.end() == 0


def test_a_killed_node_is_replaced_and_no_connection_is_refused(serve: Serve) -> None:
    serving = serve()
    [pid] = serving.node_pids()
    port = int(serving.welcomed()[1])
    assert who_answers(port) == pid
    os.kill(pid, signal.SIGKILL)
    successor = who_answers(port)
    assert successor != pid
    serving.expect(r"^node 0 died with signal SIGKILL, pid " + str(pid))
    assert serving.node_pids() == [successor]


def test_a_node_told_to_stop_drains_and_is_replaced(serve: Serve) -> None:
    serving = serve(workers=2)
    pids = serving.node_pids(2)
    serving.welcomed()
    os.kill(pids[0], signal.SIGTERM)
    serving.expect(rf"^draining {pids[0]}$")
    [successor] = serving.node_pids()
    assert successor not in pids
    assert command_of(pids[1]) != ""


def test_a_node_that_dies_again_and_again_is_started_ever_later(serve: Serve) -> None:
    serving = serve()
    [first] = serving.node_pids()
    serving.welcomed()
    os.kill(first, signal.SIGKILL)
    [second] = serving.node_pids()
    os.kill(second, signal.SIGKILL)
    before = time.monotonic()
    serving.node_pids()
    assert time.monotonic() - before > 0.15


def test_a_hangup_replaces_each_node_after_its_successor_serves(serve: Serve) -> None:
    serving = serve(workers=2)
    old = serving.node_pids(2)
    serving.welcomed()
    serving.signal(signal.SIGHUP)
    for _ in old:
        assert serving.node_pids()[0] not in old
        assert int(serving.expect(r"^draining (\d+)$")[1]) in old
    serving.expect(r"^rolling restart done$")
    assert [command_of(pid) for pid in old] == ["", ""]


def test_a_second_interrupt_skips_the_waiting(serve: Serve) -> None:
    serving = serve(DEAF_NODE, drain_seconds=600)
    serving.node_pids()
    serving.welcomed()
    serving.signal(signal.SIGINT)
    serving.expect(r"^asked to drain$")
    serving.signal(signal.SIGINT)
    assert serving.end() == 0
    assert "node 0 died with signal SIGKILL" in serving.said


def test_a_node_that_does_not_drain_in_time_is_killed(
    serve: Serve,
) -> None:
    serving = serve(DEAF_NODE, drain_seconds=0)
    serving.node_pids()
    serving.welcomed()
    serving.signal(signal.SIGTERM)
    assert serving.end() == 0
    assert "node 0 died with signal SIGKILL" in serving.said


def test_a_node_that_fails_at_the_start_ends_all_with_1(serve: Serve) -> None:
    serving = serve("import sys; sys.exit('parlance: no way')", workers=2)
    assert serving.end() == 1
    assert "parlance: no way" in serving.said
    assert "welcome" not in serving.said


def test_it_can_be_stopped_while_a_node_is_still_starting(serve: Serve) -> None:
    serving = serve("import signal; signal.pause()")
    serving.expect(r"^node 0 started, pid \d+$")
    serving.signal(signal.SIGTERM)
    assert serving.end() == 0
    assert "welcome" not in serving.said


def test_a_refusal_while_preparing_is_one_line(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "lock").touch()
    (tmp_path / "other" / "broken").touch()
    serving = serve(data=str(tmp_path / "other"))
    assert serving.end() == 1
    assert serving.said == "parlance: the database is too old\n"


def test_a_taken_port_is_one_line(serve: Serve) -> None:
    port = int(serve().welcomed()[1])
    serving = serve(port=port)
    assert serving.end() == 1
    assert serving.said == f"parlance: cannot listen on 127.0.0.1:{port}: Address already in use\n"


@pytest.mark.parametrize("host", ["203.0.113.7", "a" * 70 + ".example"])
def test_an_unusable_host_is_one_line(host: str) -> None:
    with pytest.raises(SettingsError, match=r"^cannot listen on .*:0: .+$"):
        listen(host, 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "0.0.0.0"])
def test_it_listens_on_hosts_of_both_families(host: str) -> None:
    with listen(host, 0) as listener:
        assert listener.getsockname()[1] > 0


def test_a_second_start_on_the_same_directory_is_one_line(serve: Serve) -> None:
    first = serve()
    first.welcomed()
    second = serve()
    assert second.end() == 1
    assert re.fullmatch(
        rf"parlance: data directory .* is in use by process {first.process.pid}: .*\n", second.said
    )


async def test_its_servers_outlive_its_nodes_and_are_stopped_with_it(
    serve_embedded: Serve,
) -> None:
    serving = serve_embedded()
    _, _, database_url, redis_url = serving.welcomed()
    assert await fetch(database_url, "create table kept as select 7 as number") is None
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()
    serving.signal(signal.SIGTERM)
    assert serving.end() == 0
    order = re.findall(r"^(draining|Valkey stopped|PostgreSQL stopped)", serving.said, re.MULTILINE)
    assert order == ["draining", "Valkey stopped", "PostgreSQL stopped"]


async def test_a_killed_server_is_restarted_and_the_nodes_stay(serve_embedded: Serve) -> None:
    serving = serve_embedded()
    pids = {
        name: int(serving.expect(rf"^{name} started, pid (\d+)$")[1])
        for name in ("PostgreSQL", "Valkey")
    }
    [node] = serving.node_pids()
    _, _, database_url, redis_url = serving.welcomed()
    os.kill(pids["Valkey"], signal.SIGKILL)
    serving.expect(r"^Valkey restarted, pid \d+$")
    os.kill(pids["PostgreSQL"], signal.SIGKILL)
    serving.expect(r"^PostgreSQL restarted, pid \d+$")
    with redis.Redis.from_url(redis_url) as client:
        poll_until(lambda: answers(client))
    connection = await connect_soon(database_url)
    assert await connection.fetchval("select 8") == 8
    await connection.close()
    assert command_of(node) != ""


async def test_killed_it_leaves_nothing_behind_and_starts_again(serve_embedded: Serve) -> None:
    killed = serve_embedded(workers=2)
    servers = [
        int(killed.expect(rf"^{name} started, pid (\d+)$")[1]) for name in ("PostgreSQL", "Valkey")
    ]
    nodes = killed.node_pids(2)
    port = int(killed.welcomed()[1])
    killed.signal(signal.SIGKILL)
    killed.end()
    successor = serve_embedded(port=port)
    assert int(successor.welcomed()[1]) == port
    for pid in [*servers, *nodes]:
        assert command_of(pid) == ""
    assert who_answers(port) not in nodes


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


async def connect_soon(url: str) -> asyncpg.Connection:
    while True:
        try:
            return await asyncpg.connect(url)
        except (OSError, asyncpg.CannotConnectNowError):
            continue
