"""The id of a frame that cannot be decoded, so that it can be answered all the same.

Rule: only tokens are looked at, without recursion: frames come here because they are nested too
deep, hold broken text, or have members of the wrong type.
"""

import re
import struct

import msgspec

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s"{}\[\]:,]+', re.DOTALL)


def find_id(payload: bytes | bytearray, *, binary: bool) -> int | None:
    """The value of the top-level member `id`, if it is an acceptable one."""
    find = _find_in_msgpack if binary else _find_in_json
    try:
        found = find(bytes(payload))
    except (IndexError, struct.error, ValueError):
        return None
    return found if found is not None and 0 <= found < 2**53 else None


def _find_in_json(payload: bytes) -> int | None:
    depth = 0
    key: bytes | None = None
    expecting_value = False
    for match in _TOKEN.finditer(payload):
        token = match.group()
        if token in (b"{", b"["):
            depth += 1
            expecting_value = False
        elif token in (b"}", b"]"):
            depth -= 1
        elif depth != 1:
            continue
        elif token == b":":
            expecting_value = True
        elif token == b",":
            expecting_value, key = False, None
        elif expecting_value:
            if key == b'"id"':
                return int(token) if token.isdigit() else None
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
_ITEMS = {0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)}


def _find_in_msgpack(payload: bytes) -> int | None:
    items, at = _step(payload, 0)
    if payload[0] & 0xF0 != 0x80 and payload[0] not in (0xDE, 0xDF):
        return None
    for _ in range(items // 2):
        start = at
        at = _skip(payload, at)
        if payload[start:at] == b"\xa2id":
            return _integer(payload[at : _skip(payload, at)])
        at = _skip(payload, at)
    return None


def _integer(data: bytes) -> int | None:
    value = msgspec.msgpack.decode(data)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _skip(payload: bytes, at: int) -> int:
    """Where the value at this place ends."""
    left = 1
    while left:
        inside, at = _step(payload, at)
        left += inside - 1
    if at > len(payload):
        raise IndexError
    return at


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
