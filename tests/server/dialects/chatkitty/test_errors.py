"""Refusals on the wire: forms, statuses, and what must never be a 500."""

import logging
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from chat import errors
from chat.actors import Actor
from chat.channels import Channel
from chat.chat import Chat
from server.dialects.chatkitty import routes
from server.dialects.chatkitty.errors import REFUSALS
from server.http import Facade

STATUSES = {
    errors.ChatError: 400,
    errors.Invalid: 400,
    errors.Conflict: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotAMember: 403,
    errors.Blocked: 403,
    errors.Banned: 403,
    errors.GuestsDisabled: 403,
    errors.NotFound: 404,
    errors.TooLarge: 413,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}


def _kinds(kind: type[errors.ChatError]) -> set[type[errors.ChatError]]:
    return {kind}.union(*(_kinds(child) for child in kind.__subclasses__()))


async def _refused(chat: Chat, raised: Exception) -> httpx.Response:
    async def fail(_: Request) -> Response:
        raise raised

    app = Starlette(routes=[Mount("/v1", Facade(chat, [Route("/x", fail)], REFUSALS))])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://chat.test"
    ) as client:
        return await client.get("/v1/x")


def test_every_refusal_of_the_core_is_known_here() -> None:
    assert _kinds(errors.ChatError) == set(STATUSES)


@pytest.mark.parametrize("kind", STATUSES, ids=lambda kind: kind.__name__)
async def test_a_refusal_is_answered_by_its_family(
    chat: Chat, kind: type[errors.ChatError]
) -> None:
    answer = await _refused(chat, kind())
    assert answer.status_code == STATUSES[kind]
    body = answer.json()
    if answer.status_code in (401, 403):
        assert set(body) == {"error", "error_description"}
    else:
        assert {"error", "message", "timestamp"} <= set(body)
        assert body["properties"] == {"code": kind.code}


async def test_who_comes_too_often_or_too_early_is_told_when_to_return(chat: Chat) -> None:
    answer = await _refused(chat, errors.TooMany(retry_after=2.5))
    assert answer.headers["retry-after"] == "3"
    assert (await _refused(chat, errors.Unavailable())).headers["retry-after"] == "1"


async def test_a_bug_is_logged_once_and_not_shown(
    chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await _refused(chat, ZeroDivisionError("secret"))
    assert answer.status_code == 500
    assert answer.json()["error"] == "ServerError"
    assert "secret" not in answer.text
    assert [record.exc_info is not None for record in caplog.records] == [True]


@pytest.fixture
async def lobby(api: httpx.AsyncClient) -> str:
    channel = (await api.post("/channels", json={"type": "PUBLIC", "name": "lobby"})).json()
    return f"/channels/{channel['id']}"


OPERATIONS = [
    ("GET", "/application"),
    ("GET", "/users"),
    ("POST", "/users"),
    ("PATCH", "/users/1"),
    ("DELETE", "/users/1"),
    ("POST", "/channels"),
    ("DELETE", "/channels/1/members/1"),
    ("POST", "/channels/1/messages"),
    ("DELETE", "/messages"),
    ("GET", "/threads/1"),
    ("GET", "/user-sessions"),
    ("POST", "/users/1/tokens"),
    ("POST", "/organizations"),
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer pla_wrong"}, {"Authorization": "Basic eDp5"}]
)
async def test_nobody_does_anything_without_a_token(
    anonymous: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = await anonymous.request(method, f"/v1{path}", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json() == {
        "error": "unauthorized",
        "error_description": "Full authentication is required to access this resource",
    }


async def test_nobody_learns_of_a_user_without_a_token(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.head("/v1/users", params={"name": "jane"})
    assert answer.status_code == 401


async def test_every_path_is_also_under_its_application(
    api: httpx.AsyncClient, stranger: httpx.AsyncClient, jane: Actor
) -> None:
    path = f"/applications/{jane.application_id}"
    assert (await api.get(path)).json()["id"] == jane.application_id
    assert (await api.get(f"{path}/users/{jane.user_id}")).json()["name"] == "jane"
    for asked in (path, f"{path}/users", f"{path}/users/{jane.user_id}"):
        answer = await stranger.get(asked)
        assert answer.status_code == 404
        assert answer.json()["error"] == "ResourceNotFoundError"


async def test_what_is_not_there_is_answered_in_this_apis_form(api: httpx.AsyncClient) -> None:
    for path in ("/nothing", "/users/", "/applications/1/nothing", "/users/1/2/3"):
        answer = await api.get(path)
        assert answer.status_code == 404
        assert answer.json()["message"] == "Resource not found"


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.0", str(2**53), "9" * 5000, "%00", "٣", "1e3"])
async def test_an_id_that_cannot_be_does_not_exist(api: httpx.AsyncClient, text: str) -> None:
    for noun in ("users", "channels", "messages", "threads", "organizations"):
        assert (await api.get(f"/{noun}/{text}")).status_code == 404


async def test_other_methods_are_refused_by_naming_all_that_work(api: httpx.AsyncClient) -> None:
    answer = await api.put("/users/1", json={})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "DELETE, GET, HEAD, PATCH"
    assert answer.json()["error"] == "MethodNotAllowedError"
    assert (await api.delete("/user-sessions")).headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("accept", ["text/html", "application/xml;q=0.9", "application/json;q=0"])
async def test_who_accepts_no_json_is_refused_before_anything_is_done(
    api: httpx.AsyncClient, accept: str
) -> None:
    body = {"name": "jane", "displayName": "Jane", "isGuest": False}
    answer = await api.post("/users", json=body, headers={"Accept": accept})
    assert answer.status_code == 406
    assert answer.json()["error"] == "NotAcceptableError"
    assert (await api.get("/users")).json()["page"]["totalElements"] == 0


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "application/xml", "multipart/mixed"],
)
async def test_a_body_of_another_type_is_refused(
    api: httpx.AsyncClient, lobby: str, content_type: str
) -> None:
    headers = {"Content-Type": content_type}
    content = b'{"type": "TEXT", "body": "x"}'
    answer = await api.post(f"{lobby}/messages", content=content, headers=headers)
    assert answer.status_code == 415
    assert (await api.post(f"{lobby}/messages", content=content)).status_code == 415


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=utf-8",
        "application/vnd.chatkitty+json",
        "application/hal+json",
        "application/json+merge-patch",
        "application/merge-patch+json",
    ],
)
async def test_every_json_type_is_read(
    api: httpx.AsyncClient, lobby: str, content_type: str
) -> None:
    answer = await api.post(
        f"{lobby}/messages",
        content=b'{"type": "TEXT", "body": "x"}',
        headers={"Content-Type": content_type},
    )
    assert answer.status_code == 200


