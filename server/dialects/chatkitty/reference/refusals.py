"""The refusals of the Platform API, as responses that the operations share."""

from server.dialects.chatkitty.errors import FAMILIES, STATUSES, Refusal
from server.dialects.chatkitty.models import ApiError, AuthenticationError
from server.dialects.chatkitty.reference.spelt import answered
from server.openapi import Json, Schemas

TYPES = (ApiError, AuthenticationError)
ALWAYS = (400, 401, 403, 404, 405, 406, 429, 503)
WITH_A_BODY = (413, 415)
HEADERS = {
    401: ("WWW-Authenticate", "string", "Bearer"),
    405: ("Allow", "string", "The methods that work."),
    429: ("Retry-After", "integer", "How many seconds to wait."),
    503: ("Retry-After", "integer", "How many seconds to wait."),
}


def shared_responses(schemas: Schemas) -> dict[str, Json]:
    refusals = {refusal.status: refusal for refusal in (*FAMILIES.values(), *STATUSES.values())}
    return {
        _name(status): _response(refusal, schemas) for status, refusal in sorted(refusals.items())
    }


def refusals_of(has_body: bool) -> dict[str, Json]:
    statuses = sorted((*ALWAYS, *WITH_A_BODY)) if has_body else ALWAYS
    return {str(status): {"$ref": f"#/components/responses/{_name(status)}"} for status in statuses}


def _name(status: int) -> str:
    return f"Refusal{status}"


def _response(refusal: Refusal, schemas: Schemas) -> Json:
    kind = AuthenticationError if refusal.status in (401, 403) else ApiError
    response: Json = {
        "description": refusal.message,
        "content": answered(schemas.of(kind)),
    }
    if refusal.status in HEADERS:
        name, form, description = HEADERS[refusal.status]
        response["headers"] = {name: {"description": description, "schema": {"type": form}}}
    return response
