"""Refusals: stable codes, texts for people, and when trying again is of use."""

import pytest

from chat.errors import ChatError, Invalid, TooMany, Unavailable


def every(family: type[ChatError]) -> list[type[ChatError]]:
    return [family, *(each for one in family.__subclasses__() for each in every(one))]


def test_every_refusal_has_a_code_of_its_own_and_a_sentence() -> None:
    kinds = every(ChatError)
    assert len({kind.code for kind in kinds}) == len(kinds)
    for kind in kinds:
        assert str(kind()) == kind.text
        assert kind.text.endswith(".")
        assert str(kind("Another sentence.")) == "Another sentence."


@pytest.mark.parametrize(("kind", "seconds"), [(Invalid, None), (TooMany, 1.0), (Unavailable, 1.0)])
def test_when_to_try_again_is_told_where_that_is_of_use(
    kind: type[ChatError], seconds: float | None
) -> None:
    assert kind().retry_after == seconds
    assert kind(retry_after=7.5).retry_after == 7.5
    assert kind().retry_after == seconds
