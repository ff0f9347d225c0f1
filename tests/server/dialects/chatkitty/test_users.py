"""Users over the Platform API."""

from typing import Any

import httpx
import pytest

from chat.actors import Actor
from chat.channels import Channel, NewChannel
from chat.chat import Chat
from chat.events import PresenceChanged
from chat.messages import Draft
from tests.conftest import RecordingBroker

JANE = {"name": "jane", "displayName": "Jane Doe", "isGuest": False, "properties": {"n": 42}}
SNAKE = {"Accept": "application/vnd.chatkitty+json,*/*;q=0.8"}


async def test_a_created_user_is_answered_whole_with_its_links(api: httpx.AsyncClient) -> None:
    answer = await api.post("/users", json=JANE)
    user = answer.json()
    links = user.pop("_links")
    assert answer.status_code == 200
    assert user == {
        **JANE,
        "id": user["id"],
        "type": "PERSON",
        "displayPictureUrl": "http://chat.test/v1/picture/Jane+Doe",
        "presence": {"status": "UNAVAILABLE", "online": False},
        "callStatus": "AVAILABLE",
    }
    assert set(links) == {"self", "channels", "notifications", "displayPicture", "application"}
    assert (await api.get(links["self"]["href"])).json()["name"] == "jane"
    assert (await api.get(links["application"]["href"])).status_code == 200


async def test_both_spellings_of_a_request_mean_the_same(api: httpx.AsyncClient) -> None:
    body = {"name": "john", "display_name": "John", "is_guest": True, "properties": {"my_key": 1}}
    user = (await api.post("/users", json=body)).json()
    assert user["displayName"] == "John"
    assert user["isGuest"] is True
    assert user["properties"] == {"my_key": 1}


async def test_clients_that_accept_chatkitty_json_are_answered_in_snake_case(
    api: httpx.AsyncClient,
) -> None:
    body = {**JANE, "properties": {"favoriteNumber": 42}}
    answer = await api.post("/users", json=body, headers=SNAKE)
    user = answer.json()
    assert answer.headers["content-type"] == "application/vnd.chatkitty+json"
    assert user["display_name"] == "Jane Doe"
    assert user["is_guest"] is user["isGuest"] is False
    assert user["properties"] == {"favoriteNumber": 42}
    page = (await api.get("/users", headers=SNAKE)).json()
    assert page["page"]["total_elements"] == 1


async def test_users_are_listed_in_pages_that_link_to_each_other(api: httpx.AsyncClient) -> None:
    for name in ("anna", "bert", "carl", "dora", "emil"):
        await api.post("/users", json={"name": name, "displayName": name, "isGuest": False})
    first = (await api.get("/users", params={"size": 2, "sort": "name,desc"})).json()
    assert first["page"] == {"size": 2, "totalElements": 5, "totalPages": 3, "number": 0}
    assert set(first["_links"]) == {"first", "self", "next", "last"}
    names, page = [], first
    while True:
        names += [user["name"] for user in page["_embedded"]["users"]]
        if "next" not in page["_links"]:
            break
        page = (await api.get(page["_links"]["next"]["href"])).json()
    assert names == ["emil", "dora", "carl", "bert", "anna"]
    assert set(page["_links"]) == {"first", "prev", "self", "last"}


async def test_a_page_with_everything_links_to_itself_and_echoes_its_filters(
    api: httpx.AsyncClient, jane: Actor, john: Actor
) -> None:
    page = (await api.get("/users", params={"name": "jane"})).json()
    assert [user["name"] for user in page["_embedded"]["users"]] == ["jane"]
    app = jane.application_id
    assert page["_links"] == {
        "self": {"href": f"http://chat.test/v1/applications/{app}/users?name=jane&page=0&size=25"}
    }


@pytest.mark.parametrize(
    "query", ["page=-1", "page=x", "size=0", "size=9" * 9, "sort=password", "name=%00", "page=1e3"]
)
async def test_a_list_that_cannot_be_is_refused(api: httpx.AsyncClient, query: str) -> None:
    answer = await api.get(f"/users?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"] == "ClientError"


async def test_a_user_can_be_looked_for_by_name(api: httpx.AsyncClient, jane: Actor) -> None:
    assert (await api.head("/users", params={"name": "jane"})).status_code == 200
    assert (await api.head("/users", params={"name": "nobody"})).status_code == 404
    assert (await api.head("/users")).status_code == 400


async def test_a_name_is_taken_once(api: httpx.AsyncClient, jane: Actor) -> None:
    answer = await api.post("/users", json=JANE)
    assert answer.status_code == 400
    assert answer.json()["properties"] == {"code": "conflict"}


