"""Channels over the Platform API."""

from typing import Any

import httpx
import pytest

from chat.actors import Actor
from chat.channels import Channel
from chat.chat import Chat
from chat.events import ChannelUpdated, CustomEvent, KeysPressed
from chat.messages import Draft

GROUP_LINKS = {
    "self",
    "participants",
    "messages",
    "events",
    "memberships",
    "members",
    "moderators",
    "application",
}


async def test_a_public_channel_gets_a_name_of_its_own(api: httpx.AsyncClient) -> None:
    answer = await api.post("/channels", json={"type": "PUBLIC"})
    channel = answer.json()
    assert answer.status_code == 200
    assert channel["type"] == "PUBLIC"
    assert channel["name"]
    assert channel["displayName"] == channel["name"]
    assert set(channel["_links"]) == GROUP_LINKS
    assert channel["createdTime"].endswith("Z")


async def test_a_private_channel_knows_its_creator_and_members(
    api: httpx.AsyncClient, jane: Actor, john: Actor
) -> None:
    body = {
        "type": "PRIVATE",
        "name": "den",
        "display_name": "The den",
        "creator": {"username": "jane"},
        "members": [{"id": john.user_id}, {"username": "jane"}],
        "properties": {"colour": "red"},
    }
    channel = (await api.post("/channels", json=body)).json()
    assert channel["displayName"] == "The den"
    assert channel["creator"]["name"] == "jane"
    assert channel["properties"] == {"colour": "red"}
    members = (await api.get(channel["_links"]["members"]["href"])).json()
    assert {user["name"] for user in members["_embedded"]["users"]} == {"jane", "john"}


