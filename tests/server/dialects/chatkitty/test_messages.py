"""Messages over the Platform API."""

from typing import Any

import httpx
import pytest

from chat.actors import Actor
from chat.channels import Channel
from chat.chat import Chat
from chat.events import MessageDeleted, MessageEdited, MessageSent
from chat.messages import Draft

FILE = {"contentType": "image/png", "name": "cat.png", "size": 9, "url": "https://x.test/cat.png"}


async def test_a_message_without_a_user_is_the_systems(
    api: httpx.AsyncClient, room: Channel, broker: Any
) -> None:
    body = {"type": "TEXT", "body": "Hello", "groupTag": "g", "properties": {"a_b": 1}}
    answer = await api.post(f"/channels/{room.id}/messages", json=body)
    message = answer.json()
    assert answer.status_code == 200
    assert set(message.pop("_links")) == {"self", "channel", "application"}
    assert message == {
        "id": message["id"],
        "type": "SYSTEM_TEXT",
        "channelId": room.id,
        "body": "Hello",
        "groupTag": "g",
        "nestedLevel": 0,
        "repliesCount": 0,
        "properties": {"a_b": 1},
        "createdTime": message["createdTime"],
    }
    assert [event.message.text for event in broker.of(MessageSent)] == ["Hello"]


async def test_a_file_is_sent_on_behalf_of_a_user(
    api: httpx.AsyncClient, room: Channel, jane: Actor
) -> None:
    body = {"type": "FILE", "file": FILE, "user": {"username": "jane"}}
    message = (await api.post(f"/channels/{room.id}/messages", json=body)).json()
    assert message["type"] == "FILE"
    assert message["file"] == {**FILE, "type": "EXTERNAL"}
    assert message["user"]["displayName"] == "Jane"
    assert set(message["_links"]) == {"self", "user", "channel", "application"}
    snake = {
        "type": "FILE",
        "file": {"content_type": "a/b", "name": "n", "size": 0, "url": "u"},
        "group_tag": "g",
    }
    answer = await api.post(
        f"/channels/{room.id}/messages",
        json=snake,
        headers={"Accept": "application/vnd.chatkitty+json"},
    )
    assert answer.json()["type"] == "SYSTEM_FILE"
    assert answer.json()["file"]["content_type"] == "a/b"
    assert answer.json()["group_tag"] == "g"


