"""Keys of secrets: where they come from, what they open, how they are replaced."""

import base64
import stat
from pathlib import Path

import pytest

from chat.errors import Unavailable
from server.keyring import Keyring, make_key_file, open_keyring
from server.settings import Settings, SettingsError

ONE, TWO = bytes(range(32)), bytes(32)


def _text(*keys: bytes) -> str:
    return ",".join(base64.b64encode(key).decode() for key in keys)


def test_what_was_sealed_opens_only_where_it_belongs() -> None:
    keys = Keyring([ONE])
    sealed = keys.seal(b"plain", b"user 1")
    assert b"plain" not in sealed
    assert keys.unseal(sealed, b"user 1") == b"plain"
    assert keys.seal(b"plain", b"user 1") != sealed
    with pytest.raises(Unavailable):
        keys.unseal(sealed, b"user 2")


@pytest.mark.parametrize("place", range(0, 38, 3))
def test_what_was_changed_does_not_open(place: int) -> None:
    keys = Keyring([ONE])
    sealed = bytearray(keys.seal(b"plain", b""))
    sealed[place] ^= 1
    with pytest.raises(Unavailable):
        keys.unseal(bytes(sealed), b"")


def test_what_is_no_sealed_secret_does_not_open() -> None:
    for sealed in (b"", b"\x01", Keyring([ONE]).seal(b"", b"")[:20]):
        with pytest.raises(Unavailable):
            Keyring([ONE]).unseal(sealed, b"")


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    old = Keyring([ONE]).seal(b"old", b"")
    both = Keyring([TWO, ONE])
    new = both.seal(b"new", b"")
    assert both.unseal(old, b"") == b"old"
    assert Keyring([TWO]).unseal(new, b"") == b"new"
    with pytest.raises(Unavailable):
        Keyring([TWO]).unseal(old, b"")


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path))
    assert open_keyring(settings) is None
    make_key_file(settings)
    file = tmp_path / "secrets.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first = file.read_text()
    make_key_file(settings)
    assert file.read_text() == first
    assert [each.name for each in tmp_path.iterdir()] == ["secrets.key"]
    keys = open_keyring(settings)
    assert keys is not None
    assert keys.unseal(keys.seal(b"x", b""), b"") == b"x"


def test_keys_of_the_settings_come_before_the_file(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path), secrets_key=_text(ONE, TWO))
    make_key_file(settings)
    assert list(tmp_path.iterdir()) == []
    keys = open_keyring(settings)
    assert keys is not None
    assert Keyring([ONE]).unseal(keys.seal(b"x", b""), b"") == b"x"
    assert _text(ONE) not in repr(settings)


@pytest.mark.parametrize("text", ["", "x", "é", _text(ONE[:16]), _text(ONE) + ",", _text(ONE, b"")])
def test_keys_that_are_none_are_refused_at_the_start(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="secrets_key takes"):
        make_key_file(Settings(data=str(tmp_path), secrets_key=text))


def test_a_damaged_key_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secrets.key").write_bytes(b"\xff")
    with pytest.raises(SettingsError):
        open_keyring(Settings(data=str(tmp_path)))
