"""Secrets of users over the Platform API, and how they rest."""

import secrets
from typing import Any

import asyncpg
import httpx
import pytest

from chat.actors import Actor
from chat.chat import Chat
from chat.errors import Forbidden, Unavailable
from server.keyring import Keyring
from storage.postgres.store import PostgresStore
from tests.conftest import RecordingBroker

SECRET = {"secret": {"apiKey": "very-secret", "nested_key": {"aB": [1, None]}}}


@pytest.fixture
def chat(store: PostgresStore, broker: RecordingBroker) -> Chat:
    """A core with a vault."""
    return Chat(store, broker, vault=Keyring([secrets.token_bytes(32)]))


def _path(who: Actor, name: str = "Secret%20Name%2Fx") -> str:
    return f"/users/{who.user_id}/secrets/{name}"


async def test_a_secret_is_kept_under_any_name(api: httpx.AsyncClient, jane: Actor) -> None:
    stored = await api.put(_path(jane), json=SECRET)
    assert stored.status_code == 200
    assert stored.json()["name"] == "jane"
    assert "very-secret" not in stored.text
    for accept in ("application/json", "application/vnd.chatkitty+json"):
        found = await api.get(_path(jane), headers={"Accept": accept})
        assert found.json() == SECRET
        assert found.headers["cache-control"] == "no-store"
    await api.put(_path(jane), json={"secret": {}})
    assert (await api.get(_path(jane))).json() == {"secret": {}}
    removed = await api.delete(_path(jane))
    assert removed.json()["name"] == "jane"
    assert (await api.get(_path(jane))).status_code == 404
    assert (await api.delete(_path(jane))).status_code == 404


async def test_secrets_of_other_users_names_and_applications_are_others(
    api: httpx.AsyncClient, stranger: httpx.AsyncClient, jane: Actor, john: Actor
) -> None:
    await api.put(_path(jane), json=SECRET)
    assert (await api.get(_path(john))).status_code == 404
    assert (await api.get(_path(jane, "other"))).status_code == 404
    assert (await stranger.get(_path(jane))).status_code == 404
    assert (await stranger.put(_path(jane), json=SECRET)).status_code == 404
    assert (await stranger.delete(_path(jane))).status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"secret": "x"}, {"secret": None}, {"secret": {"a": "\x00"}}, []]
)
async def test_a_secret_is_an_object(api: httpx.AsyncClient, jane: Actor, body: Any) -> None:
    assert (await api.put(_path(jane), json=body)).status_code == 400
    assert (await api.put(_path(jane, "x" * 300), json=SECRET)).status_code == 400


async def test_secrets_rest_encrypted_and_cannot_change_places(
    api: httpx.AsyncClient, jane: Actor, john: Actor, connection: "asyncpg.Connection[Any]"
) -> None:
    await api.put(_path(jane, "key"), json=SECRET)
    resting = await connection.fetchval(
        "SELECT sealed FROM user_secrets WHERE user_id = $1", jane.user_id
    )
    assert b"secret" not in resting
    await connection.execute(
        "INSERT INTO user_secrets (user_id, name, sealed) VALUES ($1, 'key', $2)",
        john.user_id,
        resting,
    )
    assert (await api.get(_path(john, "key"))).status_code == 503


async def test_without_a_key_there_are_no_secrets(
    store: PostgresStore, broker: RecordingBroker, actor: Actor, jane: Actor
) -> None:
    keyless = Chat(store, broker)
    with pytest.raises(Unavailable):
        await keyless.secrets.set(actor, jane.require_user().id, "x", {})
    with pytest.raises(Forbidden):
        await keyless.secrets.get(jane, jane.require_user().id, "x")


async def test_the_secrets_of_a_deleted_user_are_gone(
    api: httpx.AsyncClient, jane: Actor, connection: "asyncpg.Connection[Any]"
) -> None:
    await api.put(_path(jane), json=SECRET)
    await api.delete(f"/users/{jane.user_id}")
    assert (await api.get(_path(jane))).status_code == 404
    left = "SELECT count(*) FROM user_secrets WHERE user_id = $1"
    assert await connection.fetchval(left, jane.user_id) == 0
