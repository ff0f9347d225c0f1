"""The embedded Valkey, a real one."""

import os
import signal
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis

from server.embedded.directory import DataDirectory
from server.embedded.process import EmbeddedError, command_of
from server.embedded.valkey import Valkey


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[DataDirectory]:
    with closing(DataDirectory(tmp_path / "data")) as directory:
        yield directory


@pytest.fixture
def valkey(directory: DataDirectory) -> Iterator[Valkey]:
    valkey = Valkey(directory)
    valkey.start()
    valkey.wait_until_ready()
    yield valkey
    valkey.stop()


def ping(valkey: Valkey) -> bool:
    with redis.Redis.from_url(valkey.url) as client:
        return bool(client.ping())


def test_it_answers_on_a_socket_that_only_its_user_may_open(
    directory: DataDirectory, valkey: Valkey
) -> None:
    assert ping(valkey)
    sockets = directory.path / "valkey" / "valkey.sock"
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700


def test_it_listens_on_no_port_and_keeps_nothing_on_disk(
    directory: DataDirectory, valkey: Valkey
) -> None:
    with redis.Redis.from_url(valkey.url, decode_responses=True) as client:
        assert client.config_get("port") == {"port": "0"}
        assert client.config_get("save") == {"save": ""}
        assert "pubsub 67108864 16777216 60" in str(client.config_get("client-output*"))
    valkey.stop()
    assert list((directory.path / "valkey").iterdir()) == []


def test_it_works_below_a_long_path_with_spaces(tmp_path: Path) -> None:
    with closing(DataDirectory(tmp_path / ("a long name " * 12).strip())) as directory:
        valkey = Valkey(directory)
        valkey.start()
        valkey.wait_until_ready()
        assert ping(valkey)
        valkey.stop()


def test_one_that_was_killed_can_be_started_again(valkey: Valkey) -> None:
    assert valkey.pid is not None
    os.kill(valkey.pid, signal.SIGKILL)
    os.waitid(os.P_PID, valkey.pid, os.WEXITED | os.WNOWAIT)
    assert valkey.poll() == -signal.SIGKILL
    valkey.start()
    valkey.wait_until_ready()
    assert ping(valkey)


def test_one_left_behind_is_stopped_by_the_next(directory: DataDirectory, valkey: Valkey) -> None:
    assert valkey.pid is not None
    successor = Valkey(directory)
    successor.start()
    assert command_of(valkey.pid) == ""
    successor.wait_until_ready()
    assert ping(successor)
    successor.stop()


def test_why_it_does_not_start_is_told_in_one_line(directory: DataDirectory) -> None:
    valkey = Valkey(directory)
    (directory.path / "valkey" / "valkey.sock").mkdir(parents=True)
    with pytest.raises(EmbeddedError, match=r"^Valkey did not start: .*socket"):
        start(valkey)


def start(valkey: Valkey) -> None:
    valkey.start()
    valkey.wait_until_ready()
