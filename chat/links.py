"""Links found in text, and previews of what they lead to. Pure."""

import re
from urllib.parse import urlsplit

import msgspec

from chat.messages import MAX_URL_BYTES
from chat.utf16 import Positions

MAX_LINKS = 50
_ADDRESS = re.compile(r"(?<![\w])https?://[^\s<>\"“”«»\x00-\x1f\x7f]+", re.IGNORECASE)
_TRAILING = ".,:;!?'*_~…。，！？；：、"
_PAIRS = {")": "(", "]": "[", "}": "{"}


class Link(msgspec.Struct, frozen=True):
    """An http(s) address in a text. Positions count UTF-16 code units, as JavaScript does;
    `end` is exclusive."""

    source: str
    start: int
    end: int


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a page says of itself. `url` is where it was found in the end."""

    url: str
    title: str
    image: str
    description: str | None = None
    site_name: str | None = None


def find_links(text: str) -> list[Link]:
    """The first 50 links of a text. Punctuation that ends the sentence around a link, and a
    bracket that was opened before it, are not part of it."""
    positions = Positions(text)
    return [
        Link(text[start:end], positions.at(start), positions.at(end))
        for start, end in spans(text)[:MAX_LINKS]
    ]


def spans(text: str) -> list[tuple[int, int]]:
    """Where the links of a text are, as indexes of the string."""
    found = []
    for match in _ADDRESS.finditer(text):
        source = _trimmed(match.group())
        if _is_address(source):
            found.append((match.start(), match.start() + len(source)))
    return found


def _trimmed(source: str) -> str:
    end = len(source)
    unmatched = {close: source.count(close) - source.count(_PAIRS[close]) for close in _PAIRS}
    while end:
        last = source[end - 1]
        if last in _PAIRS and unmatched[last] > 0:
            unmatched[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return source[:end]


def _is_address(source: str) -> bool:
    if len(source.encode("utf-8", "surrogatepass")) > MAX_URL_BYTES:
        return False
    try:
        return bool(urlsplit(source).hostname)
    except ValueError:  # brackets that are no IPv6 address
        return False
