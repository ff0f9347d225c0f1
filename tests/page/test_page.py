"""The chat page in a real browser (scripts/browser), against a real `parlance serve`."""

import asyncio
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    async_playwright,
    expect,
)

ROOT = Path(__file__).parents[2]
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DEADLINE_SECONDS = 30.0
BUBBLES = "nodes => nodes.map(node => node.innerText)"


class Server:
    """`parlance serve` with one worker, on a port and data of its own."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._log = data.with_suffix(".log")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "server", "serve", "--data", str(data), "--port", "0"],
                cwd=ROOT,
                env={**os.environ, "PARLANCE_DRAIN_SECONDS": "2"},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.base_url = self._read_address()

    def _read_address(self) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := re.search(r"browser\s+(http://[\d.:]+)/", line):
                return found.group(1)
        raise AssertionError(self._log.read_text())

    @property
    def worker(self) -> int:
        """The process id of the worker started last."""
        return int(re.findall(r"node 0 started, pid (\d+)", self._log.read_text())[-1])

    def restart_worker(self) -> None:
        """Have the worker replaced by a new one, and drained."""
        self._process.send_signal(signal.SIGHUP)

    def make_token(self, *user: str) -> str:
        command = [sys.executable, "-m", "server", "token", "create", "--data", str(self.data)]
        made = subprocess.run([*command, *user], cwd=ROOT, capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    def stop(self) -> None:
        assert self._process.stdout is not None
        self._process.terminate()
        self._process.wait(DEADLINE_SECONDS)
        self._process.stdout.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("page") / "data")
    yield server
    server.stop()


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    program = next((path for name in CHROMIUMS if (path := shutil.which(name))), None)
    assert program is not None, "there is no Chromium: run scripts/browser"
    expect.set_options(timeout=DEADLINE_SECONDS * 1000)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        await browser.close()


OpenTab = Callable[..., Awaitable[Page]]


@pytest.fixture
async def open_tab(browser: Browser, server: Server) -> AsyncIterator[OpenTab]:
    """Opens the page as somebody new. Afterwards no tab may have complained or asked elsewhere."""
    tabs: list[Page] = []
    complaints: list[str] = []

    def follow(request: Request) -> None:
        if not request.url.startswith((server.base_url, "data:")):
            complaints.append(f"asked {request.url}")

    def hear(said: ConsoleMessage) -> None:
        if said.type == "error":
            complaints.append(said.text)

    async def open_tab(**options: Any) -> Page:
        context = await browser.new_context(base_url=server.base_url, **options)
        context.set_default_timeout(DEADLINE_SECONDS * 1000)
        tab = await context.new_page()
        tab.on("console", hear)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", follow)
        tabs.append(tab)
        await tab.goto("/")
        return tab

    yield open_tab
    for tab in tabs:
        await tab.context.close()
    assert complaints == []


@pytest.fixture
async def ada(open_tab: OpenTab) -> Page:
    """At a desk."""
    return await _enter_lobby(await open_tab(), "Ada")


@pytest.fixture
async def ben(open_tab: OpenTab) -> Page:
    """On a phone."""
    phone = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
    return await _enter_lobby(await open_tab(color_scheme="dark", **phone), "Ben")


async def _enter_lobby(tab: Page, name: str) -> Page:
    """Sign in as a new guest of that name, and open the lobby."""
    await tab.fill("#name", f"{name} {secrets.token_hex(3)}")
    await tab.click("#sign-in button.primary")
    await _open_lobby(tab)
    return tab


async def _open_lobby(tab: Page) -> None:
    await tab.click(".room:has-text('Lobby')")
    await expect(tab.locator("#room-title")).to_have_text("Lobby")
    await expect(tab.locator("#room-note")).not_to_have_text("Loading messages…")


async def _say(tab: Page, text: str) -> None:
    await tab.fill("#text", text)
    await tab.click("#composer .primary")


async def _hears(tab: Page, text: str) -> None:
    await expect(tab.locator(".bubble", has_text=text)).to_have_count(1)


def _word() -> str:
    return secrets.token_hex(4)


async def test_two_guests_meet_in_the_lobby_and_talk_both_ways(ada: Page, ben: Page) -> None:
    question, answer = f"question {_word()}", f"answer {_word()}"
    await _say(ada, question)
    await _hears(ben, question)
    await _say(ben, answer)
    await _hears(ada, answer)
    await expect(ada.locator(".pending")).to_have_count(0)
    await expect(ada.locator("#seen")).to_be_empty()
    await expect(ben.locator("#seen")).to_contain_text("Seen by Ada")


async def test_who_types_is_named_until_the_message_is_there(ada: Page, ben: Page) -> None:
    await ben.locator("#text").press_sequentially("hm")
    await expect(ada.locator("#typing")).to_contain_text("Ben")
    await _say(ben, f"done {_word()}")
    await expect(ada.locator("#typing")).to_be_empty()


async def test_markup_in_a_message_is_shown_as_it_was_typed(ada: Page, ben: Page) -> None:
    text = f"<b onclick=alert(1)>{_word()}</b>"
    await _say(ada, text)
    await _hears(ben, text)
    await expect(ben.locator(".bubble b")).to_have_count(0)


async def test_a_reaction_is_seen_by_both_and_outlives_an_edit(ada: Page, ben: Page) -> None:
    first, second = _word(), _word()
    await _say(ada, first)
    await _hears(ben, first)
    await ada.locator(".message", has_text=first).hover()
    tools = ada.locator(".message", has_text=first)
    await tools.get_by_label("React with 🎉").click()
    await expect(ben.locator(".message", has_text=first).locator(".chip")).to_contain_text("1")
    await tools.get_by_label("Edit").click()
    await _say(ada, second)
    for tab in (ada, ben):
        await _hears(tab, second)
        await expect(tab.locator(".message", has_text=second).locator(".chip")).to_contain_text("1")


async def test_a_message_in_another_room_is_counted_until_it_is_read(ada: Page, ben: Page) -> None:
    await ada.click("#find-room")
    await ada.fill("#room-search", f"Room {_word()}")
    await ada.keyboard.press("Enter")
    await expect(ada.locator("#room-title")).to_contain_text("Room")
    await _say(ben, f"unread {_word()}")
    badge = ada.locator(".room:has-text('Lobby') .badge")
    await expect(badge).to_have_text("1")
    await _open_lobby(ada)
    await expect(badge).to_have_count(0)


async def test_nothing_is_lost_or_doubled_when_the_only_worker_is_killed_amid_a_talk(
    ada: Page, ben: Page, server: Server
) -> None:
    killed = server.worker
    words = [f"{_word()} {number}" for number in range(20)]
    for number, word in enumerate(words):
        if number == 8:
            os.kill(killed, signal.SIGKILL)
        await _say(ada if number % 2 else ben, word)
    for tab in (ada, ben):
        for word in words:
            await _hears(tab, word)
        await expect(tab.locator(".pending, .failed")).to_have_count(0)
        await expect(tab.locator("#status")).to_be_empty()
    assert server.worker != killed
    seen = [await tab.locator(".bubble").evaluate_all(BUBBLES) for tab in (ada, ben)]
    ours = [[text for text in texts if text in words] for texts in seen]
    assert ours[0] == ours[1], "the two do not see the same order"
    for parity in (0, 1):
        own = [word for word in words if int(word.split()[1]) % 2 == parity]
        assert [word for word in ours[0] if word in own] == own, "a sender's order was not kept"


async def test_a_talk_goes_on_over_a_rolling_restart(ada: Page, ben: Page, server: Server) -> None:
    before, after = _word(), _word()
    old = server.worker
    async with ada.expect_websocket(), ben.expect_websocket():
        server.restart_worker()
        await _say(ada, before)
    await _say(ben, after)
    for tab in (ada, ben):
        await _hears(tab, before)
        await _hears(tab, after)
    assert server.worker != old


async def test_a_token_signs_in_and_survives_a_reload(open_tab: OpenTab, server: Server) -> None:
    name = f"robin-{_word()}"
    token = await asyncio.to_thread(server.make_token, name)
    tab = await open_tab()
    await tab.click("#use-token")
    await tab.fill("#token", token)
    await tab.click("#sign-in button.primary")
    await expect(tab.locator("#me")).to_contain_text(name)
    await tab.reload()
    await expect(tab.locator("#me")).to_contain_text(name)
    assert token not in tab.url


async def test_the_bot_of_the_readme_answers(ada: Page, server: Server) -> None:
    name = f"echo-{_word()}"
    token = await asyncio.to_thread(server.make_token, "--bot", name)
    access = {"TOKEN": token, "PARLANCE_URL": server.base_url}
    bot = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "examples/bot.py"), env={**os.environ, **access}
    )
    try:
        await ada.click("#people")
        await expect(ada.locator("#people-dialog .row", has_text=name)).to_have_count(1)
        await ada.keyboard.press("Escape")
        pongs = ada.locator(".bubble", has_text=re.compile("^pong$"))
        before = await pongs.count()
        await _say(ada, "!ping")
        await expect(pongs).to_have_count(before + 1)
    finally:
        bot.kill()
        await bot.wait()


async def test_a_wrong_token_is_explained(open_tab: OpenTab) -> None:
    tab = await open_tab()
    await tab.click("#use-token")
    await tab.fill("#token", "plu_wrong")
    await tab.click("#sign-in button.primary")
    await expect(tab.locator("#farewell")).to_contain_text("credentials")
    await expect(tab.locator("#token, #name").first).to_be_attached()


async def test_the_page_is_sent_with_headers_that_keep_foreign_code_out(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.base_url) as client:
        for path in ("/", "/page/main.js"):
            answer = await client.get(path)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'self'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
