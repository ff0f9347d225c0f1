"""Nodes: who is alive, and what a dead one left behind.

Rule: only a node whose own heart has beaten all through the expiry may declare others dead, so
that a pause of the database, which stops every heart, kills nobody.
"""

from collections.abc import Sequence

from storage.postgres.database import Database


class Nodes:
    def __init__(self, database: Database, node: str) -> None:
        self._database = database
        self._node = node

    async def register(self) -> None:
        await self._database.execute(
            """INSERT INTO nodes (id) VALUES ($1)
               ON CONFLICT (id) DO UPDATE SET heartbeat = now()""",
            self._node,
        )

    async def beat(self) -> bool:
        """Stay alive; False when this node was declared dead meanwhile."""
        return (
            await self._database.execute(
                "UPDATE nodes SET heartbeat = now() WHERE id = $1", self._node
            )
            == 1
        )

    async def revive(self, session_ids: Sequence[int]) -> None:
        """Undo a premature declaration: the sockets of these sessions are still here. Their
        users are to be settled afterwards."""
        await self.register()
        await self._database.execute(
            "UPDATE user_sessions SET ended = NULL WHERE id = ANY ($1::bigint[])",
            list(session_ids),
        )

    async def sweep(self, expiry_seconds: float | None) -> list[int]:
        """End the sessions of nodes that no longer exist and, with an expiry, of those that have
        been silent for so long; answer their users."""
        async with self._database.transaction() as tx:
            if expiry_seconds is not None:
                await self._bury(tx, expiry_seconds)
            found = await tx.rows(
                """UPDATE user_sessions s SET ended = now()
                   WHERE s.ended IS NULL AND NOT EXISTS (
                       SELECT FROM nodes n WHERE n.id = s.node)
                   RETURNING s.id, s.user_id"""
            )
            if found:
                await tx.execute(
                    """UPDATE chat_sessions SET ended = now()
                       WHERE ended IS NULL AND session_id = ANY ($1::bigint[])""",
                    [row["id"] for row in found],
                )
        return sorted({row["user_id"] for row in found})

    async def _bury(self, tx: Database, expiry_seconds: float) -> None:
        await tx.execute(
            """DELETE FROM nodes WHERE id IN (
                   SELECT id FROM nodes WHERE heartbeat < now() - make_interval(secs => $1)
                   FOR UPDATE SKIP LOCKED)""",
            expiry_seconds,
        )

    async def leave(self) -> None:
        """Say goodbye; sessions still open are swept by the others, or the next start."""
        await self._database.execute("DELETE FROM nodes WHERE id = $1", self._node)
