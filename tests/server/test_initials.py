"""Pictures drawn from names."""

from xml.etree import ElementTree as ET

import pytest

from server.initials import draw, initials


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Joni Jordyn", "JJ"),
        ("jane", "J"),
        ("Ana María de la Cruz", "AC"),
        ("кот Матроскин", "КМ"),
        ("山田 太郎", "山太"),
        ("مريم علي", "مع"),
        ("🐈 cat", "🐈C"),
        ("-- (jane)", "J"),
        ("<script>", "<"),
        ("e\u0301mile", "E\u0301"),
        ("a" + "\u0301" * 50, "A" + "\u0301" * 3),
        ("\x00\x01", "?"),
        ("   ", "?"),
        ("", "?"),
    ],
)
def test_initials_are_of_the_first_and_the_last_word(name: str, expected: str) -> None:
    assert initials(name) == expected


@pytest.mark.parametrize("name", ["jane", "<&>\"'", "\x00\ud800", "🐈\u200d⬛", ""])
def test_a_picture_is_well_formed_and_always_the_same(name: str) -> None:
    picture = draw(name)
    assert draw(name) == picture
    assert ET.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"


def test_names_differ_in_colour() -> None:
    assert len({draw(f"jane {number}") for number in range(20)}) > 10
