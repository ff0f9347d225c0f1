"""The command line, as who types it finds it: on a running server, on its data, on nothing."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PARLANCE = (sys.executable, "-m", "server")
PATIENCE_SECONDS = 60.0


def clean_environment(**given: str) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PARLANCE_")}
    return ours | given


def parlance(
    *words: str, data: Path, source: str = "", **settings: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    return subprocess.run(
        [*PARLANCE, *words, "--data", str(data)],
        input=source,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        env=clean_environment(**settings),
        check=False,
    )


def said(*words: str, data: Path, source: str = "") -> str:
    """What a command that succeeds says."""
    done = parlance(*words, data=data, source=source)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def refused(*words: str, data: Path, **settings: str) -> str:
    """The one line in which a command is refused."""
    done = parlance(*words, data=data, **settings)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done
    assert done.stderr.startswith("parlance: ")
    return done.stderr


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data directory of a server that runs."""
    data = tmp_path_factory.mktemp("running") / "data"
    server = subprocess.Popen(
        [*PARLANCE, "serve", "--data", str(data), "--port", "0"],
        bufsize=0,  # `select` does not see what a buffer holds
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=clean_environment(),
    )
    assert server.stdout is not None
    try:
        assert wait_for_line(server, b"Parlance is running")
        yield data
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(PATIENCE_SECONDS)
        server.stdout.close()


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a database, on which no server runs."""
    data = tmp_path_factory.mktemp("stopped") / "data"
    assert re.fullmatch(r"applied: 1(, \d+)*\n", said("migrate", data=data))
    return data


def wait_for_line(process: "subprocess.Popen[bytes]", words: bytes) -> bytes:
    """The next line with these words that a process says."""
    assert process.stdout is not None
    deadline = time.monotonic() + PATIENCE_SECONDS
    line = b""
    while words not in line:
        readable, _, _ = select.select([process.stdout], [], [], deadline - time.monotonic())
        assert readable, f"{words!r} never came"
        line = process.stdout.readline()
        assert line, f"{words!r} never came, and it ended"
    return line


# Administration


def test_the_schema_is_brought_up_to_date_once(running: Path, stopped: Path) -> None:
    for data in (running, stopped):
        assert said("migrate", data=data) == "the schema is up to date\n"


def test_the_doctor_finds_a_running_server_well(running: Path) -> None:
    directory, database, redis = said("doctor", data=running).splitlines()
    assert directory == f"ok   data directory: {running} is in use by a running server"
    assert re.fullmatch(r"ok   PostgreSQL: 18\.\d+, schema (\d+) of \1", database)
    assert redis.startswith("ok   Redis:")


def test_the_doctor_finds_nothing_wrong_with_data_that_rest_or_are_yet_to_come(
    stopped: Path, tmp_path: Path
) -> None:
    assert f"{stopped} is not in use" in said("doctor", data=stopped)
    assert said("doctor", data=tmp_path / "new").count("ok ") == 3
    assert not (tmp_path / "new").exists()


def test_the_doctor_says_what_cannot_be_reached(tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path}/none.sock"
    done = parlance(
        "doctor",
        data=tmp_path / "data",
        PARLANCE_DATABASE_URL=f"postgresql://nobody@/nothing?host={tmp_path}",
        PARLANCE_REDIS_URL=nowhere,
    )
    states = [line[:3] for line in done.stdout.splitlines()]
    assert (done.returncode, states) == (1, ["ok ", "BAD", "BAD"])


def test_an_unreachable_database_is_one_line(tmp_path: Path) -> None:
    url = f"postgresql://nobody@/nothing?host={tmp_path}"
    for words in (("migrate",), ("token", "create", "jane")):
        line = refused(*words, data=tmp_path / "data", PARLANCE_DATABASE_URL=url)
        assert "the database cannot be used" in line


@pytest.mark.parametrize("place", ["running", "stopped"])
def test_an_application_is_made_with_credentials_and_users_of_its_own(
    request: pytest.FixtureRequest, place: str
) -> None:
    data: Path = request.getfixturevalue(place)
    made = json.loads(said("application", "create", "shop", data=data))
    assert set(made) == {"application_id", "api_key", "client_id", "client_secret"}
    token = said("token", "create", "jane", "--application", "shop", "--bot", data=data)
    assert re.fullmatch(r"plu_\S{40,}\n", token)
    unknown = refused("token", "create", "jane", "--application", "nowhere", data=data)
    assert unknown == "parlance: There is no application nowhere.\n"


def test_what_cannot_be_an_application_is_refused(running: Path) -> None:
    assert "exists" in refused("application", "create", "default", data=running)
    assert "name" in refused("application", "create", " ", data=running)


def test_what_cannot_be_a_token_is_refused(running: Path) -> None:
    assert "name" in refused("token", "create", " ", data=running)
    assert "expiresIn" in refused("token", "create", "jane", "--expires-in", "-1", data=running)


# Talking


def test_each_line_is_sent_and_answered_with_the_id_of_its_message(running: Path) -> None:
    one = said("send", "lobby", "hello", data=running)
    many = said("send", "#lobby", "--username", "poet", data=running, source="a\n\nb\nc\n")
    ids = [int(line) for line in [*one.split(), *many.split()]]
    assert len(set(ids)) == 4
    assert ids == sorted(ids)


def test_who_has_a_token_speaks_under_his_name(running: Path) -> None:
    token = said("token", "create", "bob", "--bot", data=running).strip()
    assert said("send", "lobby", "hello", "--token", token, data=running)
    assert refused("send", "lobby", "hello", "--token", "plu_wrong", data=running)
    assert refused("send", "lobby", "hello", "--username", "bob", data=running)


def test_there_must_be_a_channel_and_a_server(running: Path, stopped: Path) -> None:
    assert "there is no channel attic here" in refused("send", "attic", "hello", data=running)
    assert "credentials.json" in refused("send", "lobby", "hello", data=stopped)
    assert "credentials.json" in refused("tail", "lobby", data=stopped)


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["lines", "json"])
def test_what_is_said_is_printed_until_interrupted(running: Path, form: tuple[str, ...]) -> None:
    tail = subprocess.Popen(
        [*PARLANCE, "tail", "lobby", "--username", "reader", *form, "--data", str(running)],
        bufsize=0,
        stdout=subprocess.PIPE,
        env=clean_environment(),
    )
    assert tail.stdout is not None
    try:
        # Until it hears: what was said before is not its to print.
        readable: list[Any] = []
        while not readable:
            said("send", "lobby", "good\tmorning\x1b[2J", "--username", "sender", data=running)
            readable, _, _ = select.select([tail.stdout], [], [], 0.0)
        line = wait_for_line(tail, b"morning").decode()
        if form:
            assert json.loads(line)["message"]["text"] == "good\tmorning\x1b[2J"
        else:
            assert re.fullmatch(r"\d\d:\d\d:\d\d #lobby sender: good morning \[2J\n", line)
        tail.send_signal(signal.SIGINT)
        assert tail.wait(PATIENCE_SECONDS) == 130
    finally:
        tail.kill()
        tail.wait()
        tail.stdout.close()


def test_a_bench_finds_that_all_hear_the_same(running: Path) -> None:
    told = said("bench", "--people", "5", "--messages", "10", data=running)
    assert told.startswith("5 people, 50 messages, 250 deliveries in ")
    assert "all heard the same, once and in order" in told
    assert "NOT" not in told
