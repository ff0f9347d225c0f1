"""Positions in text as JavaScript, Java and Swift's NSString count them: in UTF-16 code units."""


class Positions:
    """Turns indexes of one text into UTF-16 positions; ask in rising order, each costs the step."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._index = 0
        self._position = 0

    def at(self, index: int) -> int:
        """The UTF-16 position of an index not below the last one asked for."""
        step = self._text[self._index : index]
        self._position += len(step) if step.isascii() else sum(map(_units, step))
        self._index = index
        return self._position


def _units(character: str) -> int:
    return 2 if character > "\uffff" else 1
