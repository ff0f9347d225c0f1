"""User sessions and chat sessions over the Platform API."""

import httpx
import pytest

from chat.actors import Actor
from chat.channels import Channel
from chat.chat import Chat


async def test_a_session_is_listed_by_its_state(
    api: httpx.AsyncClient, chat: Chat, room: Channel, jane: Actor
) -> None:
    opening = await chat.presence.open(jane, "browser/1")
    await chat.presence.view(jane, opening.session_id, [room.id])
    users = (await api.get("/user-sessions", params={"state": "ACTIVE"})).json()
    (session,) = users["_embedded"]["sessions"]
    assert session["user"]["name"] == "jane"
    assert session["userAgent"] == "browser/1"
    assert "endTime" not in session
    assert set(session["_links"]) == {"user", "application"}
    chats = (await api.get("/chat-sessions", params={"state": "ACTIVE"})).json()
    (chat_session,) = chats["_embedded"]["sessions"]
    assert chat_session["session"]["id"] == session["id"]
    assert set(chat_session["_links"]) == {"session", "channel", "application"}

    await chat.presence.end([opening.session_id])
    for path in ("/user-sessions", "/chat-sessions"):
        active = (await api.get(path, params={"state": "ACTIVE"})).json()
        (ended,) = (await api.get(path, params={"state": "ENDED"})).json()["_embedded"]["sessions"]
        assert active["_embedded"] == {"sessions": []}
        assert ended["state"] == "ENDED"
        assert ended["endTime"].endswith("Z")


@pytest.mark.parametrize("path", ["/user-sessions", "/chat-sessions"])
async def test_sessions_have_two_states(api: httpx.AsyncClient, path: str) -> None:
    assert (await api.get(path, params={"state": "IDLE"})).status_code == 400


async def test_sessions_of_another_application_are_not_listed(
    stranger: httpx.AsyncClient, chat: Chat, jane: Actor
) -> None:
    opening = await chat.presence.open(jane, None)
    assert (await stranger.get("/user-sessions")).json()["page"]["totalElements"] == 0
    await chat.presence.end([opening.session_id])
