"""Query strings: pages, cursors and filters as the published parameters spell them."""

from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request

from chat.checks import check_text
from chat.errors import Invalid
from chat.pages import CursorRequest, PageRequest
from server.dialects.chatkitty.spelling import camel
from server.http import MAX_QUERY_BYTES, convert, query_number, query_text

Choice = TypeVar("Choice")
MAX_NAMES = 100


def page_request(request: Request) -> PageRequest:
    """PAGE: `page`, `size` and any number of `sort=property,(asc|desc)`."""
    number, size = query_number(request, "page"), query_number(request, "size")
    wanted: dict[str, bool] = {}
    for text in request.query_params.getlist("sort"):
        *fields, last = [part.strip() for part in text.split(",") if part.strip()] or [""]
        if last.lower() not in ("asc", "desc"):
            fields, last = [*fields, last], "asc"
        for field in fields:
            wanted.setdefault(camel(field), last.lower() == "desc")
    wanted.pop("", None)
    return PageRequest(
        number=number or 0, size=25 if size is None else size, sort=tuple(wanted.items())
    )


def cursor_request(request: Request) -> CursorRequest:
    """CURSOR: `start` is the newest message of the page a cursor came from, `next` its oldest."""
    size = query_number(request, "size")
    start, following = query_number(request, "start"), query_number(request, "next")
    relation = query_choice(request, "relation", ("SELF", "PREVIOUS", "NEXT"))
    if relation is None:
        relation = "NEXT" if following is not None else "SELF"
    cursor = CursorRequest(size=25 if size is None else size)
    if relation == "NEXT":
        return msgspec.structs.replace(cursor, before=_given("next", following))
    if relation == "PREVIOUS":
        return msgspec.structs.replace(cursor, after=_given("start", start))
    return msgspec.structs.replace(cursor, before=start + 1 if start is not None else None)


def _given(name: str, value: int | None) -> int:
    if value is None:
        raise Invalid(f"This relation needs {name}.")
    return value


def query_choice(request: Request, name: str, choices: tuple[Choice, ...]) -> Choice | None:
    text = request.query_params.get(name)
    if not text:
        return None
    for choice in choices:
        if choice == text:
            return choice
    raise Invalid(f"{name} must be one of {', '.join(map(str, choices))}.")


def query_flag(request: Request, name: str) -> bool:
    return query_choice(request, name, ("true", "false")) == "true"


def query_names(request: Request, name: str) -> tuple[str, ...]:
    """A repeated parameter, each name once."""
    names = dict.fromkeys(request.query_params.getlist(name))
    if len(names) > MAX_NAMES:
        raise Invalid(f"{name} holds more than {MAX_NAMES} names.")
    return tuple(check_text(name, each, limit_bytes=MAX_QUERY_BYTES) for each in names if each)


def query_time(request: Request, name: str) -> datetime | None:
    """An ISO 8601 time, also in snake_case; UTC when it does not say."""
    text = _either(request, name)
    if text is None:
        return None
    time: datetime = convert(text, datetime)
    try:
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except OverflowError:
        raise Invalid(f"{name} is out of range.") from None


def _either(request: Request, name: str) -> str | None:
    spelt = {camel(key): value for key, value in request.query_params.items()}
    return spelt.get(name) or None


def query_properties(request: Request, name: str) -> dict[str, Any] | None:
    """A JSON object that the properties of what is listed must contain."""
    text = query_text(request, name)
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (ValueError, RecursionError):
        raise Invalid(f"{name} must be a JSON object.") from None
