"""Holds every answer that a test sees against the OpenAPI document."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs

Json = dict[str, Any]
ALIAS = re.compile(r"^/v1/applications/[^/]+(?P<rest>/.*)?$")


class Conformance:
    """`called` holds the ids of the operations that succeeded at least once."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._paths = sorted(_patterns(document["paths"]), key=lambda each: each[0])
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}
        self.called: set[str] = set()

    async def check(self, response: httpx.Response) -> None:
        """An event hook of httpx: fails the test when the answer is not as described."""
        await response.aread()
        method, path = response.request.method.lower(), response.request.url.path
        item = self._path_item(path)
        operation = item.get(method) or (item.get("get") if method == "head" else None)
        sibling = next(iter(item.values()), None)
        described = self._described(operation or sibling, response, f"{method} {path}")
        if described.get("content") and method != "head":
            self._check_content(described["content"], response, f"{method} {path}")
        if operation is not None and response.is_success:
            self.called.add(operation["operationId"])

    def _path_item(self, path: str) -> Json:
        if alias := ALIAS.match(path):
            path = f"/v1{alias['rest'] or '/application'}"
        for _, pattern, item in self._paths:
            if pattern.fullmatch(path):
                return item
        return {}

    def _described(self, operation: Json | None, response: httpx.Response, what: str) -> Json:
        """What the document says of this status; a path it does not have is not there."""
        shared: Json = self._document["components"]["responses"]
        if operation is None:
            assert response.status_code == 404, f"{what} is served but not described"
            return shared["Refusal404"]
        described = operation["responses"].get(str(response.status_code))
        assert described, f"{what} answered {response.status_code}, which is not described"
        name = described.get("$ref", "").rpartition("/")[2]
        return shared[name] if name else described

    def _check_content(self, content: Json, response: httpx.Response, what: str) -> None:
        media_type = response.headers["content-type"].partition(";")[0]
        assert media_type in content, f"{what} answered {media_type}, which is not described"
        schema = content[media_type]["schema"]
        problem = self._problem(schema, response.json()) if schema else None
        assert problem is None, f"{what} is not answered as described: {problem}"

    def _problem(self, schema: Json, body: object) -> str | None:
        try:
            self._validator(schema).validate(body)
        except jsonschema_rs.ValidationError as error:
            return str(error)
        return None

    def _validator(self, schema: Json) -> jsonschema_rs.Draft202012Validator:
        key = repr(schema)
        if key not in self._validators:
            whole = {**schema, "components": self._document["components"]}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        return self._validators[key]


def _patterns(paths: Json) -> Iterator[tuple[int, "re.Pattern[str]", Json]]:
    """Literal paths before those with parameters."""
    for path, item in paths.items():
        pattern, parameters = re.subn(r"{\w+}", "[^/]+", path.replace("{name}", ".*"))
        yield parameters, re.compile(pattern), item