async def test_a_direct_channel_of_the_same_two_is_the_same_channel(
    api: httpx.AsyncClient, jane: Actor, john: Actor
) -> None:
    members = [{"username": "jane"}, {"username": "john"}]
    first = (await api.post("/channels", json={"type": "DIRECT", "members": members})).json()
    again = await api.post("/channels", json={"type": "DIRECT", "members": members[::-1]})
    assert again.status_code == 200
    assert again.json()["id"] == first["id"]
    assert {user["displayName"] for user in first["members"]} == {"Jane", "John"}
    assert set(first["_links"]) == {"self", "participants", "messages", "events", "application"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": "OPEN"},
        {"type": "DIRECT", "members": []},
        {"type": "PUBLIC", "name": ""},
        {"type": "PUBLIC", "name": "a\x00b"},
        {"type": "PUBLIC", "name": 5},
        {"type": "PUBLIC", "members": [{}]},
        {"type": "PUBLIC", "members": [{"id": "1"}]},
        {"type": "PUBLIC", "members": [{"id": 2**63}]},
        {"type": "PUBLIC", "properties": []},
    ],
)
async def test_a_channel_that_cannot_be_is_refused(
    api: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    answer = await api.post("/channels", json=body)
    assert answer.status_code == 400
    assert (await api.get("/channels")).json()["page"]["totalElements"] == 0


async def test_a_channel_of_unknown_members_is_not_made(api: httpx.AsyncClient) -> None:
    for member in ({"id": 2**53 - 1}, {"username": "nobody"}):
        answer = await api.post("/channels", json={"type": "PUBLIC", "members": [member]})
        assert answer.status_code == 404
    assert (await api.get("/channels")).json()["page"]["totalElements"] == 0


async def test_channels_can_be_filtered_and_sorted(
    api: httpx.AsyncClient, room: Channel, mallory: Actor
) -> None:
    lobby = {"type": "PUBLIC", "name": "lobby", "properties": {"floor": 1}}
    made = (await api.post("/channels", json=lobby)).json()

    async def names(**query: Any) -> list[str]:
        page = (await api.get("/channels", params=query)).json()
        return [channel["name"] for channel in page["_embedded"]["channels"]]

    assert await names(sort="name,asc") == ["lobby", "room"]
    assert await names(sort=["created_time,desc", "name,asc"]) == ["lobby", "room"]
    assert await names(type="PRIVATE") == ["room"]
    assert await names(members=["jane", "john"]) == ["room"]
    assert await names(members=["jane", "mallory"]) == []
    assert await names(properties='{"floor": 1}') == ["lobby"]
    assert await names(startTime=made["createdTime"], sort="id") == ["lobby"]
    assert await names(endTime="2001-01-01T00:00:00") == []


@pytest.mark.parametrize(
    "query",
    [
        "type=OPEN",
        "startTime=yesterday",
        "startTime=0001-01-01T00:00:00%2B14:00",
        "properties=[1]",
        "properties={",
        "members=%00",
    ],
)
async def test_a_filter_that_means_nothing_is_refused(api: httpx.AsyncClient, query: str) -> None:
    assert (await api.get(f"/channels?{query}")).status_code == 400


async def test_a_channel_shows_its_last_message_with_its_author(
    api: httpx.AsyncClient, chat: Chat, room: Channel, jane: Actor
) -> None:
    await chat.messages.send(jane, room.id, Draft(text="hello"))
    channel = (await api.get(f"/channels/{room.id}")).json()
    last = channel["lastReceivedMessage"]
    assert last["body"] == "hello"
    assert last["user"]["name"] == "jane"
    assert "_links" not in last


async def test_a_patch_renames_a_channel_and_tells_it(
    api: httpx.AsyncClient, room: Channel, broker: Any
) -> None:
    answer = await api.patch(f"/channels/{room.id}", json={"displayName": "A new name"})
    assert answer.json()["displayName"] == "A new name"
    assert [event.channel.display_name for event in broker.of(ChannelUpdated)] == ["A new name"]


async def test_an_empty_patch_of_a_channel_tells_nobody(
    api: httpx.AsyncClient, room: Channel, broker: Any
) -> None:
    answer = await api.patch(f"/channels/{room.id}", json={})
    assert answer.json()["displayName"] == "The room"
    assert broker.of(ChannelUpdated) == []


async def test_a_deleted_channel_is_gone(api: httpx.AsyncClient, room: Channel) -> None:
    answer = await api.delete(f"/channels/{room.id}")
    assert answer.json()["id"] == room.application_id
    assert (await api.get(f"/channels/{room.id}")).status_code == 404


async def test_a_custom_event_is_told_as_it_came(
    api: httpx.AsyncClient, room: Channel, broker: Any
) -> None:
    body = {"type": "My event", "properties": {"favorite_number": 42, "b": {"c": None}}}
    answer = await api.post(f"/channels/{room.id}/events", json=body)
    event = answer.json()
    assert set(event.pop("_links")) == {"application"}
    assert event == body
    (told,) = broker.of(CustomEvent)
    assert (told.channel_id, told.name, told.data) == (room.id, "My event", body["properties"])


async def test_keystrokes_are_told_on_behalf_of_a_user(
    api: httpx.AsyncClient, room: Channel, jane: Actor, broker: Any
) -> None:
    body = {"keys": "hel", "user": {"username": "jane"}}
    answer = await api.post(f"/channels/{room.id}/keystrokes", json=body)
    assert answer.json()["username"] == "jane"
    assert [(event.user.name, event.keys) for event in broker.of(KeysPressed)] == [("jane", "hel")]
    too_many = {**body, "keys": "x" * 1001}
    assert (await api.post(f"/channels/{room.id}/keystrokes", json=too_many)).status_code == 400


async def test_an_invited_user_may_join(
    api: httpx.AsyncClient, chat: Chat, room: Channel, mallory: Actor
) -> None:
    body = {"user": {"id": mallory.user_id}}
    answer = await api.post(f"/channels/{room.id}/invites", json=body)
    assert set(answer.json()["_links"]) == {"invitee", "channel", "application"}
    listed = (await api.get(f"/channels/{room.id}/invites")).json()
    assert listed["page"]["totalElements"] == 1
    assert listed["_embedded"]["invites"] == [answer.json()]
    assert (await chat.members.join(mallory, room.id)).id == room.id
    assert (await api.get(f"/channels/{room.id}/invites")).json()["page"]["totalElements"] == 0


async def test_members_need_no_invite(api: httpx.AsyncClient, room: Channel, jane: Actor) -> None:
    body = {"user": {"id": jane.user_id}}
    assert (await api.post(f"/channels/{room.id}/invites", json=body)).status_code == 400


async def test_channels_of_another_application_do_not_exist(
    stranger: httpx.AsyncClient, room: Channel, jane: Actor
) -> None:
    path, user = f"/channels/{room.id}", {"user": {"id": jane.user_id}}
    refused = [
        await stranger.get(path),
        await stranger.patch(path, json={"displayName": "mine"}),
        await stranger.delete(path),
        await stranger.post(f"{path}/events", json={"type": "x", "properties": {}}),
        await stranger.post(f"{path}/invites", json=user),
        await stranger.post(f"{path}/keystrokes", json={"keys": "x", **user}),
    ]
    assert {answer.status_code for answer in refused} == {404}
    assert (await stranger.get("/channels")).json()["_embedded"] == {"channels": []}
