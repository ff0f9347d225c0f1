"""Pages in SQL: ORDER BY from a table of known fields, never from text of a request."""

from collections.abc import Mapping
from typing import Any

from chat.pages import MAX_PAGE_DEPTH, PageRequest


def order(request: PageRequest, fields: Mapping[str, str], last: str) -> str:
    """The ORDER BY of a request. `fields` maps what may be asked to columns; `last` makes the
    order total, so that no item is on two pages or on none."""
    wanted = [f"{fields[field]}{' DESC' if down else ''}" for field, down in request.sort]
    return ", ".join([*wanted, last])


def count(source: str, request: PageRequest) -> str:
    """Count what pages can reach: a total beyond their end stops growing, and so does its cost."""
    return f"SELECT count(*) FROM (SELECT FROM {source} LIMIT {MAX_PAGE_DEPTH + request.size}) s"


class Conditions:
    """WHERE clauses with their values: `add("u.name = {}", name)`."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._clauses: list[str] = []

    def add(self, clause: str, *values: Any) -> None:
        numbers = [f"${len(self.values) + n}" for n in range(1, len(values) + 1)]
        self._clauses.append(clause.format(*numbers))
        self.values.extend(values)

    @property
    def sql(self) -> str:
        return " AND ".join(self._clauses) or "true"


def pattern(text: str) -> str:
    """A LIKE pattern for text that contains this."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
