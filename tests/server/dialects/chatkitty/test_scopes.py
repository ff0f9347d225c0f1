"""Tokens that were limited to scopes, and those that are past."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pytest

from chat.applications import Credentials, secret_hash
from server.dialects import chatkitty
from server.dialects.chatkitty.scopes import SCOPES

Grant = Callable[[str], Awaitable[httpx.Response]]
OWN = {"organizations", "tokens"}
"""Operations beside the published ones: they have no scopes of their own."""


FOR_ANYBODY = {"draw_picture"}


@pytest.fixture
async def grant(anonymous: httpx.AsyncClient, application: Credentials) -> Grant:
    async def grant(scope: str) -> httpx.Response:
        form = {"grant_type": "client_credentials", "scope": scope}
        auth = (application.client_id, application.client_secret)
        return await anonymous.post("/oauth/token", auth=auth, data=form)

    return grant


async def _status(client: httpx.AsyncClient, granted: httpx.Response, path: str) -> int:
    headers = {"Authorization": f"Bearer {granted.json()['access_token']}"}
    return (await client.get(f"/v1{path}", headers=headers)).status_code


def test_every_published_operation_has_its_scopes() -> None:
    tags = [tag for tag in chatkitty.TAGS if tag.__name__.rpartition(".")[2] not in OWN]
    operations = {route.endpoint.__name__ for tag in tags for route in tag.routes}
    assert operations - set(SCOPES) - FOR_ANYBODY == set()
    assert all(SCOPES.values())


async def test_a_token_does_what_its_scopes_say(anonymous: httpx.AsyncClient, grant: Grant) -> None:
    granted = await grant("read:user create:message")
    assert granted.json()["scope"] == "read:user create:message"
    assert await _status(anonymous, granted, "/users") == 200
    assert await _status(anonymous, granted, "/channels") == 403
    headers = {"Authorization": f"Bearer {granted.json()['access_token']}"}
    refused = await anonymous.post("/v1/users", headers=headers, json={})
    assert refused.status_code == 403
    assert refused.json() == {"error": "access_denied", "error_description": "Access is denied"}


async def test_a_family_holds_all_scopes_of_its_verb(
    anonymous: httpx.AsyncClient, grant: Grant
) -> None:
    granted = await grant("read:*")
    for path in ("/users", "/channels", "/messages", "/application/settings"):
        assert await _status(anonymous, granted, path) == 200
    headers = {"Authorization": f"Bearer {granted.json()['access_token']}"}
    assert (await anonymous.delete("/v1/messages", headers=headers)).status_code == 403


async def test_scopes_that_do_not_exist_are_not_granted(
    anonymous: httpx.AsyncClient, grant: Grant
) -> None:
    some = await grant("read:user fly:moon read:user")
    assert some.json()["scope"] == "read:user"
    none = await grant("fly:moon")
    assert none.status_code == 400
    assert none.json()["error"] == "invalid_scope"


@pytest.mark.parametrize("scope", ["", "org:1:app", "read:user org:1:app"])
async def test_who_names_none_may_do_everything(
    anonymous: httpx.AsyncClient, grant: Grant, scope: str
) -> None:
    granted = await grant(scope)
    assert granted.json()["scope"] == "org:1:app"
    for path in ("/users", "/organizations", "/channels"):
        assert await _status(anonymous, granted, path) == 200


async def test_what_has_no_scope_takes_a_token_without_limits(
    anonymous: httpx.AsyncClient, grant: Grant
) -> None:
    assert await _status(anonymous, await grant("read:* update:*"), "/organizations") == 403


async def test_an_expired_token_opens_nothing(
    anonymous: httpx.AsyncClient, grant: Grant, connection: "asyncpg.Connection[Any]"
) -> None:
    granted = await grant("")
    assert await _status(anonymous, granted, "/users") == 200
    await connection.execute(
        "UPDATE application_tokens SET expires = now() WHERE hash = $1",
        secret_hash(granted.json()["access_token"]),
    )
    headers = {"Authorization": f"Bearer {granted.json()['access_token']}"}
    refused = await anonymous.get("/v1/users", headers=headers)
    assert refused.status_code == 401
    assert refused.json()["error"] == "unauthorized"
