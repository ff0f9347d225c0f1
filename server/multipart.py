"""Multipart forms read as they come in (RFC 7578): no part is ever whole in memory or on disk.

Rule: nothing here knows what parts are for; `server/uploads.py` does.
"""

from collections import deque
from collections.abc import AsyncIterator
from typing import NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import Request

from chat.errors import Invalid

FORM = "multipart/form-data"


class Part(NamedTuple):
    """What the headers of a part say."""

    name: str
    filename: str | None
    content_type: str | None


class MultipartReader:
    """The parts of a request's body in their order, each to be read before the next.

    Everything raises Invalid when the body is no such form, or ends too early.
    """

    def __init__(self, request: Request) -> None:
        self._body = request.stream()
        self._events: deque[Part | bytes] = deque()
        self._ended = False
        self._headers: dict[bytes, bytes] = {}
        self._field = self._value = b""
        try:
            self._parser = MultipartParser(
                _boundary(request),
                {
                    "on_part_begin": self._headers.clear,
                    "on_header_field": self._take_field,
                    "on_header_value": self._take_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._begin_part,
                    "on_part_data": self._take_data,
                    "on_end": self._end,
                },
            )
        except FormParserError:
            raise Invalid("The boundary of the form cannot be used.") from None

    async def next_part(self) -> Part | None:
        """The next part, whatever is left of the one before it; None after the last."""
        while await self._has_event():
            event = self._events.popleft()
            if isinstance(event, Part):
                return event
        return None

    async def chunks(self) -> AsyncIterator[bytes]:
        """What the part holds."""
        while await self._has_event() and isinstance(chunk := self._events[0], bytes):
            self._events.popleft()
            yield chunk

    async def _has_event(self) -> bool:
        while not self._events and not self._ended:
            chunk = await anext(self._body, None)
            if chunk is None:
                raise Invalid("The form ends too early.")
            try:
                self._parser.write(chunk)
            except FormParserError:
                raise Invalid("The form cannot be read.") from None
        return bool(self._events)

    def _take_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _take_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def _begin_part(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        if b"name" not in options:
            raise Invalid("A part of the form has no name.")
        filename = options.get(b"filename")
        content_type = self._headers.get(b"content-type")
        self._events.append(
            Part(
                _text(options[b"name"]),
                _text(filename) if filename is not None else None,
                content_type.decode("latin-1") if content_type is not None else None,
            )
        )

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(data[start:end])

    def _end(self) -> None:
        self._ended = True


def is_form(request: Request) -> bool:
    given = request.headers.get("content-type", "").partition(";")[0]
    return given.strip().lower() == FORM


def _boundary(request: Request) -> bytes:
    if not is_form(request):
        raise HTTPException(415, f"The body must be {FORM}.")
    _, options = parse_options_header(request.headers["content-type"])
    if not options.get(b"boundary"):
        raise Invalid("The form names no boundary.")
    return options[b"boundary"]


def _text(value: bytes) -> str:
    """Names are UTF-8 (RFC 7578, section 5.1); what is not stays readable at least."""
    return value.decode("utf-8", "replace")
