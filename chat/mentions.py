"""Mentions found in text: `@user-name` and `#channel-name`. Pure.

Rule: text alone only tells what may be meant; what exists is looked up for many texts at once.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from operator import itemgetter

import msgspec

from chat.channels import Channel
from chat.links import spans
from chat.users import User
from chat.utf16 import Positions

MAX_MENTIONS = 50
_TOKEN = re.compile(r"(?<![\w@#&/])([@#])([\w.\-@+]{1,255})")
_PUNCTUATION = "._-@+"


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A user or a channel of the application named in a text. Positions count UTF-16 code units,
    as JavaScript does; `tag` is the text between them, sign included, and `end` is exclusive."""

    tag: str
    start: int
    end: int
    user: User | None = None
    channel: Channel | None = None


class _Token(msgspec.Struct, frozen=True):
    sign: str
    start: int
    names: list[str]


class Names(msgspec.Struct, frozen=True):
    """Names of users and channels that texts may mean."""

    users: set[str]
    channels: set[str]


def possible_names(texts: Iterable[str]) -> Names:
    """All names that these texts may mention."""
    names = Names(set(), set())
    for text in texts:
        for token in _tokens(text):
            (names.users if token.sign == "@" else names.channels).update(token.names)
    return names


def find_mentions(
    text: str, users: Mapping[str, User], channels: Mapping[str, Channel]
) -> list[Mention]:
    """The mentions of those who exist, in order; of several names the longest is meant, so that
    a full stop after a name is no part of it unless somebody is called so."""
    positions = Positions(text)
    found = []
    for token in _tokens(text):
        known: Mapping[str, User | Channel] = users if token.sign == "@" else channels
        name = next((name for name in token.names if name in known), None)
        if name is None:
            continue
        end = token.start + 1 + len(name)
        mention = Mention(
            tag=token.sign + name,
            start=positions.at(token.start),
            end=positions.at(end),
            user=users[name] if token.sign == "@" else None,
            channel=channels[name] if token.sign == "#" else None,
        )
        found.append(mention)
    return found


def _tokens(text: str) -> list[_Token]:
    """The first 50 that look like mentions, outside of links, with what each may mean."""
    if "@" not in text and "#" not in text:
        return []
    links = spans(text)
    tokens: list[_Token] = []
    for match in _TOKEN.finditer(text):
        before = bisect_right(links, match.start(), key=itemgetter(0)) - 1
        if before >= 0 and match.start() < links[before][1]:
            continue
        tokens.append(_Token(match[1], match.start(), _readings(match[2])))
        if len(tokens) == MAX_MENTIONS:
            break
    return tokens


def _readings(name: str) -> list[str]:
    """A name, and what is left of it without the punctuation at its end, the longest first."""
    bare = name.rstrip(_PUNCTUATION)
    return [name[:end] for end in range(len(name), max(len(bare), len(name) - 8) - 1, -1) if end]
