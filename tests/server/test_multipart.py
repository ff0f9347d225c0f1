"""Forms as they come in: split anywhere, malformed, too many, too long."""

from collections.abc import AsyncIterator, Sequence

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from chat.errors import Invalid, TooLarge
from server.multipart import MultipartReader, Part
from server.uploads import FIELD_BYTES, MAX_FIELDS, read_form

BOUNDARY = b"--frontier"
FORM = (
    b"----frontier\r\n"
    b'Content-Disposition: form-data; name="groupTag"\r\n\r\n'
    b"g\r\n"
    b"----frontier\r\n"
    b'Content-Disposition: form-data; name="file"; filename="\xd0\xba\xd0\xbe\xd1\x82.png"\r\n'
    b"Content-Type: image/png\r\n\r\n"
    b"\r\n--\r\n----front\r\n"
    b"----frontier--\r\n"
)


def request_of(
    *chunks: bytes, content_type: str = "multipart/form-data; boundary=--frontier", length: int = 0
) -> Request:
    messages: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks
    ]
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    waiting = iter(messages)

    async def receive() -> Message:
        return next(waiting)

    headers = [(b"content-type", content_type.encode())]
    if length:
        headers.append((b"content-length", str(length).encode()))
    return Request({"type": "http", "method": "POST", "headers": headers, "state": {}}, receive)


def part(name: str, content: bytes = b"x", rest: str = "") -> bytes:
    head = f'----frontier\r\nContent-Disposition: form-data; name="{name}"{rest}\r\n\r\n'
    return head.encode() + content + b"\r\n"


END = b"----frontier--\r\n"


class Shelf:
    """Keeps files in memory, and knows what was thrown away."""

    def __init__(self) -> None:
        self.kept: list[tuple[Part, bytes]] = []
        self.discarded: list[tuple[Part, bytes]] = []

    async def keep(self, part: Part, chunks: AsyncIterator[bytes]) -> tuple[Part, bytes]:
        self.kept.append((part, b"".join([chunk async for chunk in chunks])))
        return self.kept[-1]

    async def discard(self, file: tuple[Part, bytes]) -> None:
        self.discarded.append(file)

    async def read(self, request: Request) -> dict[str, str]:
        upload = await read_form(request, self.keep, self.discard, limit=1000)
        return upload.fields


def splits() -> Sequence[tuple[bytes, ...]]:
    bytewise = tuple(FORM[n : n + 1] for n in range(len(FORM)))
    return [(FORM,), bytewise, *((FORM[:n], FORM[n:]) for n in range(1, len(FORM)))]


async def test_a_form_is_the_same_however_it_is_cut() -> None:
    for chunks in splits():
        shelf = Shelf()
        assert await shelf.read(request_of(*chunks)) == {"groupTag": "g"}
        assert shelf.kept == [(Part("file", "кот.png", "image/png"), b"\r\n--\r\n----front")]


async def test_a_file_needs_no_name_and_no_type() -> None:
    shelf = Shelf()
    await shelf.read(request_of(part("file", b"[]") + END))
    assert shelf.kept == [(Part("file", None, None), b"[]")]


async def test_what_was_not_read_of_a_part_is_skipped() -> None:
    reader = MultipartReader(request_of(FORM))
    first, second, last = [await reader.next_part() for _ in range(3)]
    assert first == Part("groupTag", None, None)
    assert second == Part("file", "кот.png", "image/png")
    assert last is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing like it",
        FORM[:-10],
        FORM[:40],
        b"----frontier\r\nContent-Disposition: form-data\r\n\r\nx\r\n" + END,
        b"----frontier\r\nBad Header\r\n\r\nx\r\n" + END,
        b"----frontier\r\nX: " + b"x" * 100_000 + b"\r\n\r\n" + END,
        b"----frontier\r\n" + b"X: y\r\n" * 1000 + b"\r\n" + END,
        part("groupTag") + END,
        END,
        part("properties", b"\xff") + part("file") + END,
        part("file") + part("file") + END,
        part("other", rest='; filename="x"') + END,
        b"".join(part(f"f{n}") for n in range(MAX_FIELDS + 1)) + part("file") + END,
        part("file") + b"----frontier\r\nbroken",
    ],
)
async def test_a_form_that_is_no_good_is_refused_and_keeps_nothing(body: bytes) -> None:
    shelf = Shelf()
    with pytest.raises(Invalid):
        await shelf.read(request_of(body))
    assert len(shelf.discarded) in (0, len(shelf.kept))


async def test_a_file_before_the_fault_is_discarded() -> None:
    shelf = Shelf()
    with pytest.raises(Invalid):
        await shelf.read(request_of(part("file", b"cat") + part("file")))
    assert shelf.discarded == [(Part("file", None, None), b"cat")]


@pytest.mark.parametrize(
    "request_",
    [
        request_of(part("groupTag", b"x" * (FIELD_BYTES + 1)) + part("file") + END),
        request_of(length=1000 + (MAX_FIELDS + 1) * FIELD_BYTES + 1),
    ],
)
async def test_what_is_too_long_is_refused(request_: Request) -> None:
    with pytest.raises(TooLarge):
        await Shelf().read(request_)


@pytest.mark.parametrize("content_type", ["application/json", "", "multipart/mixed; boundary=x"])
async def test_other_bodies_are_no_forms(content_type: str) -> None:
    with pytest.raises(HTTPException, match="415"):
        await Shelf().read(request_of(content_type=content_type))


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=" + "x" * 500])
async def test_a_form_names_a_usable_boundary(boundary: str) -> None:
    with pytest.raises(Invalid):
        await Shelf().read(request_of(FORM, content_type=f"multipart/form-data{boundary}"))
