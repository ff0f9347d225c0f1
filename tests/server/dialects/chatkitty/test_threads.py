"""Threads over the Platform API."""

from typing import Any

import httpx

from chat.actors import Actor
from chat.channels import Channel
from chat.chat import Chat
from chat.events import KeysPressed
from chat.messages import Draft


async def _reply(chat: Chat, room: Channel, jane: Actor) -> tuple[int, int]:
    """A message with one reply: its id, and the id of the thread of replies."""
    parent = await chat.messages.send(jane, room.id, Draft(text="parent"))
    reply = await chat.messages.send(jane, room.id, Draft(text="reply", reply_to=parent.message.id))
    assert reply.message.thread_id is not None
    return parent.message.id, reply.message.thread_id


async def test_a_thread_links_to_its_channel(api: httpx.AsyncClient, room: Channel) -> None:
    thread = (await api.get(f"/threads/{room.main_thread_id}")).json()
    assert thread["type"] == "MAIN"
    assert set(thread["_links"]) == {"self", "channel", "application"}


async def test_replies_are_in_their_thread_and_not_in_the_main_one(
    api: httpx.AsyncClient, chat: Chat, room: Channel, jane: Actor
) -> None:
    parent_id, thread_id = await _reply(chat, room, jane)
    sent = await api.post(
        f"/threads/{thread_id}/messages",
        json={"type": "TEXT", "body": "second", "user": {"id": jane.user_id}},
    )
    assert sent.json()["nestedLevel"] == 1
    replies = (await api.get(f"/threads/{thread_id}/messages")).json()["_embedded"]["messages"]
    assert [message["body"] for message in replies] == ["second", "reply"]
    main = (await api.get(f"/threads/{room.main_thread_id}/messages")).json()
    assert [message["body"] for message in main["_embedded"]["messages"]] == ["parent"]
    assert (await api.get(f"/messages/{parent_id}")).json()["repliesCount"] == 2
    assert (await api.get(f"/threads/{thread_id}")).json()["type"] == "MESSAGE"


async def test_a_message_to_the_main_thread_is_one_to_the_channel(
    api: httpx.AsyncClient, room: Channel
) -> None:
    body = {"type": "TEXT", "body": "hello"}
    sent = (await api.post(f"/threads/{room.main_thread_id}/messages", json=body)).json()
    assert sent["nestedLevel"] == 0
    listed = (await api.get(f"/threads/{room.main_thread_id}/messages")).json()
    assert [message["id"] for message in listed["_embedded"]["messages"]] == [sent["id"]]


async def test_keystrokes_of_a_thread_name_it(
    api: httpx.AsyncClient, chat: Chat, room: Channel, jane: Actor, broker: Any
) -> None:
    _, thread_id = await _reply(chat, room, jane)
    body = {"keys": "he", "user": {"username": "jane"}}
    answer = await api.post(f"/threads/{thread_id}/keystrokes", json=body)
    assert answer.json()["keys"] == "he"
    assert [event.thread_id for event in broker.of(KeysPressed)] == [thread_id]


async def test_threads_of_another_application_do_not_exist(
    stranger: httpx.AsyncClient, room: Channel, jane: Actor
) -> None:
    path = f"/threads/{room.main_thread_id}"
    refused = [
        await stranger.get(path),
        await stranger.get(f"{path}/messages"),
        await stranger.post(f"{path}/messages", json={"type": "TEXT", "body": "x"}),
        await stranger.post(f"{path}/keystrokes", json={"keys": "x", "user": {"id": jane.user_id}}),
    ]
    assert {answer.status_code for answer in refused} == {404}
