"""The reference page: `/docs`, static files under it, and the document it shows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

REFERENCE = Path(__file__).parent


def routes(document: Callable[[], dict[str, Any]]) -> list[BaseRoute]:
    async def openapi(_: Request) -> Response:
        return Response(msgspec.json.encode(document()), media_type="application/json")

    async def reference(_: Request) -> Response:
        return FileResponse(REFERENCE / "index.html")

    return [
        Route("/openapi.json", openapi),
        Route("/docs", reference),
        Mount("/docs", StaticFiles(directory=REFERENCE, html=True)),
    ]
