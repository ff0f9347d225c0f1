"""The OpenAPI document of all that this dialect serves under `/v1`, and of the token endpoint.

Rule: it is made of the routes, of what the modules here say of them by operationId, and of the
Structs; nothing that these know is written a second time.
"""

import functools
from collections.abc import Iterable

from server.dialects import chatkitty
from server.dialects.chatkitty import message_models, requests
from server.dialects.chatkitty.reference import (
    authorization,
    channels,
    messages,
    ours,
    people,
    platform,
    refusals,
    spelt,
)
from server.openapi import Described, Json, Operation, Schemas, described, path_parameters

OPERATIONS: dict[str, Operation] = {
    **platform.OPERATIONS,
    **people.OPERATIONS,
    **channels.OPERATIONS,
    **messages.OPERATIONS,
    **ours.OPERATIONS,
}
UNIONS = {
    "ChannelProperties": message_models.ChannelProperties,
    "ChannelResource": message_models.ChannelResource,
    "CreateChannelResource": requests.AnyCreateChannelResource,
    "CreateMessageResource": requests.AnyCreateMessageResource,
    "MessageMentionProperties": message_models.MessageMentionProperties,
    "MessageProperties": message_models.MessageProperties,
    "MessageResource": message_models.MessageResource,
}
DESCRIPTION = """\
ChatKitty's Platform API, as Parlance serves it. Field names are camelCase, or snake_case for
clients that accept `application/vnd.chatkitty+json`; request bodies may be spelt either way.
Every path is also served under `/v1/applications/{application_id}`, where links lead."""


@functools.cache
def document() -> Json:
    operations = operations_served()
    types = [kind for each in operations for kind in each.operation.types]
    schemas = Schemas([*types, *refusals.TYPES, *authorization.TYPES], UNIONS)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Parlance", "version": "1", "description": DESCRIPTION},
        "tags": [{"name": tag} for tag in sorted({each.operation.tag for each in operations})],
        "security": [{"application": []}],
        "paths": {authorization.TOKEN_PATH: authorization.token_path(schemas)}
        | _paths(operations, schemas),
        "components": {
            "schemas": spelt.components(schemas),
            "responses": refusals.shared_responses(schemas),
            "securitySchemes": authorization.security_schemes(operations),
        },
    }


def operations_served() -> list[Described]:
    routes = [route for tag in chatkitty.TAGS for route in tag.routes]
    return described("/v1", routes, OPERATIONS)


def _paths(operations: Iterable[Described], schemas: Schemas) -> Json:
    paths: Json = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = _item(each, schemas)
    return paths


def _item(each: Described, schemas: Schemas) -> Json:
    said = each.operation
    item: Json = {
        "operationId": each.id,
        "tags": [said.tag],
        "summary": said.summary,
        "security": [authorization.needed(each), *([{}] if said.public else [])],
        "parameters": [*path_parameters(each.path), *said.query, *said.headers],
        "responses": {str(said.status): _success(said, schemas)}
        | refusals.refusals_of(_has_body(said)),
    }
    if said.description:
        item["description"] = said.description
    if _has_body(said):
        item["requestBody"] = {
            "required": said.body_required,
            "content": _accepted(each, schemas),
        }
    return item


def _has_body(said: Operation) -> bool:
    return said.body is not None or said.form is not None


def _accepted(each: Described, schemas: Schemas) -> Json:
    said = each.operation
    content: Json = {}
    if said.body is not None:
        content |= spelt.accepted(schemas.of(said.body), each.method)
    if said.form is not None:
        content["multipart/form-data"] = {"schema": said.form}
    return content


def _success(said: Operation, schemas: Schemas) -> Json:
    response: Json = {"description": said.summary}
    if said.answers is not None:
        response["content"] = spelt.answered(schemas.of(said.answers))
    elif said.content:
        response["content"] = {media_type: {"schema": {}} for media_type in said.content}
    return response
