"""Schemas in the two spellings that bodies have, and the media types that tell which.

Rule: this mirrors `spelling.to_snake`: whatever that renames is renamed here.
"""

from collections.abc import Callable
from typing import Any

from server.dialects.chatkitty.media import ANSWERED, JSON, is_snake_case
from server.dialects.chatkitty.spelling import snake
from server.openapi import Json, Schemas

SUFFIX = ".snake"
PATCHES = ("application/json+merge-patch", "application/merge-patch+json")


def in_snake_case(schema: Json) -> Json:
    """The schema of the same value in snake_case; `isGuest` is there in both."""
    return {keyword: _KEYWORDS.get(keyword, _same)(value) for keyword, value in schema.items()}


def _properties(fields: dict[str, Json]) -> Json:
    spelt = {snake(name): in_snake_case(schema) for name, schema in fields.items()}
    return spelt | ({"isGuest": fields["isGuest"]} if "isGuest" in fields else {})


def _same(value: object) -> object:
    return value


_KEYWORDS: dict[str, Callable[[Any], Any]] = {
    "$ref": lambda reference: reference + SUFFIX,
    "title": lambda title: title + SUFFIX,
    "properties": _properties,
    "required": lambda names: [snake(name) for name in names],
    "anyOf": lambda schemas: [in_snake_case(schema) for schema in schemas],
    "items": in_snake_case,
    "additionalProperties": lambda inner: (
        in_snake_case(inner) if isinstance(inner, dict) else inner
    ),
    "discriminator": lambda named: {
        **named,
        "mapping": {tag: reference + SUFFIX for tag, reference in named["mapping"].items()},
    },
}


def components(schemas: Schemas) -> dict[str, Json]:
    """Every schema, and the same in snake_case under its name with a suffix."""
    return schemas.components | {
        name + SUFFIX: in_snake_case(schema) for name, schema in schemas.components.items()
    }


def answered(schema: Json) -> Json:
    """The content of an answer: all types in which it can be asked for."""
    return _content(schema, ANSWERED)


def accepted(schema: Json, method: str) -> Json:
    """The content of a request."""
    types = [JSON, "application/vnd.chatkitty+json"]
    return _content(schema, [*types, *PATCHES] if method == "PATCH" else types)


def _content(schema: Json, media_types: list[str] | tuple[str, ...]) -> Json:
    spelt = in_snake_case(schema)
    return {each: {"schema": spelt if is_snake_case(each) else schema} for each in media_types}
