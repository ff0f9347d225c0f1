"""Organizations, beside the Platform API."""

from typing import Any

import httpx
import pytest

from chat.actors import Actor

Json = dict[str, Any]


@pytest.fixture
async def brigade(api: httpx.AsyncClient, jane: Actor, john: Actor) -> Json:
    """An organization of jane, who administers it, and john; it wants event rooms."""
    body = {
        "name": "Brigade",
        "members": [
            {"user": {"id": jane.user_id}, "role": "administrator"},
            {"user": {"id": john.user_id}, "role": "chat"},
        ],
        "settings": {"eventRooms": True, "closeAfterSeconds": 60},
    }
    made: Json = (await api.post("/organizations", json=body)).json()
    return made


def _roles(organization: Json) -> dict[str, str]:
    return {member["user"]["name"]: member["role"] for member in organization["members"]}


async def test_an_organization_has_members_settings_and_a_room(
    api: httpx.AsyncClient, brigade: Json
) -> None:
    assert _roles(brigade) == {"jane": "administrator", "john": "chat"}
    assert brigade["settings"] == {"eventRooms": True, "closeAfterSeconds": 60}
    room = (await api.get(brigade["_links"]["defaultChannel"]["href"])).json()
    assert room["displayName"] == "Brigade"
    assert (await api.get(brigade["_links"]["self"]["href"])).json() == brigade


async def test_lists_of_organizations_leave_out_their_members(
    api: httpx.AsyncClient, brigade: Json
) -> None:
    listed = (await api.get("/organizations")).json()
    brigade.pop("members")
    assert listed["_embedded"]["organizations"] == [brigade]


async def test_an_organization_can_be_changed(api: httpx.AsyncClient, brigade: Json) -> None:
    patch = {"name": "Fire brigade", "settings": {"eventRooms": False}}
    changed = (await api.patch(f"/organizations/{brigade['id']}", json=patch)).json()
    assert changed["name"] == "Fire brigade"
    assert changed["settings"] == {"eventRooms": False, "closeAfterSeconds": 60}


async def test_members_come_change_role_and_go(
    api: httpx.AsyncClient, brigade: Json, mallory: Actor
) -> None:
    path = f"/organizations/{brigade['id']}/members/{mallory.user_id}"
    assert _roles((await api.put(path, json={"role": "member"})).json())["mallory"] == "member"
    assert _roles((await api.put(path, json={"role": "chat"})).json())["mallory"] == "chat"
    assert (await api.put(path, json={"role": "king"})).status_code == 400
    assert "mallory" not in _roles((await api.delete(path)).json())
    assert (await api.delete(path)).status_code == 404


async def test_a_deleted_organization_takes_its_room_along(
    api: httpx.AsyncClient, brigade: Json, jane: Actor
) -> None:
    answer = await api.delete(f"/organizations/{brigade['id']}")
    assert answer.json()["id"] == jane.application_id
    assert (await api.get(f"/organizations/{brigade['id']}")).status_code == 404
    assert (await api.get(brigade["_links"]["defaultChannel"]["href"])).status_code == 404


async def test_tokens_of_an_organization_come_and_go(api: httpx.AsyncClient, brigade: Json) -> None:
    path = f"/organizations/{brigade['id']}/tokens"
    made = (await api.post(path, json={"name": "pager"})).json()
    assert set(made) == {"id", "token"}
    assert [t["name"] for t in (await api.get(path)).json()["_embedded"]["tokens"]] == ["pager"]
    assert (await api.delete(f"{path}/{made['id']}")).json()["id"] == brigade["id"]
    assert (await api.delete(f"{path}/{made['id']}")).status_code == 404


async def test_an_event_opens_a_room_for_those_who_accepted(
    api: httpx.AsyncClient, brigade: Json, jane: Actor
) -> None:
    path = f"/organizations/{brigade['id']}/events"
    opened = await api.post(path, json={"name": "Fire", "accepted": [jane.user_id]})
    event = opened.json()
    members = (await api.get(f"/channels/{event['channelId']}/members")).json()
    assert [user["name"] for user in members["_embedded"]["users"]] == ["jane"]
    closed = (await api.post(f"{path}/{event['id']}/close")).json()
    assert closed["closedTime"].endswith("Z")
    assert (await api.post(f"{path}/{event['id']}/close")).json() == closed


async def test_only_members_can_have_accepted(
    api: httpx.AsyncClient, brigade: Json, mallory: Actor
) -> None:
    body = {"name": "Fire", "accepted": [mallory.user_id]}
    answer = await api.post(f"/organizations/{brigade['id']}/events", json=body)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x", "members": [{"user": {}}]},
        {"name": "x", "settings": {"closeAfterSeconds": -1}},
    ],
)
async def test_an_organization_that_cannot_be_is_refused(
    api: httpx.AsyncClient, body: Json
) -> None:
    assert (await api.post("/organizations", json=body)).status_code == 400


async def test_organizations_of_another_application_do_not_exist(
    stranger: httpx.AsyncClient, brigade: Json, jane: Actor
) -> None:
    path = f"/organizations/{brigade['id']}"
    refused = [
        await stranger.get(path),
        await stranger.patch(path, json={"name": "mine"}),
        await stranger.delete(path),
        await stranger.put(f"{path}/members/{jane.user_id}", json={"role": "chat"}),
        await stranger.delete(f"{path}/members/{jane.user_id}"),
        await stranger.post(f"{path}/tokens"),
        await stranger.get(f"{path}/tokens"),
        await stranger.delete(f"{path}/tokens/1"),
        await stranger.post(f"{path}/events", json={"name": "x"}),
        await stranger.post(f"{path}/events/1/close"),
    ]
    assert {answer.status_code for answer in refused} == {404}
    assert (await stranger.get("/organizations")).json()["_embedded"] == {"organizations": []}
