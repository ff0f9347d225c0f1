"""Upkeep: what a node does by itself, again and again: stay alive, bury the dead, repair, settle.

Rule: every loop outlives an absent PostgreSQL or Redis; what it could not do it does later.
"""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

from chat.errors import Unavailable
from server.previews.loop import fetch_previews
from server.realtime.node import Realtime
from storage.redis.broker import RedisBroker

logger = logging.getLogger("parlance.upkeep")

BEAT_SECONDS = 2.0
SETTLE_SECONDS = 5.0
EXPIRY_SECONDS = 8.0
"""A node silent for so long is dead. With the beat and a sweep that is 12 s at most, below the
15 s in which no ghost may be left."""
AUDIT_SECONDS = 10.0
FILES_SECONDS = 600.0
"""How often files are swept away that a node could not, or died before it did."""
CUT_OFF_SECONDS = 1.0
"""How often heads are compared while Redis is away: then this is how messages travel."""


class Upkeep:
    """`repair` is set when events may have been missed: then everything is compared."""

    def __init__(self, realtime: Realtime, broker: RedisBroker, repair: asyncio.Event) -> None:
        self._realtime = realtime
        self._store = realtime.store
        self._broker = broker
        self._beats = 0
        self._is_away = False
        self._repair = repair

    def work(self) -> list[Coroutine[Any, Any, None]]:
        """The loops, to be run until cancelled."""
        loops = [
            self._broker.run(),
            self._stay_alive(),
            self._audit(),
            self._repair_on_request(),
            self._realtime.departures.run(),
            self._sweep_files(),
        ]
        if self._realtime.settings.link_previews:
            loops.append(fetch_previews(self._store.previews))
        return loops

    async def settled(self) -> None:
        """Wait until this node hears the others; a while only, for Redis may be away and this
        node is of use all the same."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                await self._broker.first_connected.wait()

    async def is_ready(self) -> bool:
        """Whether this node should be given work: it hears the others and reaches the store."""
        if self._realtime.draining or not self._broker.connected:
            return False
        try:
            async with asyncio.timeout(2.0):
                return await self._store.nodes.beat()
        except (Unavailable, TimeoutError):
            return False

    async def _stay_alive(self) -> None:
        while True:
            try:
                await self._beat()
                await self._sweep()
                self._note(None)
            except Unavailable as problem:
                self._beats = 0
                self._note(problem)
            await asyncio.sleep(BEAT_SECONDS)

    def _note(self, problem: Unavailable | None) -> None:
        """Say once that PostgreSQL is away, and once that it is back."""
        if (problem is not None) == self._is_away:
            return
        self._is_away = problem is not None
        if problem is not None:
            logger.warning("PostgreSQL is away: %s", problem.__cause__ or problem)
        else:
            logger.warning("PostgreSQL is back")

    async def _beat(self) -> None:
        if await self._store.nodes.beat():
            self._beats += 1
            return
        logger.warning("this node had been declared dead; its sessions are taken up again")
        self._beats = 0
        held = self._sessions()
        await self._store.nodes.revive(list(held))
        departures = self._realtime.departures
        for user_id in set(held.values()):
            departures.settle_later(user_id, at_once=True)
        for session_id in held.keys() - self._sessions().keys():  # closed meanwhile
            departures.add(session_id, held[session_id])

    def _sessions(self) -> dict[int, int]:
        """The open sessions of this node, and whose they are."""
        return {
            client.session_id: client.user.user.id
            for client in self._realtime.clients
            if client.session_id and client.user is not None
        }

    async def _sweep(self) -> None:
        """Bury nodes: those gone at once, those silent only when this node's own heart has beaten
        all through the expiry."""
        seen_all = self._beats * BEAT_SECONDS > EXPIRY_SECONDS
        for user_id in await self._store.nodes.sweep(EXPIRY_SECONDS if seen_all else None):
            self._realtime.departures.settle_later(user_id, at_once=True)

    async def _sweep_files(self) -> None:
        while True:
            try:
                await self._realtime.chat.files.sweep(datetime.now(UTC))
            except Unavailable as problem:
                logger.debug("sweeping files is put off: %s", problem)
            await asyncio.sleep(FILES_SECONDS)

    async def _audit(self) -> None:
        waited = 0.0
        while True:
            await asyncio.sleep(CUT_OFF_SECONDS)
            waited += CUT_OFF_SECONDS
            if self._broker.connected and waited < AUDIT_SECONDS:
                continue
            waited = 0.0
            try:
                await self._realtime.hub.audit()
                await self._realtime.check_tokens()
            except Unavailable as problem:
                logger.debug("the audit is put off: %s", problem)

    async def _repair_on_request(self) -> None:
        while True:
            await self._repair.wait()
            self._repair.clear()
            try:
                await self._realtime.resync()
            except Unavailable as problem:
                logger.warning("repair is put off: %s", problem)
                await asyncio.sleep(problem.retry_after or 1.0)
                self._repair.set()
