"""Rows: a JSON array of any size, split into the texts of its items while it comes in.

Rule: no memory beyond one piece and one row, whatever the file holds; a position is a number of
bytes after which the rest can be split without what came before. (Stream parsers that build values
know no positions, and hold as much memory as nesting makes them.)
"""

import re
from collections.abc import Callable

import msgspec

MAX_ROW_BYTES = 1024 * 1024
"""No row that could be stored is longer, even with every character escaped."""

_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|' + _STRING + rb")*+[\[\]{}]", re.DOTALL)
_SCALAR = re.compile(rb'(?:[^",\[\]{}]++|' + _STRING + rb")++(?=[,\]])", re.DOTALL)
_TOKEN = re.compile(rb'\\.|["\[\]{}]', re.DOTALL)
_BOM = b"\xef\xbb\xbf"
_OPENING = frozenset(b"[{")


class BrokenFile(Exception):
    """The file is no JSON array from some place on; the text says where, for people."""


class Row(msgspec.Struct, frozen=True):
    """The text of one item; None when it is longer than a row may be. `end` is the position
    behind it."""

    number: int
    text: bytes | None
    end: int


Expect = Callable[[list[Row]], bool]


class Rows:
    """Give it the file from a position on, after so many rows: `feed` answers what is whole."""

    def __init__(self, position: int = 0, number: int = 0) -> None:
        self._buffer = b""
        self._at = 0  # in the buffer
        self._start = position  # of the buffer, in the file
        self._number = number
        self._expect: Expect = self._separator if position else self._opening
        self._depth = 0
        self._scanned = 0
        self._skipping = False
        self._quoted = False

    def feed(self, piece: bytes) -> list[Row]:
        """Raises BrokenFile, but only once everything before the fault has been answered."""
        self._start += self._at
        self._scanned = max(self._scanned - self._at, 0)
        self._buffer = self._buffer[self._at :] + piece
        self._at = 0
        rows: list[Row] = []
        try:
            while self._step(rows):
                pass
        except BrokenFile:
            if not rows:
                raise
        return rows

    def close(self) -> None:
        """The file has ended. Raises BrokenFile unless the array has, too."""
        self.feed(b"")
        if self._expect != self._end:
            if self._expect in (self._opening, self._array):
                raise BrokenFile("The file is empty.")
            raise self._broken("The file ends in the middle of the array")

    def _step(self, rows: list[Row]) -> bool:
        """Move on by one token or row; False when more of the file is needed."""
        if self._skipping:
            return self._skip(rows)
        if not self._scanned:
            self._pass_space()
        if self._at >= len(self._buffer):
            return False
        return self._expect(rows)

    def _opening(self, _: list[Row]) -> bool:
        head = self._buffer[self._at : self._at + len(_BOM)]
        if len(head) < len(_BOM) and _BOM.startswith(head):
            return False
        if self._buffer.startswith(_BOM, self._at):
            self._at += len(_BOM)
        self._expect = self._array
        return True

    def _array(self, _: list[Row]) -> bool:
        return self._take(b"[", self._first, "The file is not a JSON array")

    def _first(self, rows: list[Row]) -> bool:
        """The first row, or the end of an empty array."""
        if self._buffer.startswith(b"]", self._at):
            return self._take(b"]", self._end, "")
        return self._row(rows)

    def _separator(self, _: list[Row]) -> bool:
        if self._buffer.startswith(b"]", self._at):
            return self._take(b"]", self._end, "")
        return self._take(b",", self._row, "There is no comma")

    def _end(self, _: list[Row]) -> bool:
        raise self._broken("There is more behind the array")

    def _pass_space(self) -> None:
        if space := _SPACE.match(self._buffer, self._at):
            self._at = space.end()

    def _take(self, token: bytes, then: Expect, otherwise: str) -> bool:
        if not self._buffer.startswith(token, self._at):
            raise self._broken(otherwise)
        self._at += 1
        self._expect = then
        return True

    def _row(self, rows: list[Row]) -> bool:
        first = self._buffer[self._at]
        if first in b",]}":
            raise self._broken("A row is missing")
        end = self._value_end() if first in _OPENING else self._scalar_end()
        if end is None:
            if len(self._buffer) - self._at > MAX_ROW_BYTES:
                self._begin_skipping(first)
                return True
            return False
        self._add(rows, end, self._buffer[self._at : end])
        return True

    def _value_end(self) -> int | None:
        """Where the object or array ends that begins here. What was scanned is not again."""
        at = max(self._scanned, self._at)
        while found := _BRACKET.match(self._buffer, at):
            at = self._scanned = found.end()
            self._depth += 1 if self._buffer[at - 1] in _OPENING else -1
            if not self._depth:
                return at
        return None

    def _scalar_end(self) -> int | None:
        found = _SCALAR.match(self._buffer, self._at)
        return found.end() if found else None

    def _add(self, rows: list[Row], end: int, text: bytes | None) -> None:
        self._number += 1
        if text is not None and len(text) > MAX_ROW_BYTES:
            text = None
        rows.append(Row(self._number, text, self._start + end))
        self._at = end
        self._scanned = self._depth = 0
        self._expect = self._separator

    def _begin_skipping(self, first: int) -> None:
        """From the start of the row, for only now is it known to be too long."""
        if first not in _OPENING and first != ord('"'):
            raise self._broken("This is no JSON")
        self._skipping, self._quoted = True, False
        self._scanned = self._depth = 0

    def _skip(self, rows: list[Row]) -> bool:
        """Drop what belongs to a row that is too long."""
        for found in _TOKEN.finditer(self._buffer, self._at):
            token = self._buffer[found.start()]
            if token == ord('"'):
                self._quoted = not self._quoted
            elif token != ord("\\") and not self._quoted:
                self._depth += 1 if token in _OPENING else -1
            self._at = found.end()
            if self._depth == 0 and not self._quoted:
                self._skipping = False
                self._add(rows, self._at, None)
                return True
        held = 1 if self._buffer.endswith(b"\\") and self._at < len(self._buffer) else 0
        self._at = len(self._buffer) - held
        return False

    def _broken(self, why: str) -> BrokenFile:
        place = self._start + self._at
        return BrokenFile(f"{why} (after row {self._number}, at byte {place}).")
