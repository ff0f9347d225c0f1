"""Hosted files over HTTP, outside of every dialect: whoever has the link may fetch the file.

Rule: a file comes from a stranger. What a browser would run is only ever offered for download.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Send

from chat.chat import Chat
from chat.errors import ChatError, NotFound, Unavailable
from chat.files import UNKNOWN_TYPE, Content, StoredFile
from server.http import Facade, chat_from, complete
from server.ranges import Unsatisfiable, http_date, not_modified, wanted_range
from server.thumbnails import Thumbnails

PATH = "/files/{key}/{name}"
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
}
# A key names the same bytes for ever. Private, for who has no link must not find it in a cache.
CACHING = "private, max-age=31536000, immutable"
PDF = "application/pdf"


class Served(NamedTuple):
    """Something to be served: a file or its preview."""

    etag: str
    content_type: str
    disposition: str
    size: int
    modified: datetime


class FileStream(StreamingResponse):
    """A stream that lets go of the file when the client goes away in the middle."""

    def __init__(self, content: Content, status: int, headers: dict[str, str]) -> None:
        super().__init__(content, status_code=status, headers=headers)
        self._content = content

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self._content):
            await super().stream_response(send)


def routes(chat: Chat) -> list[Route]:
    thumbnails = Thumbnails(chat.files)

    async def serve_file(request: Request) -> Response:
        file = await chat_from(request).files.get(request.path_params["key"])
        if "preview" not in request.query_params:
            return await _file(request, file)
        preview = await thumbnails.of(file)
        if preview is None:
            raise NotFound("There is no preview of this file.")
        served = Served(
            f'"{file.key}.preview"', preview.content_type, "inline", preview.size, file.created
        )
        return await _answer(request, served, chat.files.read_preview(file))

    inner = complete([Route(PATH, serve_file)])
    return [Route(PATH, Facade(chat, inner, REFUSALS))]


async def _file(request: Request, file: StoredFile) -> Response:
    content_type, disposition = presentation(file)
    served = Served(f'"{file.key}"', content_type, disposition, file.size, file.created)
    wanted = _wanted(request, served)
    start, end = wanted or (0, file.size)
    content = chat_from(request).files.read(file, start=start, end=end)
    return await _answer(request, served, content, wanted)


def _wanted(request: Request, served: Served) -> tuple[int, int] | None:
    """Which range, if any. RFC 9110: it means something to GET only (14.2), and only once the
    other conditions are met (13.2.2)."""
    if request.method != "GET" or _is_known(request, served):
        return None
    try:
        return wanted_range(request.headers, served.etag, served.modified, served.size)
    except Unsatisfiable:
        raise HTTPException(416, headers={"Content-Range": f"bytes */{served.size}"}) from None


def _is_known(request: Request, served: Served) -> bool:
    return not_modified(request.headers, served.etag, served.modified)


async def _answer(
    request: Request,
    served: Served,
    content: Content,
    wanted: tuple[int, int] | None = None,
) -> Response:
    headers = {
        **SAFE_HEADERS,
        "ETag": served.etag,
        "Last-Modified": http_date(served.modified),
        "Cache-Control": CACHING,
    }
    if _is_known(request, served):
        return Response(status_code=304, headers=headers)
    start, end = wanted or (0, served.size)
    headers |= {
        "Accept-Ranges": "bytes",
        "Content-Type": served.content_type,
        "Content-Disposition": served.disposition,
        "Content-Length": str(end - start),
    }
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{served.size}"
    if request.method == "HEAD":
        return Response(headers=headers)
    status = 206 if wanted else 200
    return FileStream(await _begun(content), status, headers)


async def _begun(content: Content) -> Content:
    """The same content with its first piece at hand, so that what is missing is refused before
    the answer begins."""
    first = await anext(content, b"")

    async def stream() -> AsyncGenerator[bytes, None]:
        async with aclosing(content):
            yield first
            async for piece in content:
                yield piece

    return stream()


def presentation(file: StoredFile) -> tuple[str, str]:
    """The content type and disposition of a file: what cannot run anything is shown in place."""
    if (
        file.is_image
        or file.content_type.startswith(("audio/", "video/"))
        or file.content_type == PDF
    ):
        return file.content_type, disposition("inline", file.name)
    if file.content_type == "text/plain":
        return "text/plain; charset=utf-8", disposition("inline", file.name)
    return UNKNOWN_TYPE, disposition("attachment", file.name)


def disposition(kind: str, name: str) -> str:
    """RFC 6266: the name for all, and for those who can read it the one in RFC 8187's form."""
    plain = "".join(each if each.isascii() and each not in '"\\%' else "_" for each in name)
    given = f'{kind}; filename="{plain}"'
    return given if plain == name else f"{given}; filename*=UTF-8''{quote(name, safe='')}"


async def _refuse(_: Request, refused: Exception) -> Response:
    status = 503 if isinstance(refused, Unavailable) else 404
    headers = {"Retry-After": "1"} if status == 503 else {}
    return PlainTextResponse(str(refused), status, headers | SAFE_HEADERS)


async def _refuse_http(_: Request, refused: Exception) -> Response:
    status = refused.status_code if isinstance(refused, HTTPException) else 400
    headers = dict(getattr(refused, "headers", None) or {})
    return PlainTextResponse(getattr(refused, "detail", ""), status, headers | SAFE_HEADERS)


REFUSALS = {ChatError: _refuse, HTTPException: _refuse_http}
