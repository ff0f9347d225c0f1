"""The data directory: closed, held once, and reachable by a socket address."""

import os
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from server.embedded.directory import SOCKET_PATH_LIMIT, DataDirectory
from server.settings import SettingsError


@pytest.fixture
def long_path(tmp_path: Path) -> Path:
    return tmp_path / ("long" * 30) / "data"


@pytest.fixture
def held(tmp_path: Path) -> Iterator[DataDirectory]:
    with closing(DataDirectory(tmp_path / "data")) as directory:
        yield directory


def refusal(path: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        DataDirectory(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_new_directory_cannot_be_listed_by_others(held: DataDirectory) -> None:
    mode = stat.S_IMODE(held.path.stat().st_mode)
    assert mode == (0o711 if os.geteuid() == 0 else 0o700)
    assert stat.S_IMODE(held.log.stat().st_mode) == 0o700


def test_a_second_holder_is_refused_and_told_who_holds_it(held: DataDirectory) -> None:
    assert f"in use by process {os.getpid()}" in refusal(held.path)


def test_a_closed_directory_can_be_opened_again(tmp_path: Path) -> None:
    first = DataDirectory(tmp_path / "data")
    first.close()
    with closing(DataDirectory(tmp_path / "data")) as second:
        assert second.tag == first.tag


def test_two_directories_have_tags_that_do_not_contain_each_other(tmp_path: Path) -> None:
    with closing(DataDirectory(tmp_path / "a")) as a, closing(DataDirectory(tmp_path / "b")) as b:
        assert a.tag not in b.tag
        assert b.tag not in a.tag


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a letter")
    assert "File exists" in refusal(tmp_path / "data")


def test_a_place_where_nothing_can_be_made_is_refused() -> None:
    assert "/proc/parlance cannot be used" in refusal(Path("/proc/parlance"))


def test_somebody_elses_directory_is_refused_and_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "letter").write_text("dear john")
    assert "holds other files" in refusal(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert [entry.name for entry in tmp_path.iterdir()] == ["letter"]


def test_a_full_disk_is_refused(held: DataDirectory) -> None:
    held.require_space(1)
    with pytest.raises(SettingsError, match="no space left"):
        held.require_space(1 << 60)


def test_a_short_path_is_reached_as_it_is(held: DataDirectory) -> None:
    if len(str(held.path)) < 70:
        assert held.reachable == held.path


@pytest.mark.parametrize("name", ["long" * 30, "with a space", "a,b", "größe"])
def test_a_path_no_address_can_hold_is_reached_through_a_link_removed_at_the_end(
    tmp_path: Path, name: str
) -> None:
    directory = DataDirectory(tmp_path / name)
    link = directory.reachable
    assert link.samefile(directory.path)
    assert len(f"{link}/postgres/.s.PGSQL.5432") <= SOCKET_PATH_LIMIT
    directory.close()
    assert not link.parent.exists()


def test_the_link_of_a_killed_holder_is_removed_by_the_next(long_path: Path) -> None:
    killed = DataDirectory(long_path)
    record = (long_path / "lock").read_bytes()
    stale = killed.reachable
    killed.close()
    stale.parent.mkdir()
    stale.symlink_to(long_path)
    (long_path / "lock").write_bytes(record)
    with closing(DataDirectory(long_path)) as directory:
        assert directory.reachable != stale
        assert not stale.parent.exists()