async def test_a_repeated_idempotency_key_answers_the_first_message(
    api: httpx.AsyncClient, room: Channel, broker: Any
) -> None:
    path, key = f"/channels/{room.id}/messages", {"Idempotency-Key": "once"}
    first = await api.post(path, json={"type": "TEXT", "body": "one"}, headers=key)
    again = await api.post(path, json={"type": "TEXT", "body": "one"}, headers=key)
    assert again.status_code == 200
    assert again.json() == first.json()
    assert len(broker.of(MessageSent)) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"type": "TEXT"},
        {"type": "TEXT", "body": ""},
        {"type": "TEXT", "body": 1},
        {"type": "TEXT", "body": "a\x00b"},
        {"type": "TEXT", "body": "x" * 70_000},
        {"type": "FILE", "body": "x"},
        {"type": "FILE", "file": {**FILE, "size": -1}},
        {"type": "FILE", "file": {**FILE, "size": "9"}},
        {"type": "SYSTEM_TEXT", "body": "x"},
        {"type": "TEXT", "body": "x", "user": {"id": 0}},
        {"type": "TEXT", "body": "x", "properties": {"a": "\x00"}},
    ],
)
async def test_a_message_that_cannot_be_is_refused_and_not_stored(
    api: httpx.AsyncClient, room: Channel, body: dict[str, Any]
) -> None:
    path = f"/channels/{room.id}/messages"
    answer = await api.post(path, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"] == "ClientError"
    assert (await api.get(path)).json()["_embedded"] == {"messages": []}


async def test_a_message_of_an_unknown_sender_is_not_stored(
    api: httpx.AsyncClient, room: Channel
) -> None:
    body = {"type": "TEXT", "body": "x", "user": {"username": "nobody"}}
    assert (await api.post(f"/channels/{room.id}/messages", json=body)).status_code == 404


async def test_cursors_lead_through_all_messages_and_back(
    api: httpx.AsyncClient, chat: Chat, room: Channel, jane: Actor
) -> None:
    for number in range(5):
        await chat.messages.send(jane, room.id, Draft(text=str(number)))

    def texts(page: dict[str, Any]) -> list[str]:
        return [message["body"] for message in page["_embedded"]["messages"]]

    first = (await api.get(f"/channels/{room.id}/messages", params={"size": 2})).json()
    assert texts(first) == ["4", "3"]
    assert set(first["_links"]) == {"self", "next"}
    assert isinstance(first["page"]["start"], str)
    second = (await api.get(first["_links"]["next"]["href"])).json()
    assert texts(second) == ["2", "1"]
    third = (await api.get(second["_links"]["next"]["href"])).json()
    assert texts(third) == ["0"]
    assert "next" not in third["_links"]
    assert "next" not in third["page"]
    back = (await api.get(third["_links"]["prev"]["href"])).json()
    assert texts(back) == ["2", "1"]
    assert texts((await api.get(back["_links"]["prev"]["href"])).json()) == ["4", "3"]
    assert texts((await api.get(second["_links"]["self"]["href"])).json()) == ["2", "1"]
    named = {"size": 2, "start": first["page"]["start"], "next": first["page"]["next"]}
    answer = await api.get(f"/channels/{room.id}/messages", params={**named, "relation": "NEXT"})
    assert texts(answer.json()) == ["2", "1"]


@pytest.mark.parametrize(
    "query", ["size=0", "next=x", "relation=SIDEWAYS", "relation=NEXT", "relation=PREVIOUS"]
)
async def test_a_cursor_that_leads_nowhere_is_refused(
    api: httpx.AsyncClient, room: Channel, query: str
) -> None:
    assert (await api.get(f"/channels/{room.id}/messages?{query}")).status_code == 400


async def test_messages_can_be_filtered_by_sender_and_text(
    api: httpx.AsyncClient, chat: Chat, room: Channel, jane: Actor, john: Actor
) -> None:
    await chat.messages.send(jane, room.id, Draft(text="100% apples"))
    await chat.messages.send(john, room.id, Draft(text="pears"))
    for path in ("/messages", f"/channels/{room.id}/messages"):
        by_name = (await api.get(path, params={"username": "john"})).json()
        by_text = (await api.get(path, params={"query": "100%"})).json()
        assert [m["body"] for m in by_name["_embedded"]["messages"]] == ["pears"]
        assert [m["body"] for m in by_text["_embedded"]["messages"]] == ["100% apples"]
        assert "query=100%25" in by_text["_links"]["self"]["href"]


async def test_a_message_shows_who_reacted(
    api: httpx.AsyncClient, chat: Chat, room: Channel, jane: Actor, john: Actor
) -> None:
    sent = await chat.messages.send(jane, room.id, Draft(text="hi"))
    await chat.messages.react(john, room.id, sent.message.id, "👍")
    message = (await api.get(f"/messages/{sent.message.id}")).json()
    (reaction,) = message["reactions"]
    assert reaction["count"] == 1
    assert [user["name"] for user in reaction["users"]] == ["john"]
    assert reaction["emoji"]["character"] == "👍"
    assert set(reaction["emoji"]) == {"aliases", "character", "description", "tags"}


async def test_a_patch_edits_a_message(
    api: httpx.AsyncClient, chat: Chat, room: Channel, jane: Actor, broker: Any
) -> None:
    draft = Draft(text="helo", properties={"a": 1, "b": 2})
    sent = await chat.messages.send(jane, room.id, draft)
    path = f"/messages/{sent.message.id}"
    assert "lastEditedTime" not in (await api.patch(path, json={})).json()
    message = (await api.patch(path, json={"body": "hello", "properties": {"a": None}})).json()
    assert message["body"] == "hello"
    assert message["properties"] == {"b": 2}
    assert message["lastEditedTime"].endswith("Z")
    assert [event.message.text for event in broker.of(MessageEdited)] == ["hello"]
    assert (await api.patch(path, json={"body": None})).status_code == 400


async def test_deleting_a_message_answers_its_thread(
    api: httpx.AsyncClient, chat: Chat, room: Channel, jane: Actor, broker: Any
) -> None:
    sent = await chat.messages.send(jane, room.id, Draft(text="oops"))
    path = f"/messages/{sent.message.id}"
    thread = (await api.delete(path)).json()
    assert (thread["type"], thread["id"]) == ("MAIN", room.main_thread_id)
    assert len(broker.of(MessageDeleted)) == 1
    assert (await api.get(path)).status_code == 404
    assert (await api.patch(path, json={"body": "x"})).status_code == 404
    assert (await api.delete(path)).status_code == 404
    listed = (await api.get("/messages")).json()
    assert listed["_embedded"] == {"messages": []}


async def test_deleting_all_messages_spares_other_applications(
    api: httpx.AsyncClient, stranger: httpx.AsyncClient, chat: Chat, room: Channel, jane: Actor
) -> None:
    await chat.messages.send(jane, room.id, Draft(text="kept"))
    assert (await stranger.delete("/messages")).status_code == 200
    assert len((await api.get("/messages")).json()["_embedded"]["messages"]) == 1
    assert (await api.delete("/messages")).json()["id"] == room.application_id
    assert (await api.get("/messages")).json()["_embedded"]["messages"] == []


async def test_read_receipts_name_who_has_read(
    api: httpx.AsyncClient, chat: Chat, room: Channel, jane: Actor, john: Actor
) -> None:
    sent = await chat.messages.send(jane, room.id, Draft(text="hi"))
    path = f"/messages/{sent.message.id}/read-receipts"
    before = (await api.get(path)).json()["_embedded"]["receipts"]
    assert "john" not in {receipt["user"]["name"] for receipt in before}
    await chat.messages.read(john, room.id, sent.message.offset)
    receipts = (await api.get(path)).json()["_embedded"]["receipts"]
    john_read = next(receipt for receipt in receipts if receipt["user"]["name"] == "john")
    assert set(john_read["_links"]) == {"user", "message", "application"}


async def test_messages_of_another_application_do_not_exist(
    stranger: httpx.AsyncClient, chat: Chat, room: Channel, jane: Actor
) -> None:
    sent = await chat.messages.send(jane, room.id, Draft(text="ours"))
    path = f"/messages/{sent.message.id}"
    refused = [
        await stranger.get(path),
        await stranger.patch(path, json={"body": "theirs"}),
        await stranger.delete(path),
        await stranger.get(f"{path}/read-receipts"),
        await stranger.get(f"/channels/{room.id}/messages"),
        await stranger.post(f"/channels/{room.id}/messages", json={"type": "TEXT", "body": "x"}),
    ]
    assert {answer.status_code for answer in refused} == {404}
    assert (await stranger.get("/messages")).json()["_embedded"] == {"messages": []}
    kept = await chat.messages.get(jane, sent.message.id)
    assert kept.text == "ours"
