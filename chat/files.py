"""Files that Parlance itself keeps: what is known of one, and what the core asks of a file store.

Rule: a key is a capability; it goes to nobody but those who may fetch the file.
"""

import re
import secrets
import unicodedata
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Protocol
from urllib.parse import quote

import msgspec

from chat.checks import MAX_NAME_CHARACTERS
from chat.errors import NotFound, TooLarge, Unavailable
from chat.messages import File

MAX_FILE_BYTES = 50_000_000
Content = AsyncGenerator[bytes, None]
"""Who does not read it to its end closes it."""
UNKNOWN_TYPE = "application/octet-stream"
_TOKEN = r"[A-Za-z0-9!#$&^_.+-]{1,64}"  # noqa: S105  # RFC 6838, section 4.2, and its advice on length
_MEDIA_TYPE = re.compile(f"{_TOKEN}/{_TOKEN}")


class Preview(msgspec.Struct, frozen=True):
    """A small image of a hosted image."""

    content_type: str
    size: int


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A hosted file. Who knows its key may fetch it, as with a link: the key is not guessable.

    `previewed` tells whether a preview was tried; there is none of what is no image.
    """

    key: str
    application_id: int
    name: str
    content_type: str
    size: int
    created: datetime
    previewed: bool = False
    preview: Preview | None = None

    @property
    def path(self) -> str:
        """Where it is served, relative to the server."""
        return f"/files/{self.key}/{quote(self.name, safe='')}"

    @property
    def file(self) -> File:
        """It as a message refers to it."""
        return File(self.path, self.name, self.content_type, self.size, self.key)

    @property
    def is_image(self) -> bool:
        """Whether browsers show it as an image that runs nothing."""
        return self.content_type.startswith("image/") and "svg" not in self.content_type


class FileStore(Protocol):
    """Bytes by key. Nothing is ever held whole in memory, and nobody sees half a file."""

    async def put(self, key: str, chunks: AsyncIterator[bytes], *, limit: int) -> int:
        """Store what comes under a key; answer its size in bytes.

        Raises TooLarge beyond the limit and Unavailable when the store is away or full; then,
        when `chunks` raises, and when cancelled, nothing is left behind. Once it returns the
        bytes are durable.
        """
        ...

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Content:
        """The bytes from `start` up to `end`, exclusive, a piece at a time. Raises NotFound."""
        ...

    async def delete(self, key: str) -> None:
        """Forget a key; forgetting what is not there is fine."""
        ...


class FileRecords(Protocol):
    """What the database knows of files: first that one is coming, at last that it is doomed."""

    async def add(self, application_id: int, key: str, name: str, content_type: str) -> None: ...
    async def complete(self, key: str, size: int) -> StoredFile:
        """The bytes are there. Raises NotFound when the file was given up meanwhile."""
        ...

    async def get(self, key: str) -> StoredFile: ...
    async def doom(self, application_id: int, keys: Sequence[str]) -> list[str]:
        """Hide files from everybody; answer which of the keys were theirs. What follows is
        `remove`, once the bytes are gone."""
        ...

    async def doomed(self, given_up: datetime, limit: int) -> list[str]:
        """Files to remove: doomed ones, and those that were still coming in at that time."""
        ...

    async def remove(self, key: str) -> None: ...
    async def set_preview(self, key: str, preview: Preview | None) -> bool:
        """Record the one attempt; False when the file is gone by now."""
        ...

    async def set_picture(
        self, application_id: int, user_id: int, url: str, key: str | None
    ) -> str | None:
        """Give a user a picture; a hosted one before it is doomed, and its key answered."""
        ...


class NoFiles:
    """The file store of a process that has none: what it dooms is left to those that have."""

    async def put(self, key: str, chunks: AsyncIterator[bytes], *, limit: int) -> int:
        raise Unavailable("No files are kept here.")

    async def read(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        raise NotFound
        yield b""

    async def delete(self, key: str) -> None:
        raise Unavailable("No files are kept here.")


def new_key() -> str:
    """128 random bits, safe in a path."""
    return secrets.token_urlsafe(16)


def preview_key(key: str) -> str:
    """Under which the preview of a file is kept."""
    return f"{key}.preview"


def hosted_keys(files: Iterable[File]) -> list[str]:
    return [file.key for file in files if file.key is not None]


async def limited(chunks: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    """The same chunks. Raises TooLarge as soon as they are more than `limit` bytes."""
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"The file is larger than {limit} bytes.")
        yield chunk


def clean_name(name: str | None) -> str:
    """A file name that is only that: no path, nothing unprintable, nothing that turns the text
    around, at most 255 characters with the extension kept."""
    last = re.split(r"[/\\]", name or "")[-1]
    shown = "".join(each for each in last if unicodedata.category(each) not in _UNPRINTABLE)
    shown = " ".join(shown.split()).strip(". ")
    if len(shown) > MAX_NAME_CHARACTERS:
        stem, dot, extension = shown.rpartition(".")
        tail = (dot + extension)[-16:] if stem else ""
        shown = shown[: MAX_NAME_CHARACTERS - len(tail)] + tail
    return shown or "file"


_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean_type(content_type: str | None) -> str:
    """`type/subtype` in lower case, without parameters; what is no such thing is just bytes."""
    given = (content_type or "").partition(";")[0].strip().lower()
    return given if _MEDIA_TYPE.fullmatch(given) else UNKNOWN_TYPE
