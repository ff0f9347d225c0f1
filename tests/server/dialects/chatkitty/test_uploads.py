"""Messages with uploaded files over the Platform API."""

import json
from typing import Any

import httpx
import pytest

from chat.actors import Actor
from chat.channels import Channel
from chat.chat import Chat
from chat.events import MessageSent
from chat.files import FileStore
from storage.postgres.store import PostgresStore
from tests.server.dialects.chatkitty.conftest import BASE

CAT = ("cat.png", b"a cat", "image/png")


async def test_a_file_is_uploaded_with_a_message(
    api: httpx.AsyncClient, room: Channel, broker: Any
) -> None:
    fields = {"groupTag": "g", "username": "jane", "properties": '{"a_b": 1}'}
    answer = await api.post(f"/channels/{room.id}/messages", data=fields, files={"file": CAT})
    message = answer.json()
    assert answer.status_code == 200
    assert message["type"] == "FILE"
    assert message["user"]["name"] == "jane"
    assert (message["groupTag"], message["properties"]) == ("g", {"a_b": 1})
    url = message["file"].pop("url")
    assert message["file"] == {
        "type": "HOSTED",
        "name": "cat.png",
        "contentType": "image/png",
        "size": 5,
    }
    assert url.startswith(f"{BASE}/files/")
    assert url.endswith("/cat.png")
    assert [event.message.files[0].name for event in broker.of(MessageSent)] == ["cat.png"]
    again = (await api.get(f"/messages/{message['id']}")).json()
    assert again["file"]["url"] == url


async def test_a_file_without_a_user_is_the_systems(api: httpx.AsyncClient, room: Channel) -> None:
    answer = await api.post(
        f"/channels/{room.id}/messages",
        data={"group_tag": "g"},
        files={"file": ("кот.txt", b"x", "text/plain")},
        headers={"Accept": "application/vnd.chatkitty+json"},
    )
    message = answer.json()
    assert (message["type"], message["group_tag"]) == ("SYSTEM_FILE", "g")
    assert (message["file"]["name"], message["file"]["content_type"]) == ("кот.txt", "text/plain")
    assert message["file"]["url"].endswith("/%D0%BA%D0%BE%D1%82.txt")


async def test_a_file_is_uploaded_into_a_thread(
    api: httpx.AsyncClient, chat: Chat, room: Channel, jane: Actor
) -> None:
    channel = await chat.channels.get(jane, room.id)
    answer = await api.post(
        f"/threads/{channel.main_thread_id}/messages",
        files={"file": CAT},
        data={"groupTag": "g", "properties": "{}"},
    )
    assert (answer.status_code, answer.json()["type"]) == (200, "SYSTEM_FILE")


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\..\\passwd", "/passwd"])
async def test_a_name_is_no_path(api: httpx.AsyncClient, room: Channel, name: str) -> None:
    answer = await api.post(f"/channels/{room.id}/messages", files={"file": (name, b"x")})
    assert answer.json()["file"]["name"] == "passwd"


async def test_a_repeated_upload_answers_the_first_message(
    api: httpx.AsyncClient, room: Channel
) -> None:
    path, key = f"/channels/{room.id}/messages", {"Idempotency-Key": "once"}
    first = await api.post(path, files={"file": CAT}, headers=key)
    again = await api.post(path, files={"file": CAT}, headers=key)
    assert again.json() == first.json()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"properties": "no JSON"}, 400),
        ({"properties": "[]"}, 400),
        ({"properties": json.dumps({"a": "\x00"})}, 400),
        ({"properties": "[" * 5000}, 400),
        ({"groupTag": "x" * 300}, 400),
        ({"username": "nobody"}, 404),
    ],
)
async def test_a_refused_upload_leaves_neither_message_nor_file(
    api: httpx.AsyncClient,
    store: PostgresStore,
    connection: Any,
    actor: Actor,
    room: Channel,
    fields: dict[str, str],
    status: int,
) -> None:
    path = f"/channels/{room.id}/messages"
    answer = await api.post(path, data=fields, files={"file": CAT})
    assert answer.status_code == status
    assert (await api.get(path)).json()["_embedded"] == {"messages": []}
    count = "SELECT count(*) FROM files WHERE application_id = $1"
    assert await connection.fetchval(count, actor.application_id) == 0


async def test_an_upload_without_a_file_or_into_nowhere_is_refused(
    api: httpx.AsyncClient, room: Channel
) -> None:
    path = f"/channels/{room.id}/messages"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    empty = await api.post(path, content=b"--x--\r\n", headers=headers)
    assert (empty.status_code, empty.json()["error"]) == (400, "ClientError")
    cut = await api.post(path, content=b"--x\r\nContent-Dis", headers=headers)
    assert cut.status_code == 400
    assert (await api.post("/channels/1/messages", files={"file": CAT})).status_code == 404


async def test_strangers_upload_nothing(
    anonymous: httpx.AsyncClient, stranger: httpx.AsyncClient, room: Channel
) -> None:
    path = f"/channels/{room.id}/messages"
    assert (await anonymous.post(f"/v1{path}", files={"file": CAT})).status_code == 401
    assert (await stranger.post(path, files={"file": CAT})).status_code == 404


async def test_a_file_that_is_too_large_is_refused_in_the_published_form(
    api: httpx.AsyncClient,
    store: PostgresStore,
    broker: Any,
    file_store: FileStore,
    room: Channel,
    monkeypatch: pytest.MonkeyPatch,
    chat: Chat,
) -> None:
    chat.files.max_bytes = 3_000_000
    path = f"/channels/{room.id}/messages"
    fits = await api.post(path, files={"file": ("x", b"x" * 3_000_000)})
    assert (fits.status_code, fits.json()["file"]["size"]) == (200, 3_000_000)
    for size in (3_000_001, 9_000_000):
        answer = await api.post(path, files={"file": ("x", b"x" * size)})
        assert answer.status_code == 413
        assert answer.json()["error"] == "PayloadTooLargeError"


async def test_other_bodies_keep_the_small_limit(api: httpx.AsyncClient, room: Channel) -> None:
    body = {"type": "TEXT", "body": "x" * 2_000_000}
    answer = await api.post(f"/channels/{room.id}/messages", json=body)
    assert answer.status_code == 413


async def test_deleting_a_message_deletes_its_file(
    api: httpx.AsyncClient, chat: Chat, room: Channel, connection: Any, actor: Actor
) -> None:
    path = f"/channels/{room.id}/messages"
    message = (await api.post(path, files={"file": CAT})).json()
    kept = (await api.post(path, files={"file": CAT})).json()
    assert (await api.delete(f"/messages/{message['id']}")).status_code == 200
    found = await connection.fetch(
        "SELECT key FROM files WHERE application_id = $1", actor.application_id
    )
    assert [row["key"] for row in found] == [kept["file"]["url"].split("/")[-2]]
