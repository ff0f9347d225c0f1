"""The application and its settings over the Platform API."""

from typing import Any

import httpx
import pytest

from chat.actors import Actor
from chat.applications import Credentials
from chat.channels import NewChannel
from chat.chat import Chat
from chat.errors import Forbidden, GuestsDisabled

ENABLED = {"guestUsers": "ENABLED", "userCreatedChannels": "ENABLED"}
DISABLED = {"guestUsers": "DISABLED", "userCreatedChannels": "DISABLED"}


async def test_settings_are_answered_flat_and_as_features(api: httpx.AsyncClient) -> None:
    settings = (await api.get("/application/settings")).json()
    assert settings == {**ENABLED, "features": ENABLED, "_links": {}}
    snake = await api.get(
        "/application/settings", headers={"Accept": "application/vnd.chatkitty+json"}
    )
    assert snake.json()["features"]["user_created_channels"] == "ENABLED"


@pytest.mark.parametrize(
    "body",
    [
        DISABLED,
        {"features": DISABLED},
        {"guest_users": "DISABLED", "user_created_channels": "DISABLED"},
    ],
)
async def test_settings_change_what_users_may_do(
    api: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    chat: Chat,
    jane: Actor,
    application: Credentials,
    body: dict[str, Any],
) -> None:
    answer = await api.put("/application/settings", json=body)
    assert answer.status_code == 200
    assert answer.json()["features"] == DISABLED
    assert (await api.get("/application/settings")).json() == answer.json()
    with pytest.raises(GuestsDisabled):
        await chat.users.admit_guest(application.api_key, "guest")
    with pytest.raises(Forbidden):
        await chat.channels.create(jane, NewChannel(kind="PUBLIC"))
    made = {"type": "PUBLIC", "name": "x", "creator": {"username": "jane"}}
    assert (await api.post("/channels", json=made)).status_code == 200
    assert (await stranger.get("/application/settings")).json()["features"] == ENABLED
    await api.put("/application/settings", json=ENABLED)
    await chat.users.admit_guest(application.api_key, "guest")


@pytest.mark.parametrize(
    "body", [{}, {"guestUsers": "ENABLED"}, {**ENABLED, "guestUsers": True}, {"features": {}}, []]
)
async def test_settings_are_given_whole(api: httpx.AsyncClient, body: Any) -> None:
    answer = await api.put("/application/settings", json=body)
    assert answer.status_code == 400
    assert (await api.get("/application/settings")).json()["features"] == ENABLED
