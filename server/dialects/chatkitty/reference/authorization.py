"""The token endpoint, and how all other operations are called with what it grants."""

from collections.abc import Iterable

from server.dialects.chatkitty.models import AccessToken, ApiError, AuthenticationError
from server.dialects.chatkitty.reference.spelt import answered
from server.dialects.chatkitty.scopes import EVERYTHING, SCOPES
from server.openapi import Described, Json, Schemas

TOKEN_PATH = "/oauth/token"  # noqa: S105 - an address
TYPES = (AccessToken, ApiError, AuthenticationError)
_TEXT: Json = {"type": "string"}
_FORM: Json = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": ["client_credentials"]},
        "client_id": _TEXT,
        "client_secret": _TEXT,
        "scope": _TEXT | {"description": "Scopes, separated by spaces; without them, all."},
    },
}


def needed(operation: Described) -> Json:
    """What is not in the table of scopes needs a token that was not limited."""
    return {"application": list(SCOPES.get(operation.handler, (EVERYTHING,)))}


def security_schemes(operations: Iterable[Described]) -> Json:
    scopes = sorted({scope for each in operations for scope in needed(each)["application"]})
    return {
        "application": {
            "type": "oauth2",
            "flows": {
                "clientCredentials": {
                    "tokenUrl": TOKEN_PATH,
                    "scopes": {scope: _said(scope) for scope in scopes},
                }
            },
        },
        "client": {"type": "http", "scheme": "basic"},
    }


def token_path(schemas: Schemas) -> Json:
    refused = {"application/json": {"schema": schemas.of(AuthenticationError)}}
    away = answered(schemas.of(ApiError))
    return {
        "post": {
            "operationId": "issueToken",
            "tags": ["Authorization"],
            "summary": "Grant an access token to an application",
            "description": "OAuth 2 client credentials: by HTTP Basic, or by client_id and "
            "client_secret in the form.",
            "security": [{"client": []}, {}],
            "requestBody": {
                "required": True,
                "content": {
                    "application/x-www-form-urlencoded": {"schema": _FORM},
                    "multipart/form-data": {"schema": _FORM},
                },
            },
            "responses": {
                "200": {
                    "description": "The token and its life in seconds",
                    "content": {"application/json": {"schema": schemas.of(AccessToken)}},
                },
                "400": {"description": "The request is not valid", "content": refused},
                "401": {"description": "The credentials are wrong", "content": refused},
                "405": {"description": "Method not allowed", "content": refused},
                "413": {"description": "The form is too large", "content": refused},
                "503": {"description": "The service is unavailable", "content": away},
            },
        }
    }


def _said(scope: str) -> str:
    if scope == EVERYTHING:
        return "everything"
    return scope.replace(":", " ").replace("_", " ")
