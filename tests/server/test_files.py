"""Hosted files over HTTP: ranges, conditions, what is shown and what is only offered."""

import asyncio
import io
from collections.abc import AsyncIterator

import httpx
import pytest
from PIL import Image
from starlette.applications import Starlette

from chat.actors import Actor
from chat.chat import Chat
from chat.files import FileStore, StoredFile
from server import files
from server.files import disposition
from tests.server.test_thumbnail import bomb


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def upload(
    chat: Chat,
    actor: Actor,
    content: bytes = b"0123456789",
    *,
    name: str = "cat.png",
    kind: str = "image/png",
) -> StoredFile:
    return await chat.files.upload(actor, name, kind, pieces(content))


def picture(kind: str = "PNG", size: tuple[int, int] = (700, 350)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (30, 90, 200)).save(out, kind)
    return out.getvalue()


@pytest.fixture
async def web(chat: Chat) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=files.routes(chat)))
    async with httpx.AsyncClient(transport=transport, base_url="http://chat.test") as client:
        yield client


async def test_a_file_is_served_whole_with_all_that_keeps_browsers_safe(
    web: httpx.AsyncClient, chat: Chat, actor: Actor
) -> None:
    file = await upload(chat, actor)
    answer = await web.get(file.path)
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-length"] == "10"
    assert answer.headers["content-disposition"] == 'inline; filename="cat.png"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox"
    assert answer.headers["accept-ranges"] == "bytes"
    assert "immutable" in answer.headers["cache-control"]


async def test_head_answers_as_get_does_without_the_bytes(
    web: httpx.AsyncClient, chat: Chat, actor: Actor
) -> None:
    file = await upload(chat, actor)
    whole, head = await web.get(file.path), await web.head(file.path)
    assert head.content == b""
    assert head.headers == whole.headers
    assert (await web.head(file.path, headers={"Range": "bytes=1-2"})).status_code == 200


@pytest.mark.parametrize(
    ("header", "content", "place"),
    [
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=8-", b"89", "bytes 8-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
    ],
)
async def test_a_range_is_served_alone(
    web: httpx.AsyncClient, chat: Chat, actor: Actor, header: str, content: bytes, place: str
) -> None:
    file = await upload(chat, actor)
    answer = await web.get(file.path, headers={"Range": header})
    assert (answer.status_code, answer.content) == (206, content)
    assert answer.headers["content-range"] == place
    assert answer.headers["content-length"] == str(len(content))


async def test_a_range_outside_of_the_file_is_refused_with_its_size(
    web: httpx.AsyncClient, chat: Chat, actor: Actor
) -> None:
    file = await upload(chat, actor)
    answer = await web.get(file.path, headers={"Range": "bytes=10-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */10")


async def test_a_download_is_taken_up_only_where_the_file_is_the_same(
    web: httpx.AsyncClient, chat: Chat, actor: Actor
) -> None:
    file = await upload(chat, actor)
    whole = await web.get(file.path)
    for condition in (whole.headers["etag"], whole.headers["last-modified"]):
        headers = {"Range": "bytes=5-", "If-Range": condition}
        assert (await web.get(file.path, headers=headers)).content == b"56789"
    other = {"Range": "bytes=5-", "If-Range": '"other"'}
    assert (await web.get(file.path, headers=other)).status_code == 200


async def test_what_the_client_has_is_not_sent_again(
    web: httpx.AsyncClient, chat: Chat, actor: Actor
) -> None:
    file = await upload(chat, actor)
    etag = (await web.get(file.path)).headers["etag"]
    for headers in ({}, {"Range": "bytes=2-4"}, {"Range": "bytes=99-"}):
        again = await web.get(file.path, headers={"If-None-Match": etag, **headers})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("image/gif", "image/gif"),
        ("audio/mpeg", "audio/mpeg"),
        ("video/mp4", "video/mp4"),
        ("application/pdf", "application/pdf"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("image/svg+xml", None),
        ("text/html", None),
        ("application/xhtml+xml", None),
        ("text/javascript", None),
        ("application/octet-stream", None),
    ],
)
async def test_only_what_runs_nothing_is_shown_in_place(
    web: httpx.AsyncClient, chat: Chat, actor: Actor, kind: str, shown: str | None
) -> None:
    file = await upload(chat, actor, kind=kind, name="x")
    headers = (await web.get(file.path)).headers
    assert headers["content-type"] == (shown or "application/octet-stream")
    assert headers["content-disposition"].startswith("inline" if shown else "attachment")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cat.png", 'inline; filename="cat.png"'),
        ("кот.png", "inline; filename=\"___.png\"; filename*=UTF-8''%D0%BA%D0%BE%D1%82.png"),
        ('a"b\\c.png', "inline; filename=\"a_b_c.png\"; filename*=UTF-8''a%22b%5Cc.png"),
        ("100%.png", "inline; filename=\"100_.png\"; filename*=UTF-8''100%25.png"),
    ],
)
def test_names_travel_in_every_script(name: str, expected: str) -> None:
    assert disposition("inline", name) == expected


