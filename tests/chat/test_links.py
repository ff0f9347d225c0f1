"""Links: found as people write them, placed as JavaScript counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.links import MAX_LINKS, Link, find_links


def javascript(text: str, start: int, end: int) -> str:
    """`text.substring(start, end)` in JavaScript."""
    units = text.encode("utf-16-le", "surrogatepass")
    return units[2 * start : 2 * end].decode("utf-16-le", "surrogatepass")


def sources(text: str) -> list[str]:
    return [link.source for link in find_links(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://a.test/x", ["https://a.test/x"]),
        ("see https://a.test/x.", ["https://a.test/x"]),
        ("(https://a.test/x)", ["https://a.test/x"]),
        ("https://a.test/x_(y) z", ["https://a.test/x_(y)"]),
        ("(see https://a.test/x_(y)).", ["https://a.test/x_(y)"]),
        ("HTTP://A.test, http://b.test!", ["HTTP://A.test", "http://b.test"]),
        ("<https://a.test/?q=1&r=2#f>", ["https://a.test/?q=1&r=2#f"]),
        ("https://a.test/é“quoted”", ["https://a.test/é"]),
        ("https://[::1]/x", ["https://[::1]/x"]),
        ("https://user@a.test:99/", ["https://user@a.test:99/"]),
        ("xhttps://a.test", []),
        ("https://", []),
        ("https://.", []),
        ("https://[", []),
        ("http://[x]/", []),
        ("ftp://a.test javascript:alert(1) //a.test", []),
        ("https://" + "a" * 5000, []),
        ("", []),
    ],
)
def test_links_are_found_without_the_punctuation_around_them(text: str, found: list[str]) -> None:
    assert sources(text) == found


def test_positions_count_utf_16_units() -> None:
    [link] = find_links("👍🏽 é https://a.test/👍.")
    assert link == Link("https://a.test/👍", 7, 24)


def test_only_so_many_links_of_a_text_are_told() -> None:
    assert len(find_links("http://a.test " * 1000)) == MAX_LINKS


@given(
    st.lists(st.sampled_from(["https://a.test/x", "👍", "é", "e\u0301", " ", "(", ")", ".", "a"]))
)
def test_every_link_stands_where_it_says(parts: list[str]) -> None:
    text = "".join(parts)
    for link in find_links(text):
        assert javascript(text, link.start, link.end) == link.source


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    for link in find_links(text + "http://" + text):
        assert link.start < link.end
