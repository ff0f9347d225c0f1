"""Hosted files as the native socket shows them."""

from collections.abc import AsyncIterator

import httpx

from chat.actors import Actor
from chat.channels import Channel
from chat.chat import Chat
from chat.messages import Draft

from .conftest import Enter, Node


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def test_a_hosted_file_is_shown_with_its_path_and_can_be_fetched(
    node: Node, chat: Chat, enter: Enter, room: Channel, jane: Actor, john: Actor
) -> None:
    peer = await enter(john)
    file = await chat.files.upload(jane, "two cats.png", "image/png", pieces(b"cats"))
    await chat.uploads.send(jane, room.id, Draft(text="look"), file)
    pushed = await peer.told("message.created", channel=room.id)
    assert pushed["message"]["files"] == [
        {
            "url": f"/files/{file.key}/two%20cats.png",
            "name": "two cats.png",
            "content_type": "image/png",
            "size": 4,
        }
    ]
    async with httpx.AsyncClient(base_url=node.http) as client:
        answer = await client.get(pushed["message"]["files"][0]["url"])
    assert (answer.status_code, answer.content) == (200, b"cats")


async def test_a_file_of_a_deleted_message_is_gone(
    node: Node, chat: Chat, enter: Enter, room: Channel, jane: Actor, john: Actor
) -> None:
    peer = await enter(john)
    file = await chat.files.upload(jane, "cat.png", "image/png", pieces(b"cat"))
    sent = await chat.uploads.send(jane, room.id, Draft(), file)
    await chat.messages.delete(jane, room.id, sent.message.id)
    pushed = await peer.told("message.deleted", channel=room.id)
    assert pushed["message"]["files"] == []
    async with httpx.AsyncClient(base_url=node.http) as client:
        assert (await client.get(file.path)).status_code == 404
