"""The two spellings of field names."""

import pytest

from server.dialects.chatkitty.spelling import camel, snake, to_camel, to_snake


@pytest.mark.parametrize(
    ("one", "other"),
    [("displayName", "display_name"), ("id", "id"), ("displayPictureUrl", "display_picture_url")],
)
def test_a_name_goes_both_ways(one: str, other: str) -> None:
    assert camel(other) == camel(one) == one
    assert snake(one) == other


@pytest.mark.parametrize("name", ["", "_links", "_", "__"])
def test_a_name_without_a_first_word_stays(name: str) -> None:
    assert camel(name) == name


def test_properties_are_never_respelled() -> None:
    body = {"group_tag": "g", "properties": {"my_key": {"your_key": 1}}}
    assert to_camel(body) == {"groupTag": "g", "properties": {"my_key": {"your_key": 1}}}
    resource = {"groupTag": "g", "properties": {"myKey": 1}, "_links": {"displayPicture": {}}}
    assert to_snake(resource) == {
        "group_tag": "g",
        "properties": {"myKey": 1},
        "_links": {"displayPicture": {}},
    }


def test_fields_inside_of_lists_are_respelled() -> None:
    assert to_camel({"members": [{"is_guest": True}]}) == {"members": [{"isGuest": True}]}
    assert to_snake([{"isGuest": True}]) == [{"is_guest": True, "isGuest": True}]
