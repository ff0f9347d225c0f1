"""The two spellings of field names: camelCase inside and in old versions, snake_case in new ones.

Rule: what is inside `properties` or `secret` belongs to the application and is never respelled.
"""

import functools
import re
from typing import Any

REQUEST_DEPTH = 4
"""No published request body nests its fields deeper."""
_CUSTOM = frozenset({"properties", "secret"})
_UNTOUCHED = frozenset({*_CUSTOM, "_links", "environmentVariables", "args", "result"})
_HUMP = re.compile(r"(?<=[a-z0-9])([A-Z])")


def camel(name: str) -> str:
    """`display_name` and `displayName` both become `displayName`."""
    first, *others = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in others) if first else name


@functools.cache
def snake(name: str) -> str:
    return _HUMP.sub(r"_\1", name).lower()


def to_camel(value: Any, depth: int = REQUEST_DEPTH) -> Any:
    """A request body with its field names in camelCase."""
    if depth and isinstance(value, dict):
        return {
            camel(key): item if key in _CUSTOM else to_camel(item, depth - 1)
            for key, item in value.items()
        }
    if depth and isinstance(value, list):
        return [to_camel(item, depth - 1) for item in value]
    return value


def to_snake(value: Any) -> Any:
    """A response body with its field names in snake_case; `isGuest` is there in both."""
    if isinstance(value, list):
        return [to_snake(item) for item in value]
    if not isinstance(value, dict):
        return value
    spelt = {
        snake(key): item if key in _UNTOUCHED else to_snake(item) for key, item in value.items()
    }
    if "isGuest" in value:
        spelt["isGuest"] = value["isGuest"]
    return spelt
