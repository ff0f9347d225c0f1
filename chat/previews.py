"""Previews of links: which are known, and which are to be fetched by whoever does that."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from chat.links import Preview


class PreviewStore(Protocol):
    async def known(self, sources: Sequence[str]) -> tuple[dict[str, Preview], set[str]]:
        """The previews of these addresses, and those addresses that should be fetched (again)."""
        ...

    async def ask(self, sources: Sequence[str]) -> None:
        """Have these addresses fetched; asking again changes nothing."""
        ...

    async def claim(self, limit: int) -> list[str]:
        """Take addresses that are due, for a minute: who takes them and dies leaves them to
        others. No two nodes get the same one."""
        ...

    async def save(self, results: Mapping[str, Preview | None]) -> None:
        """Record what was found, or that nothing was; either is good for a while."""
        ...
