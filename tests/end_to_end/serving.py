"""`parlance serve` as a subprocess: what it says, which processes it runs, how it ends."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from server.embedded.directory import reachable_of_holder
from server.embedded.postgres import url_of

PATIENCE_SECONDS = 30.0
PARLANCE = (sys.executable, "-m", "server")


class Line(msgspec.Struct):
    """One line of its log, as `--log-format json` writes it."""

    message: str
    process: int


class Serving:
    """A running server. Everything it and its nodes log is in `lines`."""

    def __init__(self, process: asyncio.subprocess.Process, data: Path) -> None:
        self._process = process
        self._news = asyncio.Condition()
        self._reading = [
            asyncio.create_task(self._read(stream))
            for stream in (process.stdout, process.stderr)
            if stream is not None
        ]
        self._silent = 0
        self.data = data
        self.lines: list[Line] = []
        self.text = ""
        self.url = ""

    async def _read(self, stream: asyncio.StreamReader) -> None:
        while line := (await stream.readline()).decode():
            async with self._news:
                self.text += line
                if line.startswith("{"):
                    self.lines.append(msgspec.json.decode(line, type=Line))
                self._news.notify_all()
        async with self._news:
            self._silent += 1
            self._news.notify_all()

    async def said(self, pattern: str, *, after: int = 0) -> re.Match[str]:
        """Wait for a logged message that matches, among the lines from number `after` on."""

        def find() -> re.Match[str] | None:
            found = (re.search(pattern, line.message) for line in self.lines[after:])
            return next((match for match in found if match), None)

        return await self._until(find, pattern)

    async def _until(self, find: Callable[[], Any], what: str) -> Any:
        found = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS), self._news:
                await self._news.wait_for(lambda: find() or self._silent == len(self._reading))
                found = find()
        assert found, f"{what!r} never came:\n{self.text}"
        return found

    async def until_it_serves(self) -> None:
        found = await self._until(
            lambda: re.search(r"in the browser +(\S+)/\n", self.text), "the welcome"
        )
        self.url = found[1]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def credentials(self) -> dict[str, Any]:
        saved: dict[str, Any] = msgspec.json.decode((self.data / "credentials.json").read_bytes())
        return saved

    def pid_of(self, server: str) -> int:
        """The process of an embedded server: PostgreSQL or Valkey."""
        found = re.findall(rf"{server} (?:re)?started, pid (\d+)", self.text)
        return int(found[-1])

    def nodes(self) -> dict[str, int]:
        """The process of every node that ever served here, by the node's id."""
        found = {}
        for line in self.lines:
            if match := re.fullmatch(r"node (\w+) serves", line.message):
                found[match[1]] = line.process
        return found

    @property
    def reachable(self) -> Path:
        """The data directory, by a name that fits the address of a socket inside it."""
        return reachable_of_holder(self.data) or self.data

    @property
    def database_url(self) -> str:
        return url_of(self.reachable)

    @property
    def redis_url(self) -> str:
        return f"unix://{self.reachable}/valkey/valkey.sock"

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def ended(self) -> int:
        """Wait for its end, and for that of all who share its output; the exit code."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            code = await self._process.wait()
            await asyncio.gather(*self._reading)
        return code

    async def stop(self) -> None:
        if self._process.returncode is None:
            self.signal(signal.SIGTERM)
        try:
            await self.ended()
        except TimeoutError:
            self.signal(signal.SIGKILL)
            await self.ended()
            raise


async def start(data: Path, *options: str, port: int = 0, **settings: object) -> Serving:
    """Start a server without waiting for it. `settings` become PARLANCE_ variables."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PARLANCE_")}
    given = {f"PARLANCE_{name.upper()}": str(value) for name, value in settings.items()}
    process = await asyncio.create_subprocess_exec(
        *(*PARLANCE, "serve", "--data", str(data), "--port", str(port), "--log-format", "json"),
        *options,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=ours | given,
    )
    return Serving(process, data)


@asynccontextmanager
async def serving(
    data: Path, *options: str, port: int = 0, **settings: object
) -> AsyncIterator[Serving]:
    """A server that serves, for as long as the block lasts."""
    server = await start(data, *options, port=port, **settings)
    try:
        await server.until_it_serves()
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def signalled(
    server: Serving, node: str, number: signal.Signals = signal.SIGKILL
) -> AsyncIterator[None]:
    """A node is sent a signal that ends it; the block ends when its successor serves."""
    known = len(server.lines)
    os.kill(server.nodes()[node], number)
    yield
    await server.said(r"^node \w{16} serves$", after=known)
