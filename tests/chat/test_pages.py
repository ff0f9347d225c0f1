"""Pages and cursors: bounded, and sorted by what a list knows."""

import pytest

from chat.errors import Invalid
from chat.pages import (
    MAX_PAGE_DEPTH,
    MAX_PAGE_SIZE,
    CursorRequest,
    PageRequest,
    check_cursor,
    check_page,
)

NAMES = frozenset({"name"})


@pytest.mark.parametrize(
    "request_",
    [
        PageRequest(number=-1),
        PageRequest(size=0),
        PageRequest(size=MAX_PAGE_SIZE + 1),
        PageRequest(number=MAX_PAGE_DEPTH // 25 + 1),
        PageRequest(sort=(("name", True), ("password", False))),
    ],
    ids=range(5),
)
def test_what_is_no_page_is_refused(request_: PageRequest) -> None:
    with pytest.raises(Invalid):
        check_page(request_, NAMES)


@pytest.mark.parametrize(
    "request_",
    [
        CursorRequest(size=0),
        CursorRequest(size=MAX_PAGE_SIZE + 1),
        CursorRequest(before=-1),
        CursorRequest(after=2**53),
    ],
    ids=range(4),
)
def test_what_is_no_cursor_is_refused(request_: CursorRequest) -> None:
    with pytest.raises(Invalid):
        check_cursor(request_)


def test_what_is_within_the_bounds_passes_as_it_is() -> None:
    page = PageRequest(number=100, size=MAX_PAGE_SIZE, sort=(("name", True),))
    assert check_page(page, NAMES) is page
    assert page.skip == MAX_PAGE_DEPTH
    cursor = CursorRequest(size=MAX_PAGE_SIZE, before=0, after=2**53 - 1)
    assert check_cursor(cursor) is cursor
