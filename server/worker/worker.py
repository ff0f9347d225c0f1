"""Worker: the loop of a node that takes up jobs, one at a time, and runs each to its end.

Rule: a job belongs to who holds its lease, and its progress is committed with its rows; so a
worker may stop anywhere, and another goes on from there.
"""

import asyncio
import logging
from contextlib import suppress

from chat.chat import Chat
from chat.errors import Unavailable
from chat.jobs import LEASE_SECONDS, MAX_ATTEMPTS, Ending, Job, JobLost
from chat.store import Store
from server.worker.exports import run_export
from server.worker.imports import run_import

logger = logging.getLogger("parlance.worker")

LOOK_SECONDS = 1.0
BEAT_SECONDS = 2.0
RETRY_SECONDS = 5.0
GIVEN_UP = "The server failed at this again and again; its log says why."


class Worker:
    def __init__(self, chat: Chat, store: Store) -> None:
        self._chat = chat
        self._store = store

    async def run(self) -> None:
        """Take up jobs until cancelled; the job at hand is then let go of, for another node."""
        while True:
            try:
                found = await self.run_next()
            except Unavailable as problem:
                logger.debug("no jobs are looked for: %s", problem)
                found = False
            if not found:
                await asyncio.sleep(LOOK_SECONDS)

    async def run_next(self) -> bool:
        """Run one job that nobody holds; False when there is none."""
        job = await self._store.jobs.claim(LEASE_SECONDS)
        if job is None:
            return False
        logger.info("job %d, %s, is taken up at row %d", job.id, job.kind, job.progress.read)
        try:
            await self._attempt(job)
        except asyncio.CancelledError:
            await self._let_go(job, 0.0, counts=False)
            raise
        return True

    async def _attempt(self, job: Job) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                holding = group.create_task(self._hold(job))
                ended = await self._chat.jobs.end(job, await self._work(job))
                holding.cancel()
            logger.info("job %d is %s", job.id, ended.state)
        except* JobLost:
            logger.warning("job %d is held by another node by now", job.id)
        except* Unavailable as problems:
            logger.warning("job %d is put off: %s", job.id, problems.exceptions[0])
            await self._let_go(job, RETRY_SECONDS, counts=False)
        except* Exception:  # the worker's edge: the next job must run all the same
            logger.exception("job %d failed", job.id)
            await self._let_go(job, RETRY_SECONDS, counts=True)

    async def _work(self, job: Job) -> Ending:
        if job.attempts > MAX_ATTEMPTS:
            return Ending(failure=GIVEN_UP)
        return await (run_export if job.is_export else run_import)(self._chat, job)

    async def _hold(self, job: Job) -> None:
        """Renew the lease. Raises JobLost, which ends the work."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            with suppress(Unavailable):
                await self._store.jobs.hold(job, LEASE_SECONDS)

    async def _let_go(self, job: Job, retry_seconds: float, *, counts: bool) -> None:
        with suppress(Unavailable):  # then the lease runs out by itself
            await self._store.jobs.release(job, retry_seconds, counts=counts)
