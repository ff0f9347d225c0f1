"""Fetching previews: from a server of the test that stands in for the web, and never from home."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpcore
import pytest

from server.previews.addresses import GuardedBackend
from server.previews.fetch import MAX_BYTES, Fetcher
from server.previews.loop import fetch_due
from storage.postgres.store import PostgresStore

WEB = "203.0.113.7"
"""An address that stands for the public ones; the test connects elsewhere instead."""


def page(body: str, headers: str = "Content-Type: text/html; charset=utf-8") -> bytes:
    return f"HTTP/1.1 200 OK\r\n{headers}\r\nConnection: close\r\n\r\n{body}".encode()


def moved(place: str) -> bytes:
    return (
        f"HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    ).encode()


class Web:
    """A server of many names. `answers` maps the head of a request's address to what is sent."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.sent = 0
        self.endless = False
        self.silent = False
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lines = head.split("\r\n")
            host = next(line[6:] for line in lines if line.lower().startswith("host: "))
            self.requests.append(host + lines[0].split(" ")[1])
            if self.silent:
                await reader.read()
            writer.write(self.answers[self.requests[-1]])
            while self.endless:
                writer.write(b"x" * 65_536)
                self.sent += 65_536
                await writer.drain()
        writer.close()

    async def resolve(self, host: str, port: int) -> list[str]:
        """Names of `.test` lead to the web, `home.test` leads home."""
        assert port in (80, 443)
        return ["127.0.0.1"] if host == "home.test" else [WEB]


class Detour(GuardedBackend):
    """Checks as ever, then goes to the server of the test instead of the web."""

    def __init__(self, web: Web) -> None:
        super().__init__(web.resolve, lambda address, _: address == WEB)
        self._network = _ToTheTest(web)


class _ToTheTest:
    def __init__(self, web: Web) -> None:
        self._web = web

    async def connect_tcp(
        self, host: str, port: int, **options: Any
    ) -> httpcore.AsyncNetworkStream:
        assert host == WEB
        return await httpcore.AnyIOBackend().connect_tcp("127.0.0.1", self._web.port, **options)


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    web = Web()
    async with await asyncio.start_server(web.serve, "127.0.0.1", 0) as server:
        web.port = server.sockets[0].getsockname()[1]
        yield web


@pytest.fixture
async def fetcher(web: Web) -> AsyncIterator[Fetcher]:
    async with Fetcher(Detour(web)) as fetcher:
        yield fetcher


async def test_a_page_is_fetched_by_its_name(web: Web, fetcher: Fetcher) -> None:
    web.answers["a.test/x?q=%C3%A9"] = page("<title>Hé</title>")
    preview = await fetcher.fetch("http://a.test/x?q=é#part")
    assert preview is not None
    assert (preview.title, preview.url) == ("Hé", "http://a.test/x?q=%C3%A9")


async def test_redirects_are_followed_and_each_is_checked(web: Web, fetcher: Fetcher) -> None:
    web.answers["a.test/"] = moved("/b")
    web.answers["a.test/b"] = moved("http://b.test/c")
    web.answers["b.test/c"] = page("<title>c</title>")
    preview = await fetcher.fetch("http://a.test")
    assert preview is not None
    assert preview.url == "http://b.test/c"


@pytest.mark.parametrize(
    "place",
    [
        "http://home.test/",
        "http://a.test:8080/",
        "ftp://a.test/",
        "file:///etc/passwd",
        "http://user:password@a.test/",
        "http://",
        "http://[",
        "",
    ],
)
async def test_a_redirect_that_leads_home_or_out_of_the_web_ends_there(
    web: Web, fetcher: Fetcher, place: str
) -> None:
    web.answers["a.test/"] = moved(place)
    web.answers["home.test/"] = page("<title>home</title>")
    assert await fetcher.fetch("http://a.test/") is None
    assert set(web.requests) == {"a.test/"}


async def test_redirects_end_somewhere(web: Web, fetcher: Fetcher) -> None:
    web.answers["a.test/"] = moved("/")
    assert await fetcher.fetch("http://a.test/") is None
    assert len(web.requests) == 5


async def test_a_server_of_this_machine_is_not_asked(web: Web) -> None:
    web.answers[f"127.0.0.1:{web.port}/"] = page("<title>home</title>")
    async with Fetcher() as fetcher:
        for host in ("127.0.0.1", "localhost", "[::1]", "127.1", "[::ffff:127.0.0.1]"):
            assert await fetcher.fetch(f"http://{host}:{web.port}/") is None
            assert await fetcher.fetch(f"http://{host}/") is None
            assert await fetcher.fetch(f"https://{host}/") is None
    assert web.requests == []


@pytest.mark.parametrize(
    "answer",
    [
        page("<title>x</title>", "Content-Type: text/plain"),
        page("<title>x</title>", "X: y"),
        page("<title>x</title>", "Content-Type: text/html\r\nContent-Encoding: gzip"),
        page("no title"),
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"",
    ],
)
async def test_what_is_no_page_has_no_preview(web: Web, fetcher: Fetcher, answer: bytes) -> None:
    web.answers["a.test/"] = answer
    assert await fetcher.fetch("http://a.test/") is None


async def test_pages_of_other_scripts_are_read(web: Web, fetcher: Fetcher) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html%s\r\nConnection: close\r\n\r\n"
    body = "<title>жизнь</title>".encode("koi8-r")
    web.answers["a.test/1"] = head % b"; charset=KOI8-R" + body
    web.answers["a.test/2"] = head % b"" + b"<meta charset='koi8-r'>" + body
    web.answers["a.test/3"] = head % b"; charset=punycode" + b"<title>x</title>"
    found = [await fetcher.fetch(f"http://a.test/{number}") for number in (1, 2, 3)]
    assert [preview.title for preview in found if preview] == ["жизнь", "жизнь", "x"]


async def test_of_an_endless_page_only_the_beginning_is_read(web: Web, fetcher: Fetcher) -> None:
    web.endless = True
    web.answers["a.test/"] = page("<title>endless</title>")
    preview = await fetcher.fetch("http://a.test/")
    assert preview is not None
    assert preview.title == "endless"
    assert web.sent < MAX_BYTES + 8 * 1024 * 1024  # what lay in the buffers of two sockets


async def test_a_server_that_does_not_answer_is_given_up(web: Web) -> None:
    web.silent = True
    async with Fetcher(Detour(web), total_seconds=0.1) as fetcher:
        assert await fetcher.fetch("http://a.test/") is None
    assert web.requests == ["a.test/"]


async def test_what_is_due_is_fetched_once_and_shown_from_then_on(
    web: Web, fetcher: Fetcher, store: PostgresStore
) -> None:
    sources = [f"http://{id(web)}.test/{name}" for name in ("good", "bad")]
    web.answers[sources[0].removeprefix("http://")] = page("<title>good</title>")
    web.answers[sources[1].removeprefix("http://")] = page("bad")
    assert (await store.previews.known(sources))[1] == set(sources)
    await store.previews.ask(sources)
    await store.previews.ask(sources)
    while await fetch_due(store.previews, fetcher):
        pass
    known, missing = await store.previews.known(sources)
    assert {source: preview.title for source, preview in known.items()} == {sources[0]: "good"}
    assert missing == set()
    assert sorted(web.requests) == sorted(source.removeprefix("http://") for source in sources)
