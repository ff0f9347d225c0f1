"""What one node serves over HTTP beside the dialects: health, figures, and the page."""

from collections.abc import AsyncIterator

import httpx
import pytest

from server.settings import Settings
from tests.server.realtime.conftest import Node, running


@pytest.fixture
async def node(database_url: str, redis_url: str) -> AsyncIterator[Node]:
    settings = Settings(database_url=database_url, redis_url=redis_url, drain_seconds=0.0)
    async with running(settings) as node:
        yield node


@pytest.fixture
async def http(node: Node) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=node.http) as client:
        yield client


async def test_health_and_readiness_are_told(node: Node, http: httpx.AsyncClient) -> None:
    health = await http.get("/health")
    assert (health.status_code, health.json()["status"]) == (200, "ok")
    assert (await http.get("/ready")).status_code == 200
    await node.realtime.drain()
    assert (await http.get("/health")).status_code == 200
    assert (await http.get("/ready")).status_code == 503


async def test_figures_are_told_in_the_format_of_prometheus(
    node: Node, http: httpx.AsyncClient
) -> None:
    answer = await http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert f'parlance_sockets{{node="{node.realtime.node}"}} 0.0' in answer.text
    assert "parlance_events_total" in answer.text


async def test_the_page_comes_with_a_policy_that_keeps_foreign_code_out(
    http: httpx.AsyncClient,
) -> None:
    for path in ("/", "/page/main.js"):
        answer = await http.get(path)
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await http.get("/page/config.json")).json() == {"api_key": "guests", "guests": True}
    assert "content-security-policy" not in (await http.get("/health")).headers


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/page/nothing.js",
        "/page/../app.py",
        "/page/%2e%2e/app.py",
        "/page/%00",
        "/page/" + "x" * 5000,
        "/page/__init__.py/x",
        "/%ff",
    ],
)
async def test_what_is_not_there_is_404(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 404


async def test_methods_that_make_no_sense_are_405(http: httpx.AsyncClient) -> None:
    for path in ("/", "/health", "/ready", "/metrics", "/page/config.json", "/page/main.js"):
        for method in ("POST", "DELETE", "PUT"):
            assert (await http.request(method, path)).status_code == 405
