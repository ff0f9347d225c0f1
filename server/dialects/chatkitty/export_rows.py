"""Rows of export files: the published models, as JSON lines and as CSV.

Rule: JSON lines hold the models as they are; CSV is for spreadsheets, which must run nothing that
users wrote.
"""

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import msgspec

from chat.jobs import Job, JobKind
from chat.messages import Message
from chat.users import User
from server.dialects.chatkitty.resources import instant, message_properties, user_properties
from server.dialects.chatkitty.view import View

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

USER_COLUMNS = (
    "id",
    "type",
    "name",
    "displayName",
    "displayPictureUrl",
    "isGuest",
    "callStatus",
    "presence.online",
    "presence.status",
    "properties",
    "createdTime",
)
MESSAGE_COLUMNS = (
    "id",
    "type",
    "channelId",
    "createdTime",
    "lastEditedTime",
    "groupTag",
    "nestedLevel",
    "repliesCount",
    "user.id",
    "user.name",
    "user.displayName",
    "body",
    "file.type",
    "file.name",
    "file.contentType",
    "file.size",
    "file.url",
    "links",
    "mentions",
    "reactions",
    "properties",
)
COLUMNS: Mapping[JobKind, tuple[str, ...]] = {
    "MESSAGE_ANALYTICS_EXPORT": MESSAGE_COLUMNS,
    "USER_ANALYTICS_EXPORT": USER_COLUMNS,
}
REPORT_COLUMNS = ("row", "reason")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def columns_of(job: Job) -> tuple[str, ...]:
    return COLUMNS.get(job.kind, REPORT_COLUMNS)


def message_lines(view: View, messages: Sequence[Message]) -> bytes:
    return b"".join(_encode(message_properties(view, each)) + b"\n" for each in messages)


def user_lines(view: View, users: Sequence[User]) -> bytes:
    return b"".join(_encode(user_row(view, each)) + b"\n" for each in users)


def user_row(view: View, user: User) -> dict[str, Any]:
    return user_properties(view, user) | {"createdTime": instant(user.created)}


async def as_csv(lines: AsyncIterator[bytes], columns: Sequence[str]) -> AsyncIterator[bytes]:
    """JSON lines as CSV (RFC 4180, UTF-8), with a heading. What is no text or number is JSON."""
    yield _csv([columns])
    rest = b""
    async with aclosing(lines):  # type: ignore[type-var]
        async for piece in lines:
            *whole, rest = (rest + piece).split(b"\n")
            if whole:
                yield _csv([_cells(_decode(line), columns) for line in whole])


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _cells(row: Any, columns: Sequence[str]) -> list[str]:
    return [_cell(row, column) for column in columns]


def _cell(row: Any, column: str) -> str:
    value = row
    for field in column.split("."):
        value = value.get(field) if isinstance(value, dict) else None
    if value is None:
        return ""
    if not isinstance(value, str):
        return _encode(value).decode()
    # OWASP "CSV Injection": a spreadsheet runs what begins so; as a text it is harmless.
    return f"'{value}" if value.startswith(_FORMULA) else value
