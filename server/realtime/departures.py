"""Departures: sessions that ended, written down together, and users who stayed away.

Rule: a user is told offline only after a grace, and only if he has no live session anywhere.
"""

import asyncio
import logging

from chat.chat import Chat
from chat.errors import Unavailable

logger = logging.getLogger("parlance.departures")

GATHER_SECONDS = 0.1


class Departures:
    def __init__(self, chat: Chat, grace_seconds: float) -> None:
        self._chat = chat
        self._grace = grace_seconds
        self._ended: list[int] = []
        self._gone: dict[int, float] = {}
        self._wake = asyncio.Event()

    def add(self, session_id: int, user_id: int) -> None:
        """A session has ended; its user may be gone."""
        self._ended.append(session_id)
        self.settle_later(user_id)

    def settle_later(self, user_id: int, *, at_once: bool = False) -> None:
        """See after the grace, or without one, whether the user is still here."""
        grace = 0.0 if at_once else self._grace
        self._gone[user_id] = asyncio.get_running_loop().time() + grace
        self._wake.set()

    async def run(self) -> None:
        """Write down what is due until cancelled."""
        while True:
            await self._wait()
            try:
                await self.record()
                await self._settle()
            except Unavailable as problem:
                logger.warning("departures are put off: %s", problem)
                await asyncio.sleep(problem.retry_after or 1.0)

    async def _wait(self) -> None:
        if not self._ended and not self._gone:
            self._wake.clear()
            await self._wake.wait()
        await asyncio.sleep(GATHER_SECONDS)

    async def record(self) -> None:
        """End the sessions that were gathered."""
        ended = self._ended[:]
        if ended:
            await self._chat.presence.end(ended)
            del self._ended[: len(ended)]

    async def _settle(self) -> None:
        now = asyncio.get_running_loop().time()
        due = [user_id for user_id, at in self._gone.items() if at <= now]
        if due:
            await self._chat.presence.settle(due)
            for user_id in due:
                if self._gone[user_id] <= now:
                    del self._gone[user_id]
