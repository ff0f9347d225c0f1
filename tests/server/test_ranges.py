"""Ranges and validators, as RFC 9110 has them."""

from datetime import UTC, datetime

import pytest

from server.ranges import Unsatisfiable, http_date, not_modified, wanted_range

ETAG = '"key"'
MODIFIED = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
DATE = "Fri, 02 Jan 2026 03:04:05 GMT"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=2-4", (2, 5)),
        ("bytes=2-", (2, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-99", (0, 10)),
        ("bytes=5-99", (5, 10)),
        ("Bytes = 1 - 2", (1, 3)),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=4-2", None),
        ("bytes=0-1,3-4", None),
        ("bytes=a-b", None),
        ("lines=0-1", None),
        ("bytes=99999999999999999999-", None),
        ("", None),
    ],
)
def test_a_range_is_read_or_ignored(header: str, expected: tuple[int, int] | None) -> None:
    assert wanted_range({"range": header}, ETAG, MODIFIED, 10) == expected


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=-1", 0)])
def test_a_range_outside_of_the_file_is_unsatisfiable(header: str, size: int) -> None:
    with pytest.raises(Unsatisfiable):
        wanted_range({"range": header}, ETAG, MODIFIED, size)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (ETAG, True),
        (DATE, True),
        ('"other"', False),
        (f"W/{ETAG}", False),
        ("Fri, 02 Jan 2026 03:04:06 GMT", False),
        ("not a date", False),
    ],
)
def test_a_range_is_given_only_of_what_the_client_has(condition: str, holds: bool) -> None:
    headers = {"range": "bytes=0-1", "if-range": condition}
    assert (wanted_range(headers, ETAG, MODIFIED, 10) is not None) is holds


@pytest.mark.parametrize(
    ("headers", "known"),
    [
        ({}, False),
        ({"if-none-match": ETAG}, True),
        ({"if-none-match": f'"a", W/{ETAG}'}, True),
        ({"if-none-match": "*"}, True),
        ({"if-none-match": '"a"', "if-modified-since": DATE}, False),
        ({"if-modified-since": DATE}, True),
        ({"if-modified-since": "Thu, 01 Jan 2026 03:04:05 GMT"}, False),
        ({"if-modified-since": "yesterday"}, False),
    ],
)
def test_what_the_client_has_is_not_sent_again(headers: dict[str, str], known: bool) -> None:
    assert not_modified(headers, ETAG, MODIFIED) is known


def test_dates_are_written_as_http_writes_them() -> None:
    assert http_date(MODIFIED) == DATE
