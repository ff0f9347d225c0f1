"""The id of a frame that cannot be decoded, so that it can be answered all the same.

Rule: only tokens are looked at, without recursion and only so many: frames come here because
they are nested too deep, hold broken text, or have members of the wrong type, and whoever sends
them must not be able to occupy the node.
"""

import re
from itertools import islice

# A string runs to its end or, unterminated, to the end of the frame: what it has consumed is
# never looked at again (the possessive quantifiers), so the time is linear in the length.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[{\[]+|[}\]]+|:|,|[^\s"{}\[\]:,]++', re.DOTALL)
_MOST_TOKENS = 50_000
"""About 10 ms of work; an id farther back is not found."""
_MOST_DIGITS = 16


def find_id(payload: bytes | bytearray, *, binary: bool) -> int | None:
    """The value of the top-level member `id`, if it is an acceptable one."""
    find = _find_in_msgpack if binary else _find_in_json
    try:
        found = find(bytes(payload))
    except (IndexError, ValueError):
        return None
    return found if found is not None and 0 <= found < 2**53 else None


def _find_in_json(payload: bytes) -> int | None:
    depth = 0
    key: bytes | None = None
    expecting_value = False
    for match in islice(_TOKEN.finditer(payload), _MOST_TOKENS):
        token = match.group()
        if token[0] in b"{[":
            if not depth and token[:1] != b"{":
                return None
            depth += len(token)
            expecting_value = False
        elif token[0] in b"}]":
            depth -= len(token)
        elif depth != 1:
            continue
        elif token == b":":
            expecting_value = True
        elif token == b",":
            expecting_value, key = False, None
        elif expecting_value:
            if key == b'"id"':
                return int(token) if token.isdigit() and len(token) <= _MOST_DIGITS else None
        else:
            key = token
    return None


# MessagePack: how many bytes follow a first byte, and how many items are inside (msgpack spec,
# "formats"). A length field is (its size, bytes before the data it counts).
_FIXED = {0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8}
_FIXED |= {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
_FIXED |= {0xD4: 2, 0xD5: 3, 0xD6: 5, 0xD7: 9, 0xD8: 17}
_COUNTED = {0xC4: (1, 0), 0xC5: (2, 0), 0xC6: (4, 0), 0xD9: (1, 0), 0xDA: (2, 0), 0xDB: (4, 0)}
_COUNTED |= {0xC7: (1, 1), 0xC8: (2, 1), 0xC9: (4, 1)}
_UNSIGNED = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}
_ITEMS = {0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)}


def _find_in_msgpack(payload: bytes) -> int | None:
    if payload[0] & 0xF0 != 0x80 and payload[0] not in (0xDE, 0xDF):
        return None
    items, at = _step(payload, 0)
    # `left` counts what is still to come of the value at hand, whatever it is nested in.
    left = 0
    is_key = True
    for _ in range(min(_MOST_TOKENS, len(payload))):
        if not left and not items:
            return None
        start = at
        inside, at = _step(payload, at)
        if left:
            left += inside - 1
            continue
        if is_key and payload[start:at] == b"\xa2id":
            return _integer(payload, at)
        items -= 1
        is_key = not is_key
        left = inside
    return None


def _integer(payload: bytes, at: int) -> int | None:
    first = payload[at]
    if first <= 0x7F:
        return first
    size = _UNSIGNED.get(first, 0)
    data = payload[at + 1 : at + 1 + size]
    return int.from_bytes(data) if size and len(data) == size else None


def _step(payload: bytes, at: int) -> tuple[int, int]:
    """The number of values inside the one that begins here, and where its head ends."""
    first = payload[at]
    at += 1
    if first <= 0x7F or first >= 0xE0:
        return 0, at
    if first <= 0x8F:
        return 2 * (first & 0x0F), at
    if first <= 0x9F:
        return first & 0x0F, at
    if first <= 0xBF:
        return 0, at + (first & 0x1F)
    if first in _FIXED:
        return 0, at + _FIXED[first]
    if first in _COUNTED:
        size, extra = _COUNTED[first]
        return 0, at + size + extra + int.from_bytes(payload[at : at + size])
    size, each = _ITEMS.get(first, (0, 0))
    if not size:
        raise ValueError
    return each * int.from_bytes(payload[at : at + size]), at + size
