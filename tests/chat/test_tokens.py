"""Tokens: of users and of applications; random, hashed at rest, good until they are not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chat.actors import Actor
from chat.applications import (
    APPLICATION_TOKEN_PREFIX,
    USER_TOKEN_PREFIX,
    Credentials,
    new_secret,
    secret_hash,
)
from chat.chat import Chat
from chat.errors import Conflict, Invalid, NotFound, Unauthorized
from chat.operations.applications import TOKEN_SECONDS
from storage.postgres.store import PostgresStore

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=2)


def id_of(person: Actor) -> int:
    return person.require_user().id


def test_secrets_are_long_random_and_recognisable() -> None:
    secrets = {new_secret(USER_TOKEN_PREFIX) for _ in range(100)}
    assert len(secrets) == 100
    assert all(secret.startswith("plu_") and len(secret) >= 47 for secret in secrets)
    assert len({secret_hash(secret) for secret in secrets}) == 100


async def test_no_secret_is_kept_as_it_is(
    chat: Chat, actor: Actor, application: Credentials, jane: Actor, connection: Any
) -> None:
    made = await chat.users.create_token(actor, id_of(jane), now=NOW)
    bearer, _ = await chat.applications.grant(
        application.client_id, application.client_secret, "", NOW
    )
    for table, secret in (
        ("user_tokens", made.token),
        ("application_tokens", bearer),
        ("applications", application.client_secret),
    ):
        rows = await connection.fetch(f"SELECT t::text AS all FROM {table} t")
        assert rows
        assert not [row for row in rows if secret in row["all"]]


async def test_client_credentials_are_granted_a_bearer_token_for_a_while(
    chat: Chat, application: Credentials
) -> None:
    token, seconds = await chat.applications.grant(
        application.client_id, application.client_secret, "read:user", NOW
    )
    assert (token.startswith(APPLICATION_TOKEN_PREFIX), seconds) == (True, TOKEN_SECONDS)
    actor = await chat.applications.authenticate(token)
    assert actor == Actor(
        application_id=application.application_id, scopes=frozenset({"read:user"})
    )
    assert (await chat.applications.get(actor)).api_key == application.api_key
    with pytest.raises(Unauthorized):
        await chat.users.authenticate(token)


async def test_a_bearer_token_ends_in_time_and_is_swept_away_with_the_next_grant(
    chat: Chat, store: PostgresStore, application: Credentials, connection: Any
) -> None:
    grant = chat.applications.grant
    old, _ = await grant(application.client_id, application.client_secret, "", LONG_AGO)
    with pytest.raises(Unauthorized):
        await chat.applications.authenticate(old)
    assert await store.applications.find_by_token(secret_hash(old)) is None
    await grant(application.client_id, application.client_secret, "", NOW)
    assert not await connection.fetchval(
        "SELECT count(*) FROM application_tokens WHERE hash = $1", secret_hash(old)
    )


async def test_wrong_client_credentials_are_granted_nothing(
    chat: Chat, application: Credentials
) -> None:
    other = await chat.applications.create(f"other {application.client_id}")
    for client, secret in (
        (application.client_id, "wrong"),
        (application.client_id, other.client_secret),
        ("wrong", application.client_secret),
        (application.client_id, application.client_secret.upper()),
    ):
        with pytest.raises(Unauthorized):
            await chat.applications.grant(client, secret, "", NOW)


async def test_an_application_is_found_by_a_name_that_it_alone_has(chat: Chat) -> None:
    name = f"named {new_secret('')}"
    assert await chat.applications.find_by_name(name) is None
    made = await chat.applications.create(name)
    found = await chat.applications.find_by_name(name)
    assert found is not None
    assert found.id == made.application_id
    with pytest.raises(Conflict):
        await chat.applications.create(name)
    with pytest.raises(Invalid):
        await chat.applications.create(" ")


async def test_dead_tokens_are_the_expired_and_the_revoked(
    chat: Chat, store: PostgresStore, actor: Actor, jane: Actor
) -> None:
    create = chat.users.create_token
    lasting = await create(actor, id_of(jane), now=NOW)
    timed = await create(actor, id_of(jane), expires_in=3600, now=NOW)
    expired = await create(actor, id_of(jane), expires_in=60, now=LONG_AGO)
    revoked = await create(actor, id_of(jane), now=NOW)
    await chat.users.revoke_token(actor, id_of(jane), revoked.id)
    every = [token.id for token in (lasting, timed, expired, revoked)]
    assert await store.tokens.dead_user_tokens(every) == {expired.id, revoked.id}
    assert (await chat.users.authenticate(timed.token)).token_id == timed.id


async def test_no_token_is_made_for_or_taken_from_somebody_elsewhere(
    chat: Chat, actor: Actor, jane: Actor
) -> None:
    made = await chat.users.create_token(actor, id_of(jane), now=NOW)
    other = await chat.applications.create(f"other {made.token}")
    elsewhere = Actor(application_id=other.application_id)
    for refused in (
        chat.users.create_token(elsewhere, id_of(jane), now=NOW),
        chat.users.list_tokens(elsewhere, id_of(jane)),
        chat.users.revoke_token(elsewhere, id_of(jane), made.id),
    ):
        with pytest.raises(NotFound):
            await refused
    assert await chat.users.authenticate(made.token)
