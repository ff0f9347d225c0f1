"""Files in the core: names and types, coming in, their use and their end."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from chat.actors import Actor
from chat.channels import Channel, NewChannel
from chat.chat import Chat
from chat.errors import Forbidden, Invalid, NotFound, TooLarge, Unavailable
from chat.events import MessageDeleted, UserChanged
from chat.files import FileStore, NoFiles, StoredFile, clean_name, clean_type
from chat.messages import Draft, File
from storage.postgres.store import PostgresStore
from tests.conftest import RecordingBroker


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def upload(chat: Chat, actor: Actor, content: bytes = b"cat", **options: str) -> StoredFile:
    name, kind = options.get("name", "cat.png"), options.get("kind", "image/png")
    return await chat.files.upload(actor, name, kind, pieces(content))


async def content_of(chat: Chat, file: StoredFile) -> bytes:
    return b"".join([chunk async for chunk in chat.files.read(file)])


async def assert_gone(chat: Chat, file: StoredFile) -> None:
    with pytest.raises(NotFound):
        await chat.files.get(file.key)
    with pytest.raises(NotFound):
        await content_of(chat, file)


@pytest.fixture
async def room(chat: Chat, jane: Actor) -> Channel:
    return await chat.channels.create(jane, NewChannel(kind="PRIVATE", name="room"))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("cat.png", "cat.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\jane\\cat.png", "cat.png"),
        ("a\r\nSet-Cookie: x\x00.txt", "aSet-Cookie: x.txt"),
        ("кот 猫 🐈.png", "кот 猫 🐈.png"),
        ("gpj.\u202egnp.exe", "gpj.gnp.exe"),
        ("\ud800.txt", "txt"),
        (" . ", "file"),
        ("..", "file"),
        ("", "file"),
        (None, "file"),
        ("x" * 300 + ".jpeg", "x" * 250 + ".jpeg"),
    ],
)
def test_a_name_is_cleaned(given: str | None, kept: str) -> None:
    assert clean_name(given) == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("image/PNG", "image/png"),
        ("text/html; charset=utf-8", "text/html"),
        ("image/png\r\nX: y", "application/octet-stream"),
        ("nothing", "application/octet-stream"),
        ("a/b/c", "application/octet-stream"),
        (None, "application/octet-stream"),
    ],
)
def test_a_type_is_cleaned(given: str | None, kept: str) -> None:
    assert clean_type(given) == kept


async def test_what_is_uploaded_is_known_and_there(chat: Chat, actor: Actor) -> None:
    file = await upload(chat, actor, b"cats", name="two cats.png")
    assert (file.name, file.content_type, file.size) == ("two cats.png", "image/png", 4)
    assert file.path == f"/files/{file.key}/two%20cats.png"
    assert await chat.files.get(file.key) == file
    assert await content_of(chat, file) == b"cats"


async def test_keys_are_not_told_apart_by_guessing(chat: Chat, actor: Actor) -> None:
    keys = {(await upload(chat, actor)).key for _ in range(3)}
    assert len(keys) == 3
    assert all(len(key) >= 22 for key in keys)


async def test_what_is_too_large_is_refused_and_forgotten(
    store: PostgresStore, broker: RecordingBroker, file_store: FileStore, actor: Actor
) -> None:
    chat = Chat(store, broker, file_store, max_file_bytes=10)
    assert (await upload(chat, actor, b"x" * 10)).size == 10
    with pytest.raises(TooLarge):
        await upload(chat, actor, b"x" * 11)
    assert await store.files.doomed(datetime.now(UTC), 100) == []


async def test_without_a_file_store_nothing_is_taken(
    store: PostgresStore, broker: RecordingBroker, actor: Actor
) -> None:
    chat = Chat(store, broker, NoFiles())
    with pytest.raises(Unavailable):
        await upload(chat, actor)


async def test_what_a_process_without_a_file_store_deletes_is_swept_by_another(
    chat: Chat, store: PostgresStore, broker: RecordingBroker, actor: Actor
) -> None:
    file = await upload(chat, actor)
    await Chat(store, broker).files.delete(actor, file.key)
    with pytest.raises(NotFound):
        await chat.files.get(file.key)
    assert await content_of(chat, file) == b"cat"
    await chat.files.sweep(datetime.now(UTC))
    await assert_gone(chat, file)


async def test_an_upload_that_is_cancelled_leaves_nothing(
    chat: Chat, store: PostgresStore, actor: Actor
) -> None:
    waiting = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"x"
        waiting.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(chat.files.upload(actor, "x", None, endless()))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await store.files.doomed(datetime.now(UTC), 100) == []


async def test_only_its_application_deletes_a_file(chat: Chat, actor: Actor, jane: Actor) -> None:
    file = await upload(chat, jane)
    other = await chat.applications.create("others of files")
    with pytest.raises(Forbidden):
        await chat.files.delete(jane, file.key)
    with pytest.raises(NotFound):
        await chat.files.delete(Actor(application_id=other.application_id), file.key)
    assert await chat.files.get(file.key) == file
    await chat.files.delete(actor, file.key)
    await assert_gone(chat, file)


async def test_a_message_takes_its_hosted_file_with_it(
    chat: Chat, broker: RecordingBroker, room: Channel, jane: Actor
) -> None:
    file, other = await upload(chat, jane), await upload(chat, jane)
    sent = await chat.uploads.send(jane, room.id, Draft(), file)
    assert sent.message.files == [file.file]
    assert (await chat.messages.get(jane, sent.message.id)).files[0].key == file.key
    await chat.messages.delete(jane, room.id, sent.message.id)
    await assert_gone(chat, file)
    assert await chat.files.get(other.key) == other
    assert len(broker.of(MessageDeleted)) == 1


async def test_an_external_file_that_names_a_hosted_one_does_not_take_it_along(
    chat: Chat, room: Channel, jane: Actor
) -> None:
    file = await upload(chat, jane)
    named = File(file.path, file.name, file.content_type, file.size)
    sent = await chat.messages.send(jane, room.id, Draft(files=[named]))
    await chat.messages.delete(jane, room.id, sent.message.id)
    assert await chat.files.get(file.key) == file


async def test_a_repeated_send_keeps_the_first_file_only(
    chat: Chat, room: Channel, jane: Actor
) -> None:
    first, second = await upload(chat, jane), await upload(chat, jane)
    sent = await chat.uploads.send(jane, room.id, Draft(client_id="once"), first)
    again = await chat.uploads.send(jane, room.id, Draft(client_id="once"), second)
    assert again.message == sent.message
    assert await chat.files.get(first.key) == first
    await assert_gone(chat, second)


async def test_a_refused_use_takes_the_file_away(chat: Chat, room: Channel, mallory: Actor) -> None:
    file = await upload(chat, mallory)
    with pytest.raises(NotFound):
        async with chat.files.used(mallory, file):
            await chat.uploads.send(mallory, room.id, Draft(reply_to=1), file)
    await assert_gone(chat, file)


async def test_a_use_that_may_have_happened_leaves_the_file(chat: Chat, jane: Actor) -> None:
    file = await upload(chat, jane)
    with pytest.raises(Unavailable):
        async with chat.files.used(jane, file):
            raise Unavailable
    assert await chat.files.get(file.key) == file


async def test_a_new_picture_takes_the_place_of_the_old(
    chat: Chat, broker: RecordingBroker, jane: Actor
) -> None:
    user_id = jane.require_user().id
    first, second = await upload(chat, jane), await upload(chat, jane)
    assert (await chat.uploads.set_picture(jane, user_id, first)).picture == first.path
    assert (await chat.uploads.set_picture(jane, user_id, second)).picture == second.path
    await assert_gone(chat, first)
    elsewhere = File("https://x.test/jane.png", "jane.png", "image/png", 3, "made-up-key")
    user = await chat.uploads.set_external_picture(jane, user_id, elsewhere)
    assert user.picture == "https://x.test/jane.png"
    await assert_gone(chat, second)
    assert [event.user_id for event in broker.of(UserChanged)] == [user_id] * 3


async def test_only_a_user_himself_and_the_application_change_his_picture(
    chat: Chat, jane: Actor, mallory: Actor
) -> None:
    with pytest.raises(Forbidden):
        await chat.uploads.set_picture(mallory, jane.require_user().id, await upload(chat, mallory))


@pytest.mark.parametrize("kind", ["image/svg+xml", "text/html", "application/pdf"])
async def test_a_picture_is_an_image(chat: Chat, jane: Actor, kind: str) -> None:
    file = await upload(chat, jane, kind=kind)
    with pytest.raises(Invalid):
        await chat.uploads.set_picture(jane, jane.require_user().id, file)


async def test_sweeping_takes_what_others_could_not(
    chat: Chat, store: PostgresStore, actor: Actor
) -> None:
    kept, doomed = await upload(chat, actor), await upload(chat, actor)
    await store.files.doom(actor.application_id, [doomed.key])
    await store.files.add(actor.application_id, "given-up", "x", "a/b")
    now = datetime.now(UTC)
    await chat.files.sweep(now)
    await assert_gone(chat, doomed)
    assert await store.files.doomed(now + timedelta(days=2), 100) == ["given-up"]
    await chat.files.sweep(now + timedelta(days=2))
    assert await store.files.doomed(now + timedelta(days=2), 100) == []
    assert await chat.files.get(kept.key) == kept


async def test_a_preview_of_a_file_that_went_meanwhile_does_not_stay(
    chat: Chat, actor: Actor, file_store: FileStore
) -> None:
    file = await upload(chat, actor)
    await chat.files.delete(actor, file.key)
    with pytest.raises(NotFound):
        await chat.files.add_preview(file, "image/png", pieces(b"small"))
    with pytest.raises(NotFound):
        await anext(chat.files.read_preview(file))
