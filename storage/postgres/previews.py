"""Link previews, by the hash of their address."""

import hashlib
from collections.abc import Mapping, Sequence

from chat.links import Preview
from storage.postgres.database import Database

CLAIM_SECONDS = 60
FRESH_SECONDS = 7 * 86_400
FAILED_SECONDS = 86_400


class Previews:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def known(self, sources: Sequence[str]) -> tuple[dict[str, Preview], set[str]]:
        found = await self._database.rows(
            """SELECT source, url, title, image, description, site_name,
                      due IS NULL AND fresh_until < now() AS stale
               FROM link_previews WHERE hash = ANY ($1::bytea[])""",
            [_hash(source) for source in sources],
        )
        previews = {
            row["source"]: Preview(
                url=row["url"],
                title=row["title"],
                image=row["image"],
                description=row["description"],
                site_name=row["site_name"],
            )
            for row in found
            if row["title"] is not None
        }
        return previews, set(sources) - {row["source"] for row in found if not row["stale"]}

    async def ask(self, sources: Sequence[str]) -> None:
        await self._database.execute(
            """INSERT INTO link_previews (hash, source)
               SELECT h, s FROM unnest($1::bytea[], $2::text[]) AS x (h, s) ORDER BY h
               ON CONFLICT (hash) DO UPDATE SET due = coalesce(link_previews.due, now())""",
            [_hash(source) for source in sources],
            list(sources),
        )

    async def claim(self, limit: int) -> list[str]:
        found = await self._database.rows(
            """UPDATE link_previews SET due = now() + make_interval(secs => $2) WHERE hash IN (
                   SELECT hash FROM link_previews WHERE due <= now()
                   ORDER BY due LIMIT $1 FOR UPDATE SKIP LOCKED)
               RETURNING source""",
            limit,
            float(CLAIM_SECONDS),
        )
        return [row["source"] for row in found]

    async def save(self, results: Mapping[str, Preview | None]) -> None:
        for source, preview in results.items():
            if preview is None:
                await self._database.execute(
                    """UPDATE link_previews SET due = NULL,
                           fresh_until = now() + make_interval(secs => $2)
                       WHERE hash = $1""",
                    _hash(source),
                    float(FAILED_SECONDS),
                )
            else:
                await self._database.execute(
                    """UPDATE link_previews SET title = $2, description = $3, site_name = $4,
                           image = $5, url = $6, due = NULL,
                           fresh_until = now() + make_interval(secs => $7)
                       WHERE hash = $1""",
                    _hash(source),
                    preview.title,
                    preview.description,
                    preview.site_name,
                    preview.image,
                    preview.url,
                    float(FRESH_SECONDS),
                )


def _hash(source: str) -> bytes:
    return hashlib.sha256(source.encode()).digest()
