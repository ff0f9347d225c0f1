"""Checks: whatever passes them can be stored, and read back as it was."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.checks import check_id, check_json, check_limit, check_name, check_offset, check_text
from chat.errors import Invalid

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
)


@given(anything)
def test_what_passes_is_json_without_nul(value: Any) -> None:
    try:
        check_json("x", value)
    except Invalid:
        return
    encoded = msgspec.json.encode(value)
    assert msgspec.json.decode(encoded) == value
    assert b"\\u0000" not in encoded


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        2**1023,
        -(2**2000),
        {1: 2},
        {"a": object()},
        b"bytes",
        "\x00",
        "\ud800",
        {"\x00": 1},
        ["x" * 65_536],
        [1] * 40_000,
        [set()],
    ],
    ids=range(13),
)
def test_what_json_does_not_hold_is_refused(value: Any) -> None:
    with pytest.raises(Invalid, match=r"^field "):
        check_json("field", value)


@pytest.mark.parametrize("depth", [33, 10_000])
def test_what_is_nested_too_deep_is_refused(depth: int) -> None:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    with pytest.raises(Invalid, match="32 levels"):
        check_json("field", value)


@given(st.text())
def test_texts_that_pass_can_be_encoded(text: str) -> None:
    try:
        check_text("x", text, limit_bytes=20)
    except Invalid:
        return
    assert len(text.encode()) <= 20
    assert "\x00" not in text


def test_bounds_are_inclusive() -> None:
    assert (check_id("x", 1), check_id("x", 2**53 - 1), check_offset("x", 0)) == (1, 2**53 - 1, 0)
    assert (check_limit(1, 5), check_limit(5, 5)) == (1, 5)
    assert check_name("x", "n" * 255) == "n" * 255
    for check in (lambda: check_id("x", 0), lambda: check_offset("x", 2**53)):
        with pytest.raises(Invalid):
            check()
    for value in (0, 6):
        with pytest.raises(Invalid):
            check_limit(value, 5)
