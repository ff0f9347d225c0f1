"""Tokens of users, beside the Platform API."""

from typing import Any

import httpx
import pytest

from chat.actors import Actor
from chat.chat import Chat
from chat.errors import Unauthorized
from chat.events import TokenRevoked


async def test_a_token_is_shown_once_and_opens_the_users_doors(
    api: httpx.AsyncClient, chat: Chat, jane: Actor
) -> None:
    path = f"/users/{jane.user_id}/tokens"
    made = (await api.post(path, json={"name": "phone", "expiresIn": 3600})).json()
    assert set(made) == {"id", "token"}
    assert (await chat.users.authenticate(made["token"])).user_id == jane.user_id
    (listed,) = (await api.get(path)).json()["_embedded"]["tokens"]
    assert set(listed) == {"id", "name", "createdTime", "expiresTime"}
    assert made["token"] not in str(listed)


async def test_a_revoked_token_opens_nothing(
    api: httpx.AsyncClient, chat: Chat, jane: Actor, broker: Any
) -> None:
    path = f"/users/{jane.user_id}/tokens"
    made = (await api.post(path)).json()
    answer = await api.delete(f"{path}/{made['id']}")
    assert answer.json()["name"] == "jane"
    assert [event.token_id for event in broker.of(TokenRevoked)] == [made["id"]]
    with pytest.raises(Unauthorized):
        await chat.users.authenticate(made["token"])
    assert (await api.delete(f"{path}/{made['id']}")).status_code == 404


@pytest.mark.parametrize("body", [{"expiresIn": 0}, {"expiresIn": "1"}, {"name": ""}, []])
async def test_a_token_that_cannot_be_is_refused(
    api: httpx.AsyncClient, jane: Actor, body: Any
) -> None:
    path = f"/users/{jane.user_id}/tokens"
    assert (await api.post(path, json=body)).status_code == 400
    assert (await api.get(path)).json()["_embedded"] == {"tokens": []}


async def test_a_users_token_is_no_key_to_the_platform(api: httpx.AsyncClient, jane: Actor) -> None:
    made = (await api.post(f"/users/{jane.user_id}/tokens")).json()
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert (await api.get("/users", headers=headers)).status_code == 401


async def test_tokens_of_another_application_do_not_exist(
    api: httpx.AsyncClient, stranger: httpx.AsyncClient, jane: Actor
) -> None:
    path = f"/users/{jane.user_id}/tokens"
    made = (await api.post(path)).json()
    assert (await stranger.post(path)).status_code == 404
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.delete(f"{path}/{made['id']}")).status_code == 404