async def test_a_patch_changes_what_it_names_and_merges_properties(
    api: httpx.AsyncClient,
) -> None:
    stored = {**JANE, "properties": {"a": 1, "b": {"c": 2, "d": 3}, "e": [1]}}
    user = (await api.post("/users", json=stored)).json()
    answer = await api.patch(
        f"/users/{user['id']}",
        content=b'{"presence": {"status": "AWAY"}, "properties": {"a": null, "b": {"c": 9}}}',
        headers={"Content-Type": "application/json+merge-patch"},
    )
    patched = answer.json()
    assert answer.status_code == 200
    assert patched["properties"] == {"b": {"c": 9, "d": 3}, "e": [1]}
    assert patched["presence"]["status"] == "AWAY"
    assert patched["displayName"] == "Jane Doe"


async def test_an_empty_patch_changes_nothing(api: httpx.AsyncClient, jane: Actor) -> None:
    before = (await api.get(f"/users/{jane.user_id}")).json()
    assert (await api.patch(f"/users/{jane.user_id}", json={})).json() == before
    cleared = await api.patch(f"/users/{jane.user_id}", json={"properties": None})
    assert cleared.json()["properties"] == {}


@pytest.mark.parametrize(
    "patch",
    [{"displayName": None}, {"isGuest": "yes"}, {"presence": {"status": 1}}, {"properties": []}],
)
async def test_a_patch_of_the_wrong_type_changes_nothing(
    api: httpx.AsyncClient, jane: Actor, patch: dict[str, Any]
) -> None:
    before = (await api.get(f"/users/{jane.user_id}")).json()
    assert (await api.patch(f"/users/{jane.user_id}", json=patch)).status_code == 400
    assert (await api.get(f"/users/{jane.user_id}")).json() == before


async def test_deleting_a_user_answers_the_application(api: httpx.AsyncClient, jane: Actor) -> None:
    answer = await api.delete(f"/users/{jane.user_id}")
    assert answer.json()["id"] == jane.application_id
    assert (await api.get(f"/users/{jane.user_id}")).status_code == 404
    assert (await api.delete(f"/users/{jane.user_id}")).status_code == 404


async def test_the_channels_of_a_user_are_those_he_is_in(
    api: httpx.AsyncClient, room: Channel, jane: Actor, mallory: Actor
) -> None:
    page = (await api.get(f"/users/{jane.user_id}/channels")).json()
    assert [channel["id"] for channel in page["_embedded"]["channels"]] == [room.id]
    page = (await api.get(f"/users/{mallory.user_id}/channels")).json()
    assert page["_embedded"] == {"channels": []}


async def test_the_messages_of_a_user_are_his_own_or_those_he_has_not_read(
    api: httpx.AsyncClient, chat: Chat, room: Channel, jane: Actor, john: Actor
) -> None:
    await chat.messages.send(jane, room.id, Draft(text="from jane"))
    await chat.messages.send(john, room.id, Draft(text="from john"))
    path = f"/users/{jane.user_id}/messages"
    own = (await api.get(path)).json()["_embedded"]["messages"]
    unread = (await api.get(path, params={"unread": "true"})).json()["_embedded"]["messages"]
    assert [message["body"] for message in own] == ["from jane"]
    assert [message["body"] for message in unread] == ["from john"]


async def test_users_of_another_application_do_not_exist(
    stranger: httpx.AsyncClient, jane: Actor
) -> None:
    path = f"/users/{jane.user_id}"
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.patch(path, json={"displayName": "X"})).status_code == 404
    assert (await stranger.delete(path)).status_code == 404
    assert (await stranger.get(f"{path}/channels")).status_code == 404
    assert (await stranger.get(f"{path}/messages")).status_code == 404
    assert (await stranger.head("/users", params={"name": "jane"})).status_code == 404
    assert (await stranger.get("/users")).json()["page"]["totalElements"] == 0


async def test_users_are_found_by_a_part_of_their_properties(api: httpx.AsyncClient) -> None:
    for name, team in (("ada", "red"), ("bob", "blue")):
        body = {"name": name, "displayName": name, "properties": {"team": team, "n": 1}}
        assert (await api.post("/users", json=body)).status_code == 200
    found = (await api.get("/users", params={"properties": '{"team": "red"}'})).json()
    assert [user["name"] for user in found["_embedded"]["users"]] == ["ada"]
    assert (await api.get("/users", params={"properties": "[1"})).status_code == 400


async def test_a_status_that_is_patched_is_told_where_the_user_is(
    api: httpx.AsyncClient, chat: Chat, jane: Actor, room: Channel, broker: RecordingBroker
) -> None:
    elsewhere = await chat.channels.create(jane, NewChannel(kind="PRIVATE"))
    await api.patch(f"/users/{jane.user_id}", json={"presence": {"status": "AWAY"}})
    told = broker.of(PresenceChanged)
    assert {(event.channel_id, event.user.name, event.status) for event in told} == {
        (room.id, "jane", "AWAY"),
        (elsewhere.id, "jane", "AWAY"),
    }
    await api.patch(f"/users/{jane.user_id}", json={"displayName": "J"})
    assert broker.of(PresenceChanged) == told
