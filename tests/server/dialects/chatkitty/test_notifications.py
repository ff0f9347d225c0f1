"""Notifications, mentions, links, reports and unread counts over the Platform API."""

from typing import Any

import httpx
import pytest

from chat.actors import Actor
from chat.channels import Channel, NewChannel
from chat.chat import Chat
from chat.links import Preview
from chat.messages import Draft
from storage.postgres.store import PostgresStore


async def _say(chat: Chat, who: Actor, room: Channel, text: str, **fields: Any) -> int:
    return (await chat.messages.send(who, room.id, Draft(text=text, **fields))).message.id


async def test_a_notification_holds_its_channel_and_message(
    api: httpx.AsyncClient, chat: Chat, jane: Actor, john: Actor, room: Channel
) -> None:
    sent = await _say(chat, jane, room, "hello")
    answer = await api.get(f"/users/{john.user_id}/notifications")
    body = answer.json()
    [notification] = body["_embedded"]["notifications"]
    links = notification.pop("_links")
    assert answer.status_code == 200
    assert set(links) == {"recipient", "application"}
    assert links["recipient"]["href"].endswith(f"/users/{john.user_id}")
    assert set(notification) == {
        "id",
        "title",
        "body",
        "channel",
        "data",
        "muted",
        "createdTime",
    }
    assert (notification["id"], notification["muted"]) == (sent, False)
    assert notification["channel"]["id"] == room.id
    assert notification["channel"]["_links"]["self"]["href"].endswith(f"/channels/{room.id}")
    data = notification["data"]
    assert (data["type"], data["channelId"]) == ("USER:SENT:MESSAGE", room.id)
    assert data["message"]["body"] == "hello"
    assert "self" in data["message"]["_links"]
    assert data["_relays"] == {"message": f"/application/v1/messages/{sent}.relay"}
    assert body["page"] == {"size": 25, "start": str(sent)}


async def test_notifications_tell_why(
    api: httpx.AsyncClient, chat: Chat, jane: Actor, john: Actor, room: Channel
) -> None:
    mine = await _say(chat, john, room, "mine")
    await _say(chat, jane, room, "yes", reply_to=mine)
    await _say(chat, jane, room, "@john!")
    await _say(chat, jane, room, "in #room")
    await api.post(f"/channels/{room.id}/messages", json={"type": "TEXT", "body": "system"})
    page = (await api.get(f"/users/{john.user_id}/notifications")).json()
    found = {each["data"]["type"]: each["data"] for each in page["_embedded"]["notifications"]}
    assert found["USER:REPLIED_TO:MESSAGE"]["parent"]["id"] == mine
    assert found["USER:MENTIONED:USER"]["mentionedUser"]["name"] == "john"
    assert found["USER:MENTIONED:CHANNEL"]["mentionedChannel"]["id"] == room.id
    assert found["SYSTEM:SENT:MESSAGE"]["message"]["type"] == "SYSTEM_TEXT"


async def test_notifications_are_read_in_pages_and_show_when_they_were_read(
    api: httpx.AsyncClient, chat: Chat, jane: Actor, john: Actor, room: Channel
) -> None:
    for number in range(3):
        await _say(chat, jane, room, str(number))
    history = await chat.messages.history(john, room.id)
    await chat.messages.read(john, room.id, history[0].offset)
    first = (await api.get(f"/users/{john.user_id}/notifications", params={"size": 2})).json()
    second = (await api.get(first["_links"]["next"]["href"])).json()
    [oldest] = second["_embedded"]["notifications"]
    assert oldest["body"] == "0"
    assert "readTime" in oldest
    assert "next" not in second["_links"]
    assert all("readTime" not in each for each in first["_embedded"]["notifications"])
    back = (await api.get(second["_links"]["prev"]["href"])).json()
    assert [each["body"] for each in back["_embedded"]["notifications"]] == ["2", "1"]


async def test_what_is_another_applications_is_not_told(
    stranger: httpx.AsyncClient, john: Actor, room: Channel
) -> None:
    for path in (
        f"/users/{john.user_id}/notifications",
        f"/users/{john.user_id}/messages/unread/count",
        f"/channels/{room.id}/reported-messages",
    ):
        assert (await stranger.get(path)).status_code == 404
    summaries = await stranger.get("/application/message-read-receipt-summaries")
    assert summaries.json()["page"]["totalElements"] == 0


