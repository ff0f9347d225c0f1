"""Uploads: a multipart form with one file, which is kept as it comes in, and some text fields.

Rule: every length is bounded, and whatever goes wrong the file does not stay.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Generic, NamedTuple, TypeVar

from starlette.requests import Request

from chat.actors import Actor
from chat.errors import Invalid, TooLarge
from chat.files import StoredFile
from server.http import allow_body, chat_from
from server.multipart import MultipartReader, Part

T = TypeVar("T")
Keep = Callable[[Part, AsyncIterator[bytes]], Awaitable[T]]
Discard = Callable[[T], Awaitable[None]]

FILE = "file"
MAX_FIELDS = 16
FIELD_BYTES = 128 * 1024
FORM_BYTES = (MAX_FIELDS + 1) * FIELD_BYTES
"""What a form may have beside its file."""


class Upload(NamedTuple, Generic[T]):
    file: T
    fields: dict[str, str]


@asynccontextmanager
async def received(request: Request, actor: Actor) -> AsyncIterator[Upload[StoredFile]]:
    """Read a form, its file becoming a hosted file of the actor's application. When the form, or
    its use in the block, is refused, the file is deleted.

    Raises Invalid, TooLarge, Unavailable, or HTTPException 413 or 415.
    """
    files = chat_from(request).files

    async def keep(part: Part, chunks: AsyncIterator[bytes]) -> StoredFile:
        return await files.upload(actor, part.filename, part.content_type, chunks)

    async def discard(file: StoredFile) -> None:
        await files.forget(actor, [file.key])

    upload = await read_form(request, keep, discard, limit=files.max_bytes)
    async with files.used(actor, upload.file):
        yield upload


async def read_form(
    request: Request, keep: Keep[T], discard: Discard[T], *, limit: int
) -> Upload[T]:
    """Read a form whose part `file`, with a file name or without one, is handed to `keep`; if
    the rest of the form then is no good, the result to `discard`. `limit` is that of the file."""
    _check_length(request, limit + FORM_BYTES)
    allow_body(request, limit + FORM_BYTES)
    reader = MultipartReader(request)
    fields: dict[str, str] = {}
    kept: list[T] = []
    async with AsyncExitStack() as undo:
        while part := await reader.next_part():
            if part.name != FILE and part.filename is None:
                fields[part.name] = await _field(part, reader)
            elif part.name != FILE or kept:
                raise Invalid(f"The form takes one file, in the part {FILE}.")
            else:
                kept.append(await keep(part, reader.chunks()))
                undo.push_async_callback(discard, kept[0])
            if len(fields) > MAX_FIELDS:
                raise Invalid(f"The form has more than {MAX_FIELDS} fields.")
        if not kept:
            raise Invalid(f"The form has no part {FILE}.")
        undo.pop_all()
    return Upload(kept[0], fields)


def _check_length(request: Request, limit: int) -> None:
    """Refuse what announces itself as too long before any of it is read."""
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > limit:
        raise TooLarge


async def _field(part: Part, reader: MultipartReader) -> str:
    value = bytearray()
    async for chunk in reader.chunks():
        value += chunk
        if len(value) > FIELD_BYTES:
            raise TooLarge(f"{part.name[:64]} is longer than {FIELD_BYTES} bytes.")
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Invalid(f"{part.name[:64]} is not UTF-8.") from None
