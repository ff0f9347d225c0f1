"""Secrets of users, as sealed by the core's vault: nothing here can read them."""

from storage.postgres.database import Database


class UserSecrets:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def set(self, user_id: int, name: str, sealed: bytes) -> None:
        await self._database.execute(
            """INSERT INTO user_secrets (user_id, name, sealed) VALUES ($1, $2, $3)
               ON CONFLICT (user_id, name) DO UPDATE SET sealed = $3, changed = now()""",
            user_id,
            name,
            sealed,
        )

    async def find(self, user_id: int, name: str) -> bytes | None:
        sealed: bytes | None = await self._database.value(
            "SELECT sealed FROM user_secrets WHERE user_id = $1 AND name = $2", user_id, name
        )
        return sealed

    async def remove(self, user_id: int, name: str) -> bool:
        removed = await self._database.execute(
            "DELETE FROM user_secrets WHERE user_id = $1 AND name = $2", user_id, name
        )
        return removed == 1
