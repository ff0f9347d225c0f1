"""Pages by number, for people turning leaves, and cursors, for readers of a moving list."""

from typing import Generic, Literal, TypeVar

import msgspec

from chat.errors import Invalid

T = TypeVar("T")
MAX_PAGE_SIZE = 1000
MAX_PAGE_DEPTH = 100_000


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`sort` holds (field, descending) pairs; each list knows which fields it can sort by."""

    number: int = 0
    size: int = 25
    sort: tuple[tuple[str, bool], ...] = ()

    @property
    def skip(self) -> int:
        return self.number * self.size


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    items: list[T]
    total: int
    request: PageRequest


class CursorRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first. `before` is the id the page starts below; `after` turns back to newer ones."""

    size: int = 25
    before: int | None = None
    after: int | None = None


class CursorPage(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """`older` and `newer` tell whether there is more on that side of the items. `end` is the id
    that older items are below, where it is not that of the last item."""

    items: list[T]
    older: bool
    newer: bool
    request: CursorRequest
    end: int | None = None


class MessageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages a cursor list holds. One of the scopes, or the whole application."""

    channel_id: int | None = None
    thread_id: int | None = None
    main_thread: bool = False
    reader_id: int | None = None
    unread: bool = False
    sender_name: str | None = None
    text: str | None = None


SessionState = Literal["ACTIVE", "ENDED"]


def check_page(request: PageRequest, fields: frozenset[str]) -> PageRequest:
    """Bound a page request and refuse sort fields a list does not have."""
    if request.number < 0:
        raise Invalid("page must not be negative.")
    if not 1 <= request.size <= MAX_PAGE_SIZE:
        raise Invalid(f"size must be between 1 and {MAX_PAGE_SIZE}.")
    if request.skip > MAX_PAGE_DEPTH:
        raise Invalid(f"Pages end {MAX_PAGE_DEPTH} items deep; narrow the list with a filter.")
    for field, _ in request.sort:
        if field not in fields:
            raise Invalid(f"This list cannot be sorted by {field[:64]}.")
    return request


def check_cursor(request: CursorRequest) -> CursorRequest:
    if not 1 <= request.size <= MAX_PAGE_SIZE:
        raise Invalid(f"size must be between 1 and {MAX_PAGE_SIZE}.")
    for value in (request.before, request.after):
        if value is not None and not 0 <= value <= 2**53 - 1:
            raise Invalid("A cursor is out of range.")
    return request
