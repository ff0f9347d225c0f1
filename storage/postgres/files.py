"""Files: what is known of each one that the file store keeps."""

from collections.abc import Sequence
from datetime import datetime

from chat.errors import NotFound
from chat.files import Preview, StoredFile
from storage.postgres.database import Database
from storage.postgres.rows import Row

FILE = """key, application_id, name, content_type, size, created, previewed, preview_type,
    preview_size"""


class Files:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, application_id: int, key: str, name: str, content_type: str) -> None:
        await self._database.execute(
            "INSERT INTO files (application_id, key, name, content_type) VALUES ($1, $2, $3, $4)",
            application_id,
            key,
            name,
            content_type,
        )

    async def complete(self, key: str, size: int) -> StoredFile:
        return _file(
            await self._database.row(
                f"""UPDATE files SET size = $2, created = now()
                    WHERE key = $1 AND doomed IS NULL RETURNING {FILE}""",
                key,
                size,
            )
        )

    async def get(self, key: str) -> StoredFile:
        return _file(
            await self._database.row(
                f"""SELECT {FILE} FROM files
                    WHERE key = $1 AND size IS NOT NULL AND doomed IS NULL""",
                key,
            )
        )

    async def doom(self, application_id: int, keys: Sequence[str]) -> list[str]:
        found = await self._database.rows(
            """UPDATE files SET doomed = coalesce(doomed, now())
               WHERE key = ANY ($2::text[]) AND application_id = $1 RETURNING key""",
            application_id,
            list(keys),
        )
        return [row["key"] for row in found]

    async def doomed(self, given_up: datetime, limit: int) -> list[str]:
        found = await self._database.rows(
            """SELECT key FROM files
               WHERE (size IS NULL OR doomed IS NOT NULL)
                 AND (doomed IS NOT NULL OR created < $1)
               ORDER BY created LIMIT $2""",
            given_up,
            limit,
        )
        return [row["key"] for row in found]

    async def remove(self, key: str) -> None:
        await self._database.execute("DELETE FROM files WHERE key = $1", key)

    async def set_preview(self, key: str, preview: Preview | None) -> bool:
        changed = await self._database.execute(
            """UPDATE files SET previewed = true, preview_type = $2, preview_size = $3
               WHERE key = $1 AND doomed IS NULL""",
            key,
            preview.content_type if preview else None,
            preview.size if preview else None,
        )
        return changed == 1

    async def set_picture(
        self, application_id: int, user_id: int, url: str, key: str | None
    ) -> str | None:
        row = await self._database.row(
            """WITH old AS (
                   SELECT u.id, u.picture_key FROM users u
                   WHERE u.id = $2 AND u.application_id = $1 AND u.deleted IS NULL
                   FOR NO KEY UPDATE
               ), changed AS (
                   UPDATE users u SET picture = $3, picture_key = $4
                   FROM old WHERE u.id = old.id
               ), replaced AS (
                   UPDATE files f SET doomed = now()
                   FROM old WHERE f.key = old.picture_key AND f.doomed IS NULL
               )
               SELECT picture_key FROM old""",
            application_id,
            user_id,
            url,
            key,
        )
        if row is None:
            raise NotFound
        replaced: str | None = row["picture_key"]
        return replaced


def _file(row: Row | None) -> StoredFile:
    if row is None:
        raise NotFound
    shown = {field: row[field] for field in StoredFile.__struct_fields__ if field != "preview"}
    known = row["preview_type"] is not None
    preview = Preview(row["preview_type"], row["preview_size"]) if known else None
    return StoredFile(**shown, preview=preview)