async def test_messages_show_whom_they_mention_and_what_they_link_to(
    api: httpx.AsyncClient, chat: Chat, jane: Actor, room: Channel, stranger: httpx.AsyncClient
) -> None:
    await stranger.post("/users", json={"name": "alien", "displayName": "A", "isGuest": False})
    text = "👍 @john see https://a.test/x. In #room, @alien"
    message = (await api.get(f"/messages/{await _say(chat, jane, room, text)}")).json()
    assert message["links"] == [
        {"source": "https://a.test/x", "startPosition": 13, "endPosition": 29}
    ]
    user, channel = message["mentions"]
    assert (user["type"], user["tag"]) == ("USER", "@john")
    assert (user["startPosition"], user["endPosition"]) == (3, 8)
    assert user["user"]["displayName"] == "John"
    assert "_links" not in user["user"]
    assert (channel["type"], channel["tag"]) == ("CHANNEL", "#room")
    assert channel["channel"]["creator"]["name"] == "jane"
    assert "lastReceivedMessage" not in channel["channel"]


async def test_a_channel_whose_last_message_mentions_it_is_shown(
    api: httpx.AsyncClient, chat: Chat, jane: Actor, john: Actor, room: Channel
) -> None:
    sent = await _say(chat, jane, room, "this is #room")
    for path in (f"/channels/{room.id}", "/channels", f"/users/{john.user_id}/notifications"):
        assert (await api.get(path)).status_code == 200
    last = (await api.get(f"/channels/{room.id}")).json()["lastReceivedMessage"]
    assert last["id"] == sent
    assert "lastReceivedMessage" not in last["mentions"][0]["channel"]


async def test_previews_are_asked_for_by_the_first_look_and_shown_by_later_ones(
    store: PostgresStore, chat: Chat, jane: Actor, room: Channel
) -> None:
    looking = Chat(store, object(), link_previews=True)  # type: ignore[arg-type]
    source = f"https://a.test/{room.id}"
    message = await chat.messages.get(jane, await _say(chat, jane, room, f"see {source}"))
    assert await chat.previews.of([message]) == {}
    assert await looking.previews.of([message]) == {}
    assert source in await store.previews.claim(1000)
    preview = Preview(url=source, title="A", image="https://a.test/i.png")
    await store.previews.save({source: preview})
    assert await looking.previews.of([message]) == {source: preview}
    assert await store.previews.claim(1000) == []


async def test_reported_messages_are_listed_with_their_count(
    api: httpx.AsyncClient, chat: Chat, jane: Actor, john: Actor, room: Channel
) -> None:
    path = f"/channels/{room.id}/reported-messages"
    assert (await api.get(path)).json()["page"]["totalElements"] == 0
    sent = await _say(chat, john, room, "rude")
    await _say(chat, john, room, "polite")
    await chat.reports.report(jane, room.id, sent, "rude")
    [message] = (await api.get(path)).json()["_embedded"]["messages"]
    assert (message["id"], message["reportCount"]) == (sent, 1)
    snake = {"Accept": "application/vnd.chatkitty+json"}
    assert (await api.get(f"/messages/{sent}", headers=snake)).json()["report_count"] == 1
    assert (await api.get(path, params={"sort": "body"})).status_code == 400
    assert (await api.get("/channels/0/reported-messages")).status_code == 404


async def test_unread_counts_are_those_of_the_places(
    api: httpx.AsyncClient, chat: Chat, jane: Actor, john: Actor, room: Channel
) -> None:
    for number in range(2):
        await _say(chat, jane, room, str(number))
    path = f"/users/{john.user_id}/messages/unread/count"
    assert (await api.get(path)).json() == {"count": 2}
    assert (await chat.channels.place(john, room.id)).unread == 2
    page = (await api.get("/application/message-read-receipt-summaries")).json()
    [summary] = page["_embedded"]["summaries"]
    assert (summary["channel"]["id"], summary["user"]["name"]) == (room.id, "john")
    assert summary["count"] == 2
    assert page["page"]["totalElements"] == 1


@pytest.mark.parametrize(
    ("unread", "names"), [("true", {"john"}), ("false", {"jane"}), ("", {"john", "jane"})]
)
async def test_users_are_listed_by_what_they_have_unread(
    api: httpx.AsyncClient, chat: Chat, jane: Actor, room: Channel, unread: str, names: set[str]
) -> None:
    await _say(chat, jane, room, "x")
    page = (await api.get("/users", params={"unread": unread})).json()
    assert {user["name"] for user in page["_embedded"]["users"]} == names
    assert (await api.get("/users", params={"unread": "maybe"})).status_code == 400


async def test_channels_that_are_not_public_are_named_to_their_members_only(
    api: httpx.AsyncClient, chat: Chat, jane: Actor, john: Actor, room: Channel
) -> None:
    await chat.channels.create(jane, NewChannel(kind="PRIVATE", name="secret"))
    await _say(chat, jane, room, "not in #secret")
    [told] = (await api.get(f"/users/{john.user_id}/notifications")).json()["_embedded"][
        "notifications"
    ]
    assert told["data"]["type"] == "USER:SENT:MESSAGE"
