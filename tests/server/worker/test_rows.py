"""The splitting of JSON arrays: whole, in pieces, from the middle, and broken."""

import itertools
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.worker.rows import MAX_ROW_BYTES, BrokenFile, Row, Rows

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def split(*pieces: bytes, position: int = 0, number: int = 0) -> list[Row]:
    rows = Rows(position, number)
    found = [row for piece in pieces for row in rows.feed(piece)]
    rows.close()
    return found


def values(rows: list[Row]) -> list[Any]:
    return [msgspec.json.decode(row.text) if row.text is not None else ... for row in rows]


def in_pieces(text: bytes, cuts: list[int]) -> list[bytes]:
    ends = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[start:end] for start, end in itertools.pairwise(ends)]


@given(st.lists(JSON, max_size=8), st.lists(st.integers(0, 10_000), max_size=8), st.booleans())
def test_however_an_array_is_cut_its_rows_are_the_same(
    items: list[Any], cuts: list[int], pretty: bool
) -> None:
    text = msgspec.json.encode(items)
    text = msgspec.json.format(text, indent=2) if pretty else text
    assert values(split(*in_pieces(text, cuts))) == items


@given(st.lists(JSON, min_size=1, max_size=8))
def test_after_every_row_the_rest_can_be_split_alone(items: list[Any]) -> None:
    text = msgspec.json.encode(items)
    for row in split(text):
        rest = split(text[row.end :], position=row.end, number=row.number)
        assert values(rest) == items[row.number :]
        assert [each.end for each in rest] == [each.end for each in split(text)[row.number :]]


def test_every_single_byte_may_come_alone() -> None:
    text = b'\xef\xbb\xbf [ {"a": "}\\"]"} , [1, {"b": []}],"x\\\\", 12 ,null ]\n'
    assert values(split(*(text[at : at + 1] for at in range(len(text))))) == [
        {"a": '}"]'},
        [1, {"b": []}],
        "x\\",
        12,
        None,
    ]


@pytest.mark.parametrize(
    ("text", "why", "before"),
    [
        (b"", "The file is empty.", 0),
        (b" \n ", "The file is empty.", 0),
        (b'{"a": 1}', "not a JSON array", 0),
        (b'"[]"', "not a JSON array", 0),
        (b'[{"a": 1}, {"b"', "ends in the middle", 1),
        (b'[{"a": 1}', "ends in the middle", 1),
        (b'[{"a": 1},', "ends in the middle", 1),
        (b'[{"a": 1} {"b": 2}]', "no comma", 1),
        (b'[{"a": 1},,{"b": 2}]', "A row is missing", 1),
        (b'[{"a": 1},]', "A row is missing", 1),
        (b'[{"a": 1}}', "no comma", 1),
        (b'[{"a": 1}] []', "more behind the array", 1),
        (b"[" * 100_000, "ends in the middle", 0),
        (b'[{"a": 1},' + b"x" * (MAX_ROW_BYTES + 2), "no JSON", 1),
    ],
)
def test_a_broken_file_is_split_up_to_where_it_breaks(text: bytes, why: str, before: int) -> None:
    rows = Rows()
    found: list[Row] = []
    with pytest.raises(BrokenFile, match=why):
        feed_all(rows, text, found)
    assert len(found) == before


def feed_all(rows: Rows, text: bytes, found: list[Row]) -> None:
    for piece in in_pieces(text, list(range(0, len(text), 65_536))):
        found += rows.feed(piece)
    rows.close()


def test_a_row_that_is_too_long_is_passed_over_and_the_others_are_not() -> None:
    huge = b'{"a": "' + b'\\"]},{' * (MAX_ROW_BYTES // 3) + b'", "b": [{}]}'
    text = b"[1," + huge + b', {"c": 3},"' + b"\\\\" * MAX_ROW_BYTES + b'",4]'
    for size in (65_536, 65_537, len(text)):
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        found = split(*pieces)
        assert values(found) == [1, ..., {"c": 3}, ..., 4]
        assert [text[: row.end][-1:] for row in found] == [b"1", b"}", b"}", b'"', b"4"]


def test_a_long_row_in_small_pieces_is_not_scanned_again_and_again() -> None:
    row = b"[" + b'{"a": "b"},' * 60_000 + b"1]"
    text = b"[" + row + b"]"
    started = time.perf_counter()
    assert len(split(*(text[at : at + 512] for at in range(0, len(text), 512)))) == 1
    assert time.perf_counter() - started < 2
