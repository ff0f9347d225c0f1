"""Applications and the credentials of their back ends."""

import uuid
from datetime import datetime, timedelta

from chat.actors import Actor
from chat.applications import (
    APPLICATION_TOKEN_PREFIX,
    Application,
    ApplicationSettings,
    Credentials,
    new_secret,
    secret_hash,
)
from chat.checks import check_name
from chat.errors import Forbidden, Unauthorized
from chat.store import Store

TOKEN_SECONDS = 12 * 3600  # ChatKitty's clients cache by expires_in and do not retry on 401


class Applications:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, name: str) -> Credentials:
        """Make a tenant. The secret in the answer is not kept and cannot be shown again."""
        check_name("name", name)
        made = Credentials(
            application_id=0,
            api_key=str(uuid.uuid4()),
            client_id=str(uuid.uuid4()),
            client_secret=new_secret("pls_"),
        )
        application = await self._store.applications.add(name, made)
        return Credentials(
            application_id=application.id,
            api_key=made.api_key,
            client_id=made.client_id,
            client_secret=made.client_secret,
        )

    async def get(self, actor: Actor) -> Application:
        return await self._store.applications.get(actor.application_id)

    async def change_settings(self, actor: Actor, settings: ApplicationSettings) -> Application:
        """Takes effect with the next guest and the next channel; nobody is put out."""
        if not actor.is_application:
            raise Forbidden
        return await self._store.applications.change_settings(actor.application_id, settings)

    async def find_by_name(self, name: str) -> Application | None:
        return await self._store.applications.find_by_name(name)

    async def grant(
        self, client_id: str, client_secret: str, scopes: str, now: datetime
    ) -> tuple[str, int]:
        """OAuth 2 client_credentials (RFC 6749 4.4): a bearer token and its life in seconds."""
        application = await self._store.applications.find_by_client(
            client_id, secret_hash(client_secret)
        )
        if application is None:
            raise Unauthorized
        token = new_secret(APPLICATION_TOKEN_PREFIX)
        expires = now + timedelta(seconds=TOKEN_SECONDS)
        await self._store.applications.add_token(
            application.id, secret_hash(token), scopes, expires
        )
        return token, TOKEN_SECONDS

    async def authenticate(self, token: str) -> Actor:
        """Who holds this bearer token: the application it was granted to, within its scopes."""
        found = await self._store.applications.find_by_token(secret_hash(token))
        if found is None:
            raise Unauthorized
        application, scopes = found
        return Actor(application_id=application.id, scopes=frozenset(scopes.split()))
