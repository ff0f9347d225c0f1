"""The token endpoint."""

import base64

import httpx
import pytest

from chat.applications import Credentials

GRANT = {"grant_type": "client_credentials"}
MULTIPART = {"grant_type": (None, "client_credentials")}


def _basic(text: bytes) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(text).decode()}"}


async def _works(anonymous: httpx.AsyncClient, granted: httpx.Response) -> None:
    body = granted.json()
    assert granted.status_code == 200
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    assert (body["token_type"], body["scope"]) == ("bearer", "org:1:app")
    assert isinstance(body["expires_in"], int)
    assert granted.headers["cache-control"] == "no-store"
    headers = {"Authorization": f"bearer {body['access_token']}"}
    assert (await anonymous.get("/v1/application", headers=headers)).status_code == 200


async def test_the_official_clients_ask_by_basic_and_multipart(
    anonymous: httpx.AsyncClient, application: Credentials
) -> None:
    auth = (application.client_id, application.client_secret)
    await _works(anonymous, await anonymous.post("/oauth/token", auth=auth, files=MULTIPART))
    await _works(anonymous, await anonymous.post("/oauth/token", auth=auth, data=GRANT))


async def test_credentials_may_stand_in_the_form(
    anonymous: httpx.AsyncClient, application: Credentials
) -> None:
    form = {
        **GRANT,
        "client_id": application.client_id,
        "client_secret": application.client_secret,
    }
    await _works(anonymous, await anonymous.post("/oauth/token", data=form))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic"},
        {"Authorization": "Basic ???"},
        {"Authorization": "Basic \xff"},
        {"Authorization": "Bearer x"},
        _basic(b"nobody:nothing"),
        _basic(b"nocolon"),
        _basic(b"\xff:\xff"),
        _basic(b"a\x00:b\x00"),
    ],
)
async def test_wrong_credentials_are_no_client(
    anonymous: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    raw = httpx.Headers(headers, encoding="latin-1")
    answer = await anonymous.post("/oauth/token", data=GRANT, headers=raw)
    assert answer.status_code == 401
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.json()["error"] == "invalid_client"
    assert answer.headers["www-authenticate"].startswith("Basic")


async def test_the_secret_of_another_application_opens_nothing(
    anonymous: httpx.AsyncClient, application: Credentials
) -> None:
    auth = (application.client_id, "pls_wrong")
    assert (await anonymous.post("/oauth/token", auth=auth, data=GRANT)).status_code == 401


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "unsupported_grant_type"),
    ],
)
async def test_other_grants_are_refused(
    anonymous: httpx.AsyncClient, application: Credentials, form: dict[str, str], error: str
) -> None:
    auth = (application.client_id, application.client_secret)
    answer = await anonymous.post("/oauth/token", auth=auth, data=form)
    assert answer.status_code == 400
    assert answer.json()["error"] == error


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("application/json", b'{"grant_type": "client_credentials"}'),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"nonsense"),
        ("multipart/form-data; boundary=x", b"--x\r\nbad header\r\n\r\n"),
        (
            "multipart/form-data; boundary=x; charset=idna",
            b'--x\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\n\xff..a\r\n--x--\r\n',
        ),
        ("application/x-www-form-urlencoded", b"&" * 5000),
        ("application/x-www-form-urlencoded", b"a=1&" * 5000),
    ],
)
async def test_a_body_that_is_no_form_is_refused(
    anonymous: httpx.AsyncClient, content_type: str, content: bytes
) -> None:
    answer = await anonymous.post(
        "/oauth/token", content=content, headers={"Content-Type": content_type}
    )
    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_request", "unsupported_grant_type")


async def test_tokens_are_posted_for(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/oauth/token")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert answer.json()["error"] == "invalid_request"
    long = await anonymous.post(
        "/oauth/token",
        content=b"a" * (1024 * 1024 + 1),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert long.status_code == 413
