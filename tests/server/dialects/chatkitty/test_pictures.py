"""Display pictures over the Platform API."""

import httpx
import pytest

from chat.actors import Actor
from tests.server.dialects.chatkitty.conftest import BASE

EXTERNAL = {
    "contentType": "image/png",
    "name": "jane.png",
    "size": 9,
    "url": "https://x.test/jane.png",
}


async def test_who_has_no_picture_is_drawn_one(
    api: httpx.AsyncClient, anonymous: httpx.AsyncClient, jane: Actor
) -> None:
    url = (await api.get(f"/users/{jane.require_user().id}")).json()["displayPictureUrl"]
    assert url == f"{BASE}/v1/picture/Jane"
    answer = await anonymous.get(url)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert ">J</text>" in answer.text
    assert "max-age" in answer.headers["cache-control"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert (await anonymous.head(url)).status_code == 200


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Joni+Jordyn", "JJ"),
        ("%E5%B1%B1%E7%94%B0+%E5%A4%AA%E9%83%8E", "山太"),
        ("a%2Fb", "A"),
        ("%3Cscript%3E", "&lt;"),
        ("%00", "?"),
    ],
)
async def test_any_name_has_a_picture(
    anonymous: httpx.AsyncClient, name: str, expected: str
) -> None:
    answer = await anonymous.get(f"/v1/picture/{name}")
    assert answer.status_code == 200
    assert f">{expected}</text>" in answer.text


async def test_no_name_has_no_picture(anonymous: httpx.AsyncClient) -> None:
    assert (await anonymous.get("/v1/picture/")).status_code == 404


@pytest.mark.parametrize("respell", [dict, lambda body: {**body, "content_type": "image/png"}])
async def test_a_picture_may_be_elsewhere(
    api: httpx.AsyncClient, jane: Actor, respell: type[dict[str, object]]
) -> None:
    path = f"/users/{jane.require_user().id}"
    answer = await api.post(f"{path}/display-picture", json=respell(EXTERNAL))
    assert answer.status_code == 200
    assert answer.json()["displayPictureUrl"] == "https://x.test/jane.png"
    assert (await api.get(path)).json() == answer.json()


async def test_a_picture_is_uploaded(api: httpx.AsyncClient, jane: Actor) -> None:
    path = f"/users/{jane.require_user().id}/display-picture"
    answer = await api.post(path, files={"file": ("me.png", b"png", "image/png")})
    url = answer.json()["displayPictureUrl"]
    assert answer.status_code == 200
    assert url.startswith(f"{BASE}/files/")
    assert url.endswith("/me.png")


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml"])
async def test_what_is_no_image_is_no_picture(
    api: httpx.AsyncClient, jane: Actor, kind: str
) -> None:
    path = f"/users/{jane.require_user().id}"
    answer = await api.post(f"{path}/display-picture", files={"file": ("me", b"x", kind)})
    assert answer.status_code == 400
    assert (await api.get(path)).json()["displayPictureUrl"] == f"{BASE}/v1/picture/Jane"


async def test_bad_bodies_and_unknown_users_are_refused(
    api: httpx.AsyncClient, stranger: httpx.AsyncClient, jane: Actor
) -> None:
    path = f"/users/{jane.require_user().id}/display-picture"
    for body in ({}, {**EXTERNAL, "url": ""}, {**EXTERNAL, "size": -1}):
        assert (await api.post(path, json=body)).status_code == 400
    assert (await api.post(path, content=b"x", headers={"Content-Type": "a/b"})).status_code == 415
    assert (await stranger.post(path, json=EXTERNAL)).status_code == 404
    assert (await api.get(path)).status_code == 405
