"""OAuth 2 client credentials (RFC 6749): how an application gets the token of all other calls.

Rule: refusals here have the RFC's form and codes, not those of the Platform API.
"""

import base64
from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chat.checks import check_text
from chat.errors import ChatError, Invalid, Unauthorized
from server.dialects.chatkitty.errors import authentication_error, confess, refuse
from server.dialects.chatkitty.scopes import granted
from server.http import Refuse, chat_from

GRANT = "client_credentials"
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
MAX_FIELDS = 32


class OAuthError(Exception):
    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


async def issue_token(request: Request) -> Response:
    """Grant a token to a client that names itself by HTTP Basic or in the form; it has the scopes
    asked for that exist, or all when none is asked for."""
    form = await _form(request)
    if "grant_type" not in form:
        raise OAuthError("invalid_request", "grant_type is missing")
    if form["grant_type"] != GRANT:
        raise OAuthError("unsupported_grant_type", f"Only {GRANT} is supported")
    client_id, secret = _basic(request) or (
        form.get("client_id", ""),
        form.get("client_secret", ""),
    )
    _check_clean(client_id, secret)
    scope = granted(form.get("scope", ""))
    if scope is None:
        raise OAuthError("invalid_scope", "None of these scopes exists")
    token, seconds = await chat_from(request).applications.grant(
        client_id, secret, scope, datetime.now(UTC)
    )
    body = {"access_token": token, "token_type": "bearer", "expires_in": seconds, "scope": scope}
    return JSONResponse(body, headers=NO_STORE)


async def _form(request: Request) -> dict[str, str]:
    """The text fields of an urlencoded or multipart form."""
    try:
        async with request.form(max_files=0, max_fields=MAX_FIELDS) as form:
            return {name: value for name, value in form.items() if isinstance(value, str)}
    except ValueError:  # a part or a charset that cannot be decoded
        raise OAuthError("invalid_request", "The form cannot be read") from None


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except ValueError:
        raise Unauthorized from None
    client_id, _, secret = text.partition(":")
    return client_id, secret


def _check_clean(*credentials: str) -> None:
    """What storage could not even compare is no credential of anyone."""
    try:
        for text in credentials:
            check_text("client", text)
    except Invalid:
        raise Unauthorized from None


async def _refuse_oauth(_: Request, refused: Exception) -> Response:
    code = getattr(refused, "code", "invalid_request")
    body = authentication_error(code, str(refused))
    return JSONResponse(body, status_code=400, headers=NO_STORE)


async def _refuse_client(_: Request, __: Exception) -> Response:
    body = authentication_error("invalid_client", "The client credentials are wrong")
    headers = {**NO_STORE, "WWW-Authenticate": 'Basic realm="oauth"'}
    return JSONResponse(body, status_code=401, headers=headers)


async def _refuse_http(_: Request, refused: Exception) -> Response:
    status = refused.status_code if isinstance(refused, HTTPException) else 400
    body = authentication_error("invalid_request", getattr(refused, "detail", ""))
    return JSONResponse(body, status_code=status, headers=getattr(refused, "headers", None))


routes = [Route("/token", issue_token, methods=["POST"])]
refusals: dict[type[Exception], Refuse] = {
    OAuthError: _refuse_oauth,
    Unauthorized: _refuse_client,
    ChatError: refuse,
    HTTPException: _refuse_http,
    Exception: confess,
}
