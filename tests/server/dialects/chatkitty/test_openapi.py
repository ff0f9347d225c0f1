"""The OpenAPI document: what it says is served, and what is served is said."""

import json
import re
from pathlib import Path

import jsonschema_rs
import pytest

from server.dialects import chatkitty
from server.dialects.chatkitty.reference import OPERATIONS, document, operations_served
from server.openapi import operation_id

from .conftest import CONFORMANCE
from .published import PUBLISHED

METHODS = {"get", "head", "post", "put", "patch", "delete"}
IDS = {
    operation["operationId"]: (method.upper(), path)
    for path, item in document()["paths"].items()
    for method, operation in item.items()
    if method in METHODS
}


@pytest.mark.parametrize(
    "name",
    [operation_id(route.endpoint.__name__) for tag in chatkitty.TAGS for route in tag.routes],
)
def test_of_every_route_something_is_said(name: str) -> None:
    assert name in OPERATIONS, f"describe {name} in server/dialects/chatkitty/reference"


@pytest.mark.parametrize("name", OPERATIONS)
def test_nothing_is_said_of_what_is_not_served(name: str) -> None:
    assert name in IDS


@pytest.mark.parametrize("line", PUBLISHED.splitlines(), ids=lambda line: line.split()[0])
def test_published_operations_have_their_published_names(line: str) -> None:
    name, method, path = line.split()
    assert IDS.get(name) == (method, f"/v1{path}")


def test_no_two_operations_share_a_name_or_a_place() -> None:
    served = operations_served()
    assert len({each.id for each in served}) == len(served)
    assert len({(each.method, each.path) for each in served}) == len(served)


def test_every_schema_is_one_and_every_reference_leads_somewhere() -> None:
    components = document()["components"]
    for schema in components["schemas"].values():
        jsonschema_rs.Draft202012Validator({**schema, "components": components})
    text = json.dumps(document())
    for name in {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}:
        assert name in components["schemas"]


def test_answers_are_described_in_both_spellings() -> None:
    responses = document()["paths"]["/v1/users/{id}"]["get"]["responses"]["200"]["content"]
    schemas = document()["components"]["schemas"]
    assert responses["application/json"]["schema"]["$ref"].endswith("/ChatUserResource")
    snake = responses["application/vnd.chatkitty+json"]["schema"]["$ref"].rpartition("/")[2]
    assert {"displayName", "isGuest"} <= set(schemas["ChatUserResource"]["properties"])
    assert {"display_name", "is_guest", "isGuest"} <= set(schemas[snake]["properties"])
    assert "displayName" not in schemas[snake]["properties"]


def test_the_documentation_lists_the_operations() -> None:
    page = (Path(__file__).parents[4] / "docs" / "platform.md").read_text()
    listed = re.findall(r"^\| \w+ \| (\w+) \| `(\w+) (.+)` \|$", page, re.MULTILINE)
    assert {name: (method, path) for name, method, path in listed} == IDS


def test_every_operation_was_called(request: pytest.FixtureRequest) -> None:
    """Runs last, and only when all tests of this dialect run."""
    here = Path(__file__).parent
    if request.config.option.keyword or request.config.option.markexpr:
        pytest.skip("some tests were deselected")
    if set(here.glob("test_*.py")) - {item.path for item in request.session.items}:
        pytest.skip("not all tests of the dialect run")
    assert set(IDS) - CONFORMANCE.called == set()
