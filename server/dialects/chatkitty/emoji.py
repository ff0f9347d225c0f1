"""Emoji objects, described by the names Unicode gives their characters."""

import unicodedata
from typing import Any

_JOINERS = frozenset({"\u200d", "\ufe0e", "\ufe0f"})


def emoji_properties(character: str) -> dict[str, Any]:
    names = [unicodedata.name(part, "") for part in character if part not in _JOINERS]
    return {
        "aliases": [],
        "character": character,
        "description": ", ".join(name for name in names if name).lower(),
        "tags": [],
    }
