"""Batches: things that arrive while one statement runs go into the next one, together.

Rule: a lone thing never waits for company; order within a lane is order of arrival; everything
added is delivered exactly once, with its result or with a refusal.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from chat.errors import ChatError, Invalid, Unavailable

logger = logging.getLogger("parlance.storage")

T = TypeVar("T")
R = TypeVar("R")


class Lane(Generic[T, R]):
    """One batch at a time. `commit` answers one result per item; if it raises, all are refused,
    but where the refusal is Invalid each is tried alone, so that only the bad one fails."""

    def __init__(
        self,
        commit: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        deliver: Callable[[T, "R | ChatError"], None],
        most: int,
    ) -> None:
        self._commit = commit
        self._deliver = deliver
        self._most = most
        self._waiting: list[T] = []
        self._task: asyncio.Task[None] | None = None

    def add(self, item: T) -> None:
        self._waiting.append(item)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def idle(self) -> None:
        """Wait until everything that was added has been delivered."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[: self._most]
                del self._waiting[: self._most]
                await self._attempt(batch)
        finally:
            self._task = None

    async def _attempt(self, batch: Sequence[T]) -> None:
        results: Sequence[R | ChatError]
        try:
            results = await self._commit(batch)
        except Invalid as refusal:
            if len(batch) > 1:
                for item in batch:
                    await self._attempt([item])
                return
            results = [refusal]
        except ChatError as refusal:
            results = [refusal] * len(batch)
        except Exception:  # the lane's edge: who waits must hear of it, and the next batch run
            logger.exception("a batch of %d failed", len(batch))
            results = [Unavailable()] * len(batch)
        for item, result in zip(batch, results, strict=True):
            try:
                self._deliver(item, result)
            except Exception:  # who comes after in the batch must hear of his all the same
                logger.exception("a result could not be delivered")
