"""A picture for who has none: the initials of a name on a colour of its own. Pure.

SVG, so that every script is drawn by the fonts of whoever looks at it.
"""

import hashlib
import unicodedata
from xml.sax.saxutils import escape

SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256" viewBox="0 0 256 256" \
role="img"><rect width="256" height="256" fill="hsl({hue},{saturation}%,38%)"/>\
<text x="50%" y="50%" dy=".35em" fill="#fff" font-family="system-ui,sans-serif" \
font-size="104" text-anchor="middle">{initials}</text></svg>"""
MAX_MARKS = 3
"""Combining marks that stay on an initial; a letter can carry any number."""


def draw(name: str) -> str:
    """The same name is always the same picture."""
    digest = hashlib.sha256(unicodedata.normalize("NFC", name).encode("utf-8", "replace")).digest()
    hue, saturation = int.from_bytes(digest[:2]) % 360, 45 + digest[2] % 25
    return SVG.format(hue=hue, saturation=saturation, initials=escape(initials(name)))


def initials(name: str) -> str:
    """The first signs of the first and last word that begin with something to draw."""
    words = [word for word in (_drawable(each) for each in name.split()) if word]
    ends = words[:1] + words[1:][-1:]
    return "".join(_first(word) for word in ends).upper() or "?"


def _drawable(word: str) -> str:
    """From its first letter, digit or symbol on; without what cannot stand in XML."""
    kept = "".join(sign for sign in word if unicodedata.category(sign)[0] not in "CZ")
    start = next((n for n, sign in enumerate(kept) if unicodedata.category(sign)[0] in "LNS"), None)
    return kept[start:] if start is not None else ""


def _first(word: str) -> str:
    """The first sign with the marks upon it."""
    marks = 0
    for sign in word[1:]:
        if not unicodedata.combining(sign) or marks == MAX_MARKS:
            break
        marks += 1
    return word[: 1 + marks]