async def test_an_unknown_key_a_missing_name_and_other_methods_are_refused(
    web: httpx.AsyncClient, chat: Chat, actor: Actor
) -> None:
    file = await upload(chat, actor)
    assert (await web.get("/files/AAAAAAAAAAAAAAAAAAAAAA/cat.png")).status_code == 404
    assert (await web.get("/files/%2e%2e%2fx/cat.png")).status_code == 404
    assert (await web.get("/files/nul%00/cat.png")).status_code == 404
    assert (await web.get(f"/files/{file.key}")).status_code == 404
    refused = await web.post(file.path)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


async def test_bytes_that_were_lost_are_not_found_rather_than_cut_off(
    web: httpx.AsyncClient, chat: Chat, actor: Actor, file_store: FileStore
) -> None:
    file = await upload(chat, actor)
    await file_store.delete(file.key)
    assert (await web.get(file.path)).status_code == 404


async def test_an_empty_file_is_served(web: httpx.AsyncClient, chat: Chat, actor: Actor) -> None:
    file = await upload(chat, actor, b"")
    answer = await web.get(file.path)
    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_preview_is_made_once_and_is_small(
    web: httpx.AsyncClient, chat: Chat, actor: Actor
) -> None:
    file = await upload(chat, actor, picture())
    several = [web.get(f"{file.path}?preview") for _ in range(4)]
    answers = await asyncio.gather(*several)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    with Image.open(io.BytesIO(answers[0].content)) as small:
        assert (small.format, small.size) == ("PNG", (350, 175))
    assert answers[0].headers["content-type"] == "image/png"
    known = await chat.files.get(file.key)
    assert known.preview is not None
    assert known.preview.size == len(answers[0].content)
    assert (await web.get(f"{file.path}?preview")).content == answers[0].content
    assert (await web.head(f"{file.path}?preview")).headers == answers[0].headers


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"hello", "text/plain"),
        (b"<svg/>", "image/svg+xml"),
        (b"no image", "image/png"),
        (bomb(60_000, 60_000), "image/png"),
    ],
)
async def test_there_is_no_preview_of_what_is_no_image(
    web: httpx.AsyncClient, chat: Chat, actor: Actor, content: bytes, kind: str
) -> None:
    file = await upload(chat, actor, content, kind=kind)
    for _ in range(2):
        assert (await web.get(f"{file.path}?preview")).status_code == 404
    assert (await web.get(file.path)).content == content


async def test_deleting_an_image_deletes_its_preview(
    web: httpx.AsyncClient, chat: Chat, actor: Actor
) -> None:
    file = await upload(chat, actor, picture())
    assert (await web.get(f"{file.path}?preview")).status_code == 200
    await chat.files.delete(actor, file.key)
    assert (await web.get(f"{file.path}?preview")).status_code == 404
    assert (await web.get(file.path)).status_code == 404


async def test_whoever_stops_waiting_for_a_preview_leaves_it_to_the_others(
    web: httpx.AsyncClient, chat: Chat, actor: Actor
) -> None:
    file = await upload(chat, actor, picture("JPEG", (3000, 2000)))
    leaving = asyncio.create_task(web.get(f"{file.path}?preview"))
    staying = asyncio.create_task(web.get(f"{file.path}?preview"))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).headers["content-type"] == "image/jpeg"
