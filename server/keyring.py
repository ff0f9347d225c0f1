"""Keyring: the vault of secrets at rest, and where its keys come from.

Rule: the first key seals, every key unseals; so a key is replaced by putting a new one before it.
"""

import base64
import hashlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chat.errors import Unavailable
from server.settings import Settings, SettingsError

KEY_BYTES = 32
NONCE_BYTES = 12
FORMAT = b"\x01"
_FILE = "secrets.key"


class Keyring:
    """AES-256-GCM. What is sealed names its key by four bytes of the key's hash, so that of many
    keys the right one is tried."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._ciphers = {_name(key): AESGCM(key) for key in reversed(keys)}
        self._first = _name(keys[0])

    def seal(self, plain: bytes, bound_to: bytes) -> bytes:
        # A random nonce is safe for 2^32 secrets under one key (NIST SP 800-38D, 8.3).
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._ciphers[self._first].encrypt(nonce, plain, bound_to)
        return FORMAT + self._first + nonce + sealed

    def unseal(self, sealed: bytes, bound_to: bytes) -> bytes:
        head = len(FORMAT) + len(self._first)
        cipher = self._ciphers.get(sealed[len(FORMAT) : head])
        if cipher is None or not sealed.startswith(FORMAT):
            raise Unavailable("The key of this secret is not here.")
        nonce, rest = sealed[head : head + NONCE_BYTES], sealed[head + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, rest, bound_to)
        except InvalidTag:
            raise Unavailable("This secret cannot be opened.") from None


def _name(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()[:4]


def open_keyring(settings: Settings) -> Keyring | None:
    """The keys of the settings or else of the data directory; None where there are neither.

    Raises SettingsError when they cannot be used.
    """
    if settings.secrets_key is not None:
        return Keyring(_parse(settings.secrets_key, "secrets_key"))
    file = settings.data_directory / _FILE
    try:
        return Keyring(_parse(file.read_text(), str(file)))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as problem:
        raise SettingsError(f"{file} cannot be read: {problem}") from None


def make_key_file(settings: Settings) -> None:
    """Make a key in the data directory, once, unless the settings bring their own."""
    if settings.secrets_key is not None:
        open_keyring(settings)  # refuse now what no node could use
        return
    file = settings.data_directory / _FILE
    if file.exists():
        return
    draft = file.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() + "\n")
        out.flush()
        os.fsync(out.fileno())
    _publish(draft, file)


def _publish(draft: Path, file: Path) -> None:
    """Give the draft its name without ever replacing a key that exists."""
    try:
        os.link(draft, file)
    except FileExistsError:
        return  # another start was quicker; its key is the key
    finally:
        draft.unlink()


def _parse(text: str, source: str) -> list[bytes]:
    try:
        keys = [base64.b64decode(part.strip(), validate=True) for part in text.split(",")]
    except ValueError:
        keys = []
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise SettingsError(
            f"settings: {source} takes base64 of {KEY_BYTES} bytes, or several, comma-separated"
        )
    return keys
