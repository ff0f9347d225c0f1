"""What any value from outside must satisfy. Every failure is an Invalid that names the field."""

import math
from typing import Any

import msgspec

from chat.errors import Invalid

MAX_NAME_CHARACTERS = 255
MAX_TEXT_BYTES = 65_536
MAX_JSON_DEPTH = 32
MAX_JSON_BYTES = 65_536
MAX_FILES = 32
MAX_ID = 2**53 - 1
MAX_INTEGER_BITS = 1023
"""What is larger is no double, as which most readers of JSON take any number."""


def check_text(field: str, value: str, *, limit_bytes: int = MAX_TEXT_BYTES) -> str:
    """Refuse what PostgreSQL cannot store (NUL, lone surrogates) and what is too long."""
    if "\x00" in value:
        raise Invalid(f"{field} must not contain NUL.")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise Invalid(f"{field} must not contain lone surrogates.") from None
    if size > limit_bytes:
        raise Invalid(f"{field} is longer than {limit_bytes} bytes.")
    return value


def check_name(field: str, value: str) -> str:
    """A name: 1 to 255 characters, not only white space."""
    if len(value) > MAX_NAME_CHARACTERS:
        raise Invalid(f"{field} is longer than {MAX_NAME_CHARACTERS} characters.")
    check_text(field, value)
    if not value.strip():
        raise Invalid(f"{field} must not be empty.")
    return value


def check_id(field: str, value: int) -> int:
    if not 0 < value <= MAX_ID:
        raise Invalid(f"{field} must be between 1 and 2^53-1.")
    return value


def check_offset(field: str, value: int) -> int:
    if not 0 <= value <= MAX_ID:
        raise Invalid(f"{field} must be between 0 and 2^53-1.")
    return value


def check_limit(value: int, most: int) -> int:
    if not 1 <= value <= most:
        raise Invalid(f"limit must be between 1 and {most}.")
    return value


def check_properties(field: str, value: dict[str, Any]) -> dict[str, Any]:
    """A JSON object of bounded size and depth."""
    check_json(field, value)
    return value


def check_json(field: str, value: Any) -> Any:
    """Only what JSON and PostgreSQL's jsonb both hold: no NUL, NaN, binary or dates (MessagePack
    brings those), at most 32 levels and 64 KiB."""
    # The size first, for what follows takes as long as the value is large.
    if _json_bytes(field, value) > MAX_JSON_BYTES:
        raise Invalid(f"{field} is larger than {MAX_JSON_BYTES} bytes.")
    _check_value(field, value, 0)
    return value


def _json_bytes(field: str, value: Any) -> int:
    try:
        return len(msgspec.json.encode(value))
    except RecursionError:
        raise Invalid(f"{field} is nested deeper than {MAX_JSON_DEPTH} levels.") from None
    except UnicodeEncodeError:
        raise Invalid(f"{field} must not contain lone surrogates.") from None
    except TypeError:
        raise Invalid(f"{field} holds a value that JSON does not know.") from None


def _check_value(field: str, value: Any, depth: int) -> None:
    if depth > MAX_JSON_DEPTH:
        raise Invalid(f"{field} is nested deeper than {MAX_JSON_DEPTH} levels.")
    if isinstance(value, str):
        check_text(field, value)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise Invalid(f"{field} holds an object whose keys are not strings.")
            check_text(field, key)
            _check_value(field, item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check_value(field, item, depth + 1)
    elif isinstance(value, int | float):
        _check_number(field, value)
    elif value is not None:
        raise Invalid(f"{field} holds a value that JSON does not know.")


def _check_number(field: str, value: float) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise Invalid(f"{field} holds a number that JSON does not know.")
    if isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
        raise Invalid(f"{field} holds a number out of range.")
