"""The composition root: what one node serves over HTTP. The only file that knows every dialect."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server import files, reference
from server.dialects import chatkitty
from server.dialects.chatkitty.reference import document
from server.metrics import render
from server.page import PAGE
from server.realtime.node import Realtime
from server.realtime.upkeep import Upkeep

# The pages load nothing from elsewhere and run nothing inline.
PAGE_POLICY = (
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' https: data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def build(realtime: Realtime, upkeep: Upkeep, guest_key: str | None) -> Starlette:
    """Compose the application. `guest_key` is the public key the page signs guests in with."""

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok", "node": realtime.node})

    async def readiness(_: Request) -> Response:
        is_ready = await upkeep.is_ready()
        return JSONResponse({"ready": is_ready}, status_code=200 if is_ready else 503)

    async def metrics(_: Request) -> Response:
        return Response(render(realtime), media_type="text/plain; version=0.0.4")

    async def page(_: Request) -> Response:
        return FileResponse(PAGE / "index.html")

    async def page_config(_: Request) -> Response:
        return JSONResponse({"api_key": guest_key, "guests": guest_key is not None})

    routes: list[BaseRoute] = [
        Route("/health", health),
        Route("/ready", readiness),
        Route("/metrics", metrics),
        Route("/", page),
        Route("/page/config.json", page_config),
        Mount("/page", StaticFiles(directory=PAGE)),
        *reference.routes(document),
        *files.routes(realtime.chat),
        *chatkitty.routes(realtime.chat),
    ]
    middleware = [
        Middleware(PagePolicy),
        Middleware(
            CORSMiddleware,
            allow_origins=["*"],
            allow_methods=["*"],
            allow_headers=["*"],
            max_age=3600,
        ),
    ]
    return Starlette(routes=routes, middleware=middleware)


class PagePolicy:
    """Sends the pages and their modules with headers that keep foreign code out of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_page(scope["path"]):
            await self._app(scope, receive, send)
            return

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"content-security-policy", PAGE_POLICY.encode()),
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"same-origin"),
                    (b"cache-control", b"no-cache"),
                ]
            await send(message)

        await self._app(scope, receive, send_with_policy)


def _is_page(path: str) -> bool:
    return path in ("/", "/docs") or path.startswith(("/page/", "/docs/"))
