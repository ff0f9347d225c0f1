"""How fast one socket may command: a token bucket."""


class Bucket:
    """`rate` commands per second, four seconds' worth at once."""

    __slots__ = ("_at", "_left", "_rate")

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._left = 4 * rate
        self._at = now

    def take(self, now: float) -> float:
        """Take one; 0.0 if there was one, else how many seconds until there is.

        What is refused is charged as well: who goes on asking waits longer.
        """
        self._left = min(4 * self._rate, self._left + (now - self._at) * self._rate)
        self._at = now
        self._left -= 1
        if self._left >= 0:
            return 0.0
        return (1 - self._left) / self._rate if self._rate > 0 else 60.0
