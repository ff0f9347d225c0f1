"""What all HTTP facades share: finding the core, bounding and decoding what comes in, routing.

Rule: nothing here knows a dialect; statuses and bodies of refusals are the dialect's own.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar, overload

import msgspec
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chat.chat import Chat
from chat.checks import MAX_ID, check_text
from chat.errors import Invalid, NotFound

T = TypeVar("T")
Refuse = Callable[[Request, Exception], Awaitable[Response]]

BODY_LIMIT_BYTES = 1024 * 1024
MAX_QUERY_BYTES = 8192
EXPLANATION_CHARACTERS = 200
_ALLOWED = "body_limit_bytes"


class Facade:
    """One dialect as an ASGI application: its routes over the core, behind a body limit, with
    every exception answered by the dialect's own refusals."""

    def __init__(
        self,
        chat: Chat,
        routes: Sequence[BaseRoute],
        refusals: Mapping[type[Exception], Refuse],
        *,
        body_limit_bytes: int = BODY_LIMIT_BYTES,
    ) -> None:
        self._chat = chat
        router = Router(routes, redirect_slashes=False)
        handlers: dict[type[Exception], Refuse] = {ClientDisconnect: _give_up, **refusals}
        self._app = ExceptionMiddleware(BodyLimit(router, body_limit_bytes), handlers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["chat"] = self._chat
        await self._app(scope, receive, send)


async def _give_up(_: Request, __: Exception) -> Response:
    """The client went away in the middle of its body: nobody hears this answer."""
    return Response(status_code=400)


class BodyLimit:
    """Refuses a body with 413 as soon as it is too long, however it is read."""

    def __init__(self, app: ASGIApp, limit_bytes: int) -> None:
        self._app = app
        self._limit = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            limit: int = scope.get("state", {}).get(_ALLOWED, self._limit)
            if received > limit:
                raise HTTPException(413, f"The body is longer than {limit} bytes.")
            return message

        await self._app(scope, limited, send)


def allow_body(request: Request, limit_bytes: int) -> None:
    """Let this request have a longer body: its handler reads it as a stream."""
    setattr(request.state, _ALLOWED, limit_bytes)


class _OtherMethods:
    def __init__(self, allowed: Collection[str]) -> None:
        self._allow = ", ".join(sorted(allowed))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise HTTPException(405, headers={"Allow": self._allow})


def complete(routes: Sequence[Route]) -> list[Route]:
    """The routes, and for every path of theirs one that answers 405 to all other methods."""
    methods: dict[str, set[str]] = {}
    for route in routes:
        methods.setdefault(route.path, set()).update(route.methods or ())
    return [*routes, *(Route(path, _OtherMethods(allowed)) for path, allowed in methods.items())]


def chat_from(request: Request) -> Chat:
    chat: Chat = request.state.chat
    return chat


def bearer_token(request: Request) -> str | None:
    """The token of `Authorization: Bearer`, whatever case the scheme is written in."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def path_id(request: Request, name: str = "id") -> int:
    """An id of the path. One that cannot exist is NotFound, like one that does not."""
    text: str = request.path_params[name]
    number = parse_number(text)
    if number is None or not 0 < number <= MAX_ID:
        raise NotFound
    return number


def parse_number(text: str) -> int | None:
    """A decimal number below 10^16, or None."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 16 else None


def query_number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    number = parse_number(text)
    if number is None:
        raise Invalid(f"{name} must be a number between 0 and 2^53-1.")
    return number


def query_text(request: Request, name: str) -> str | None:
    """A text of the query that storage can hold; empty is the same as absent."""
    text = request.query_params.get(name)
    return check_text(name, text, limit_bytes=MAX_QUERY_BYTES) if text else None


async def read_json(request: Request, media_types: Collection[str]) -> Any:
    """Read and decode a JSON body. Raises Invalid, or HTTPException 413 or 415."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in media_types:
        raise HTTPException(415, "The body must be JSON, and Content-Type must say so.")
    try:
        return msgspec.json.decode(await request.body())
    except (ValueError, RecursionError):
        raise Invalid("The body is not valid JSON.") from None


@overload
def convert(value: Any, wanted: type[T]) -> T: ...
@overload
def convert(value: Any, wanted: Any) -> Any: ...
def convert(value: Any, wanted: Any) -> Any:
    """Check decoded JSON against a type. Raises Invalid, which names the place at fault."""
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        raise Invalid(str(error)[:EXPLANATION_CHARACTERS]) from None
