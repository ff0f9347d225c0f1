"""The reference page: whole, and without anything from elsewhere."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from server.app import PAGE_POLICY, PagePolicy
from server.page import PAGE
from server.reference import REFERENCE, routes

FILES = sorted(path for path in REFERENCE.iterdir() if path.suffix in {".js", ".css", ".html"})


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(
        routes=[*routes(lambda: {"openapi": "3.1.0"}), Mount("/page", StaticFiles(directory=PAGE))]
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(PagePolicy(app)), base_url="http://chat.test"
    ) as client:
        yield client


async def test_the_document_is_served(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"openapi": "3.1.0"}


async def test_the_page_and_all_it_loads_come_from_here(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/docs")
    loaded = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    modules = {
        f"/docs/{name}"
        for path in FILES
        for name in re.findall(r'from "\./([\w.]+)"', path.read_text())
    }
    assert page.status_code == 200
    assert "/docs/main.js" in loaded
    for address in {*loaded, *modules}:
        assert (await browser.get(address)).status_code == 200


@pytest.mark.parametrize("address", ["/docs", "/docs/", "/docs/main.js", "/docs/style.css"])
async def test_the_page_runs_only_what_is_its_own(browser: httpx.AsyncClient, address: str) -> None:
    answer = await browser.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == PAGE_POLICY


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_names_another_origin_or_runs_inline(path: Path) -> None:
    text = path.read_text().replace("https://example.com/", "")
    assert not re.search(
        r"https?://|\bon\w+=|<style|style=|<script(?! type=\"module\" src=)|innerHTML", text
    )
