"""Emoji objects: the names people know a character by, from the `emoji` library's tables."""

import functools
import unicodedata
from typing import Any

from emoji import EMOJI_DATA

_JOINERS = frozenset({"\u200d", "\ufe0e", "\ufe0f"})
_PLAIN = {character.replace("\ufe0f", ""): character for character in EMOJI_DATA}
"""Emoji come with and without the sign that asks for colours; both are the same."""


@functools.lru_cache(maxsize=4096)
def _names(character: str) -> tuple[str, tuple[str, ...]]:
    """A description and the aliases, most official first, of an emoji or of any text."""
    known = EMOJI_DATA.get(_PLAIN.get(character.replace("\ufe0f", ""), character))
    if known is None:
        parts = (unicodedata.name(part, "") for part in character if part not in _JOINERS)
        return ", ".join(name for name in parts if name).lower(), ()
    name = known["en"].strip(":")
    others = (alias.strip(":") for alias in known.get("alias", ()))
    return name.replace("_", " "), tuple(dict.fromkeys([name, *others]))


def emoji_properties(character: str) -> dict[str, Any]:
    """`tags` are the words of its names: what somebody might look for."""
    description, aliases = _names(character)
    words = (word for name in aliases for word in name.replace("-", "_").split("_"))
    return {
        "aliases": list(aliases),
        "character": character,
        "description": description,
        "tags": list(dict.fromkeys(word for word in words if word.isalnum())),
    }
