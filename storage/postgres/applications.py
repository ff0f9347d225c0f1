"""Applications and the bearer tokens of their back ends."""

from datetime import datetime

from chat.applications import Application, ApplicationSettings, Credentials, secret_hash
from chat.errors import NotFound
from storage.postgres.database import Database
from storage.postgres.rows import Row

APPLICATION = """a.id, a.name, a.api_key, a.guest_users, a.user_channels, a.properties,
    a.created"""


class Applications:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, name: str, credentials: Credentials) -> Application:
        row = await self._database.row(
            f"""INSERT INTO applications AS a (name, api_key, client_id, client_secret)
                VALUES ($1, $2, $3, $4) RETURNING {APPLICATION}""",
            name,
            credentials.api_key,
            credentials.client_id,
            secret_hash(credentials.client_secret),
        )
        return _application(row)

    async def get(self, application_id: int) -> Application:
        return _application(
            await self._database.row(
                f"SELECT {APPLICATION} FROM applications a WHERE a.id = $1", application_id
            )
        )

    async def change_settings(
        self, application_id: int, settings: ApplicationSettings
    ) -> Application:
        return _application(
            await self._database.row(
                f"""UPDATE applications a SET guest_users = $2, user_channels = $3
                    WHERE a.id = $1 RETURNING {APPLICATION}""",
                application_id,
                settings.guest_users,
                settings.user_channels,
            )
        )

    async def find_by_name(self, name: str) -> Application | None:
        return _found(
            await self._database.row(
                f"SELECT {APPLICATION} FROM applications a WHERE a.name = $1", name
            )
        )

    async def find_by_key(self, api_key: str) -> Application | None:
        return _found(
            await self._database.row(
                f"SELECT {APPLICATION} FROM applications a WHERE a.api_key = $1", api_key
            )
        )

    async def find_by_client(self, client_id: str, secret: bytes) -> Application | None:
        return _found(
            await self._database.row(
                f"""SELECT {APPLICATION} FROM applications a
                    WHERE a.client_id = $1 AND a.client_secret = $2""",
                client_id,
                secret,
            )
        )

    async def add_token(
        self, application_id: int, token: bytes, scopes: str, expires: datetime
    ) -> None:
        await self._database.execute("DELETE FROM application_tokens WHERE expires < now()")
        await self._database.execute(
            "INSERT INTO application_tokens VALUES ($1, $2, $3, $4)",
            token,
            application_id,
            scopes,
            expires,
        )

    async def find_by_token(self, token: bytes) -> tuple[Application, str] | None:
        row = await self._database.row(
            f"""SELECT {APPLICATION}, t.scopes FROM application_tokens t
                JOIN applications a ON a.id = t.application_id
                WHERE t.hash = $1 AND t.expires > now()""",
            token,
        )
        return (_application(row), row["scopes"]) if row is not None else None


def _application(row: Row | None) -> Application:
    if row is None:
        raise NotFound
    return Application(**{field: row[field] for field in Application.__struct_fields__})


def _found(row: Row | None) -> Application | None:
    return _application(row) if row is not None else None
