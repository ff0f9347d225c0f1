"""OpenAPI 3.1: documents made of routes, of what is said about their operations, and of the
Structs these take and answer.

Rule: nothing here knows a dialect; whoever asks for a document brings names, types and refusals.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from starlette.routing import Route

Json = dict[str, Any]
REFERENCE = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"{(\w+)}")


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one operation. `body` and `answers` are types, or None when there is
    nothing; `form` is the schema of a multipart body; `content` holds the media
    types of an answer that is no JSON; `public` ones are also called without a token."""

    tag: str
    summary: str
    answers: Any = None
    content: Sequence[str] = ()
    body: Any = None
    form: Json | None = None
    body_required: bool = True
    query: Sequence[Json] = ()
    headers: Sequence[Json] = ()
    status: int = 200
    public: bool = False
    description: str | None = None

    @property
    def types(self) -> list[Any]:
        return [kind for kind in (self.answers, self.body) if kind is not None]


class Described(msgspec.Struct, frozen=True):
    """An operation, what handles it, and where it is."""

    id: str
    handler: str
    method: str
    path: str
    operation: Operation


def operation_id(handler: str) -> str:
    """Handlers are named as their operations."""
    first, *others = handler.split("_")
    return first + "".join(part.title() for part in others)


def described(
    prefix: str, routes: Iterable[Route], operations: Mapping[str, Operation]
) -> list[Described]:
    """The routes of which something is said. HEAD belongs to GET, unless it is all there is."""
    found = []
    for route in routes:
        handler: str = route.endpoint.__name__
        name = operation_id(handler)
        if name in operations:
            method = next((m for m in sorted(route.methods or ()) if m != "HEAD"), "HEAD")
            path = prefix + route.path_format
            found.append(Described(name, handler, method, path, operations[name]))
    return found


class Schemas:
    """The schemas of types. A union that has a name is written once and referred to."""

    def __init__(self, types: Sequence[Any], unions: Mapping[str, Any]) -> None:
        wanted = list(dict.fromkeys([*types, *unions.values()]))
        schemas, components = msgspec.json.schema_components(wanted, ref_template=REFERENCE)
        by_type = dict(zip(wanted, schemas, strict=True))
        named = {name: by_type[union] for name, union in unions.items()}
        self._named = [
            (schema, {"$ref": REFERENCE.format(name=name)}) for name, schema in named.items()
        ]
        self._by_type = {kind: self._shared(schema) for kind, schema in by_type.items()}
        self.components: dict[str, Json] = {
            name: self._shared(schema) for name, schema in components.items()
        } | named

    def of(self, kind: Any) -> Json:
        schema: Json = self._by_type[kind]
        return schema

    def _shared(self, schema: Any) -> Any:
        for whole, reference in self._named:
            if schema == whole:
                return reference
        if isinstance(schema, dict):
            return {key: self._shared(value) for key, value in schema.items()}
        if isinstance(schema, list):
            return [self._shared(each) for each in schema]
        return schema


def query(name: str, schema: Json, description: str, *, required: bool = False) -> Json:
    return _parameter("query", name, schema, description, required)


def header(name: str, schema: Json, description: str) -> Json:
    return _parameter("header", name, schema, description, False)


def path_parameters(path: str) -> list[Json]:
    """Parameters called id, or something_id, are ids; all others are texts."""
    return [
        _parameter("path", name, _ID if name == "id" or name.endswith("_id") else _TEXT, "", True)
        for name in _PARAMETER.findall(path)
    ]


_ID = {"type": "integer", "format": "int64", "minimum": 1, "maximum": 2**53 - 1}
_TEXT = {"type": "string", "minLength": 1}


def _parameter(place: str, name: str, schema: Json, description: str, required: bool) -> Json:
    parameter: Json = {"name": name, "in": place, "required": required, "schema": schema}
    return parameter | ({"description": description} if description else {})
