"""Fetching one page for its preview: bounded in time, size, redirects and in where it goes."""

import asyncio
import re
import ssl
from collections.abc import Mapping
from types import TracebackType
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

import httpcore

from chat.links import Preview
from server.previews.addresses import PORTS, GuardedBackend
from server.previews.page import read_page

TOTAL_SECONDS = 10.0
CONNECT_SECONDS = 4.0
MAX_BYTES = 128 * 1024
"""Titles and tags stand at the beginning; what follows is not read."""
MAX_REDIRECTS = 4
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w-]{1,32})", re.IGNORECASE)
# Of all that Python can decode, what pages are written in: some others take very long.
_CHARSETS = frozenset(
    {"utf-8", "utf-16", "us-ascii", "koi8-r", "koi8-u", "shift_jis", "euc-jp", "iso-2022-jp"}
    | {"gb2312", "gbk", "gb18030", "big5", "euc-kr"}
    | {f"iso-8859-{part}" for part in (1, 2, 5, 7, 9, 15)}
    | {f"windows-125{part}" for part in (0, 1, 2, 3, 4, 6, 8)}
)
_SAFE = "!#$%&'()*+,/:;=?@[]~"


class Fetcher:
    """Fetches previews; nothing is kept between two fetches: no cookies, no connections."""

    def __init__(
        self, backend: GuardedBackend | None = None, *, total_seconds: float = TOTAL_SECONDS
    ) -> None:
        self._total_seconds = total_seconds
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=32,
            max_keepalive_connections=0,
            network_backend=backend or GuardedBackend(),
        )

    async def __aenter__(self) -> "Fetcher":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._pool.aclose()

    async def fetch(self, source: str) -> Preview | None:
        """The preview of an address, or None: away, slow, not public, not a page with a title."""
        try:
            async with asyncio.timeout(self._total_seconds):
                return await self._follow(source)
        except (
            TimeoutError,
            OSError,
            ValueError,
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.TimeoutException,
            httpcore.UnsupportedProtocol,
        ):
            return None

    async def _follow(self, source: str) -> Preview | None:
        url = _clean(source)
        for _ in range(MAX_REDIRECTS + 1):
            async with self._pool.stream("GET", url, headers=_HEADERS, extensions=_LIMITS) as got:
                headers = _fields(got)
                if got.status not in _REDIRECTS:
                    return await _read(url, got, headers)
            url = _clean(urljoin(url, headers.get("location", "")))
        return None


def _clean(url: str) -> str:
    """An http(s) address on a usual port, in ASCII, without credentials and fragment. Raises
    ValueError."""
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    if usual is None or not parts.hostname or parts.username or parts.password:
        raise ValueError("not an address of the web")
    if (parts.port or usual) not in PORTS:
        raise ValueError("not a port of the web")
    host = parts.hostname
    host = f"[{host}]" if ":" in host else host.encode("idna").decode("ascii")
    place = host if parts.port is None else f"{host}:{parts.port}"
    return urlunsplit(
        (parts.scheme, place, quote(parts.path, safe=_SAFE), quote(parts.query, safe=_SAFE), "")
    )


async def _read(url: str, got: httpcore.Response, headers: Mapping[str, str]) -> Preview | None:
    kind, _, parameters = headers.get("content-type", "").partition(";")
    if got.status != 200 or kind.strip().lower() not in _PAGES or "content-encoding" in headers:
        return None
    body = bytearray()
    async for chunk in got.aiter_stream():
        body += chunk[: MAX_BYTES - len(body)]
        if len(body) >= MAX_BYTES:
            break
    # Bounded by the size, but not for free: other work of the loop goes on meanwhile.
    return await asyncio.to_thread(_parse, url, bytes(body), parameters)


def _parse(url: str, body: bytes, parameters: str) -> Preview | None:
    named = _CHARSET.search(parameters) or _CHARSET.search(body[:1024].decode("latin-1"))
    charset = named[1].lower() if named else "utf-8"
    return read_page(url, body.decode(charset if charset in _CHARSETS else "utf-8", "replace"))


def _fields(got: httpcore.Response) -> dict[str, str]:
    return {name.decode("ascii").lower(): value.decode("latin-1") for name, value in got.headers}


_HEADERS: dict[bytes | str, bytes | str] = {
    "User-Agent": "Parlance link preview",
    "Accept": "text/html",
    "Accept-Encoding": "identity",
}
_LIMITS = {
    "timeout": {
        "connect": CONNECT_SECONDS,
        "read": TOTAL_SECONDS,
        "write": CONNECT_SECONDS,
        "pool": TOTAL_SECONDS,
    }
}
