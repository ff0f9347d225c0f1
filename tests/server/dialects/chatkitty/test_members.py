"""Members, memberships, moderators and participants over the Platform API."""

import httpx

from chat.actors import Actor
from chat.channels import Channel
from chat.chat import Chat


async def _names(api: httpx.AsyncClient, path: str) -> set[str]:
    page = (await api.get(path)).json()
    return {user["name"] for user in page["_embedded"]["users"]}


async def test_adding_a_member_answers_the_channel(
    api: httpx.AsyncClient, room: Channel, mallory: Actor
) -> None:
    path = f"/channels/{room.id}/members"
    answer = await api.post(path, json={"username": "mallory"})
    assert answer.status_code == 200
    assert answer.json()["id"] == room.id
    assert await _names(api, path) == {"jane", "john", "mallory"}


async def test_removing_a_member_answers_the_channel(
    api: httpx.AsyncClient, room: Channel, john: Actor
) -> None:
    path = f"/channels/{room.id}/members"
    answer = await api.delete(f"{path}/{john.user_id}")
    assert answer.json()["id"] == room.id
    assert await _names(api, path) == {"jane"}
    assert (await api.delete(f"{path}/{john.user_id}")).status_code == 404


async def test_memberships_lead_to_their_member(
    api: httpx.AsyncClient, room: Channel, john: Actor
) -> None:
    page = (await api.get(f"/channels/{room.id}/memberships")).json()
    assert page["page"]["totalElements"] == 2
    for membership in page["_embedded"]["memberships"]:
        assert set(membership) == {"createdTime", "_links"}
        assert set(membership["_links"]) == {"user", "channel", "member", "application"}
    members = {m["_links"]["user"]["href"] for m in page["_embedded"]["memberships"]}
    assert any(href.endswith(f"/users/{john.user_id}") for href in members)


async def test_adding_a_moderator_answers_the_user(
    api: httpx.AsyncClient, room: Channel, john: Actor
) -> None:
    path = f"/channels/{room.id}/moderators"
    answer = await api.post(path, json={"id": john.user_id})
    assert answer.json()["name"] == "john"
    assert "john" in await _names(api, path)
    removed = await api.delete(f"{path}/{john.user_id}")
    assert removed.json()["id"] == room.id
    assert "john" not in await _names(api, path)


async def test_only_members_become_moderators(
    api: httpx.AsyncClient, room: Channel, mallory: Actor
) -> None:
    answer = await api.post(f"/channels/{room.id}/moderators", json={"id": mallory.user_id})
    assert answer.status_code == 404


async def test_participants_are_members_who_have_the_channel_open(
    api: httpx.AsyncClient, chat: Chat, room: Channel, jane: Actor
) -> None:
    path = f"/channels/{room.id}/participants"
    assert await _names(api, path) == set()
    opening = await chat.presence.open(jane, "test")
    await chat.presence.view(jane, opening.session_id, [room.id])
    assert await _names(api, path) == {"jane"}
    await chat.presence.end([opening.session_id])


async def test_the_members_of_a_direct_channel_stay(
    api: httpx.AsyncClient, jane: Actor, john: Actor, mallory: Actor
) -> None:
    members = [{"id": jane.user_id}, {"id": john.user_id}]
    channel = (await api.post("/channels", json={"type": "DIRECT", "members": members})).json()
    path = f"/channels/{channel['id']}/members"
    answer = await api.post(path, json={"id": mallory.user_id})
    assert answer.status_code == 403
    assert answer.json() == {"error": "access_denied", "error_description": "Access is denied"}
    assert (await api.delete(f"{path}/{jane.user_id}")).status_code == 403


async def test_a_reference_to_nobody_is_refused(api: httpx.AsyncClient, room: Channel) -> None:
    path = f"/channels/{room.id}/members"
    assert (await api.post(path, json={})).status_code == 400
    assert (await api.post(path, json={"id": True})).status_code == 400
    assert (await api.post(path, json={"username": "nobody"})).status_code == 404
    assert (await api.delete(f"{path}/jane")).status_code == 404


async def test_members_of_another_application_do_not_exist(
    stranger: httpx.AsyncClient, api: httpx.AsyncClient, room: Channel, jane: Actor
) -> None:
    theirs = (await stranger.post("/users", json={"name": "eve", "displayName": "Eve"})).json()
    path = f"/channels/{room.id}"
    refused = [
        await stranger.get(f"{path}/members"),
        await stranger.get(f"{path}/memberships"),
        await stranger.get(f"{path}/moderators"),
        await stranger.get(f"{path}/participants"),
        await stranger.post(f"{path}/members", json={"id": theirs["id"]}),
        await stranger.post(f"{path}/moderators", json={"id": theirs["id"]}),
        await stranger.delete(f"{path}/members/{jane.user_id}"),
        await stranger.delete(f"{path}/moderators/{jane.user_id}"),
        await api.post(f"{path}/members", json={"id": theirs["id"]}),
    ]
    assert {answer.status_code for answer in refused} == {404}
    assert await _names(api, f"{path}/members") == {"jane", "john"}
