"""Refusals on the wire: ApiError, and AuthenticationError for 401 and 403.

Rule: every family of the core has its line in FAMILIES; texts of a bug never leave the server.
"""

import logging
import math
from datetime import UTC, datetime
from typing import Any, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from chat.errors import (
    ChatError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    TooMany,
    Unauthorized,
    Unavailable,
)
from server.dialects.chatkitty.media import answer
from server.dialects.chatkitty.resources import instant
from server.http import Refuse

logger = logging.getLogger(__name__)


class Refusal(NamedTuple):
    status: int
    error: str
    message: str


CLIENT_ERROR = Refusal(400, "ClientError", "A client error occurred, check your request")
NOT_FOUND = Refusal(404, "ResourceNotFoundError", "Resource not found")
BROKEN = Refusal(500, "ServerError", "A server error occurred")
TOO_LARGE = Refusal(413, "PayloadTooLargeError", "The request body is too large")
FAMILIES: dict[type[Exception], Refusal] = {
    TooLarge: TOO_LARGE,
    Invalid: CLIENT_ERROR,
    Conflict: CLIENT_ERROR,  # the published API has no 409
    Unauthorized: Refusal(
        401, "unauthorized", "Full authentication is required to access this resource"
    ),
    Forbidden: Refusal(403, "access_denied", "Access is denied"),
    NotFound: NOT_FOUND,
    TooMany: Refusal(429, "TooManyRequestsError", "Too many requests"),
    Unavailable: Refusal(503, "ServiceUnavailableError", "The service is unavailable, try again"),
    ChatError: CLIENT_ERROR,
}
STATUSES = {
    404: NOT_FOUND,
    405: Refusal(405, "MethodNotAllowedError", "Method not allowed"),
    406: Refusal(406, "NotAcceptableError", "No acceptable representation"),
    413: TOO_LARGE,
    415: Refusal(415, "UnsupportedMediaTypeError", "Unsupported media type"),
}


async def refuse(request: Request, refused: Exception) -> Response:
    """Answer a refusal of the core by the nearest family it descends from."""
    family = next(FAMILIES[kind] for kind in type(refused).__mro__ if kind in FAMILIES)
    retry_after = getattr(refused, "retry_after", None)
    headers = {"Retry-After": str(math.ceil(retry_after))} if retry_after is not None else {}
    if family.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if family.status in (401, 403):
        body = authentication_error(family.error, family.message)
    else:
        body = api_error(family, str(refused), getattr(refused, "code", "error"))
    return answer(request, body, status=family.status, headers=headers)


async def refuse_http(request: Request, refused: Exception) -> Response:
    """Answer what was refused before the core was asked: routes, methods, types, lengths."""
    status = refused.status_code if isinstance(refused, HTTPException) else 400
    refusal = STATUSES.get(status, CLIENT_ERROR)
    headers = dict(getattr(refused, "headers", None) or {})
    body = api_error(refusal, getattr(refused, "detail", None))
    return answer(request, body, status=refusal.status, headers=headers)


async def confess(request: Request, bug: Exception) -> Response:
    """Answer what nobody expected, and log it: the one place where it is."""
    logger.error("%s %s failed", request.method, request.url.path, exc_info=bug)
    return answer(request, api_error(BROKEN), status=BROKEN.status)


def api_error(
    refusal: Refusal, explanation: str | None = None, code: str | None = None
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "error": refusal.error,
        "message": refusal.message,
        "timestamp": instant(datetime.now(UTC)),
    }
    if explanation:
        body["explanation"] = explanation
    if code:
        body["properties"] = {"code": code}
    return body


def authentication_error(error: str, description: str) -> dict[str, Any]:
    return {"error": error, "error_description": description}


REFUSALS: dict[type[Exception], Refuse] = {
    ChatError: refuse,
    HTTPException: refuse_http,
    Exception: confess,
}