async def test_a_body_that_is_too_long_is_refused(api: httpx.AsyncClient, lobby: str) -> None:
    body = {"type": "TEXT", "body": "x" * (1024 * 1024)}
    answer = await api.post(f"{lobby}/messages", json=body)
    assert answer.status_code == 413
    assert answer.json()["error"] == "PayloadTooLargeError"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe{}",
        b'{"type": "TEXT", "body": "\xff"}',
        b'{"type": "TEXT", "body": "\\ud800"}',
        b'{"type": "TEXT", "body": "\\u0000"}',
        b'{"type": "TEXT", "body": "\x00"}',
        b'{"type": "TEXT", "body": "x", "properties": {"n": NaN}}',
        b'{"type": "TEXT", "body": "x", "properties": {"n": 1e999}}',
        b'{"type": "TEXT", "body": "x", "properties": {"n": ' + b"1" * 5000 + b"}}",
        b'{"type": "TEXT", "body": "x", "properties": ' + b'{"a":' * 100 + b"1" + b"}" * 101,
        b'{"type": "TEXT", "body": "x", "user": {"id": ' + b"1" * 30 + b"}}",
        b'{"type": "' + b"x" * 100_000 + b'", "body": "x"}',
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    ],
    ids=range(18),
)
async def test_a_malformed_body_is_refused_and_nothing_is_stored(
    api: httpx.AsyncClient, lobby: str, content: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await api.post(f"{lobby}/messages", content=content, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"] == "ClientError"
    assert len(answer.content) < 1000
    assert (await api.get(f"{lobby}/messages")).json()["_embedded"] == {"messages": []}


@pytest.mark.parametrize("number", [2**63, 2**100, 2**1000, -1.5, 0.1])
async def test_numbers_of_properties_come_back_as_they_were(
    api: httpx.AsyncClient, lobby: str, number: float
) -> None:
    answer = await api.patch(lobby, json={"properties": {"n": number}})
    assert answer.json()["properties"] == {"n": number}
    assert (await api.get(lobby)).json()["properties"] == {"n": number}


async def test_unknown_fields_are_ignored(api: httpx.AsyncClient, lobby: str) -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    body = {"type": "TEXT", "body": "x", "unknown": deep, "": 1, "_x": 2}
    assert (await api.post(f"{lobby}/messages", json=body)).status_code == 200


async def test_a_body_that_breaks_off_is_no_error_of_the_server(
    api: httpx.AsyncClient, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    headers = [(b"authorization", api.headers["Authorization"].encode())]
    scope = {"type": "http", "method": "POST", "path": "/v1/users/1/tokens", "headers": headers}
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await Starlette(routes=routes(chat))(scope, receive, send)
    assert sent[0]["status"] == 400
    assert caplog.records == []


@pytest.mark.parametrize("host", ["[::1", "a b", "x:y", "", "[::1]:8000"])
async def test_a_strange_host_breaks_nothing(api: httpx.AsyncClient, host: str) -> None:
    headers = {"Host": host}
    assert (await api.get("/application", headers=headers)).status_code == 200
    assert (await api.get("/users", headers=headers)).status_code == 200


async def test_a_refusal_is_answered_in_the_accepted_type(api: httpx.AsyncClient) -> None:
    answer = await api.get("/users/1", headers={"Accept": "application/hal+json"})
    assert answer.headers["content-type"] == "application/hal+json"


async def test_the_application_is_answered_with_its_key(
    api: httpx.AsyncClient, room: Channel
) -> None:
    application = (await api.get("/application")).json()
    assert application["id"] == room.application_id
    assert set(application) == {"id", "key", "properties", "createdTime", "_links"}
    assert set(application["_links"]) == {"self"}


def test_nothing_is_served_outside_of_its_prefixes(chat: Chat) -> None:
    assert [route.path for route in routes(chat) if isinstance(route, Mount)] == ["/v1", "/oauth"]
