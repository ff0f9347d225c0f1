"""Which type an answer has."""

import httpx
import pytest

from server.dialects.chatkitty.media import choose


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
        ("application/hal+json", "application/hal+json"),
        ("application/vnd.hal+json", "application/vnd.hal+json"),
        ("application/vnd.chatkitty+json,*/*;q=0.8", "application/vnd.chatkitty+json"),
        ("application/vnd.chatkitty.v1+json", "application/vnd.chatkitty.v1+json"),
        ("text/html, application/hal+json;q=0.2", "application/hal+json"),
        ("application/json;q=0.5, application/hal+json", "application/hal+json"),
        ("application/json;q=0, */*;q=0.1", "application/hal+json"),
        ("APPLICATION/JSON", "application/json"),
        ("application/json;q=nonsense", None),
        ("application/json;q=nan", None),
        ("text/html", None),
        ("application/json;q=0", None),
        (",;,", None),
    ],
)
def test_the_best_acceptable_type_is_chosen(accept: str | None, chosen: str | None) -> None:
    assert choose(accept) == chosen


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        ("application/vnd.chatkitty+json,*/*;q=0.8", "created_time"),
        ("application/vnd.chatkitty.v1+json", "created_time"),
        ("application/json, application/vnd.chatkitty+json;q=0.5", "createdTime"),
        ("application/json, application/vnd.chatkitty+json;q=0", "createdTime"),
        (None, "createdTime"),
    ],
)
async def test_the_type_of_an_answer_tells_its_spelling(
    api: httpx.AsyncClient, accept: str | None, name: str
) -> None:
    answer = await api.get("/application", headers={"Accept": accept} if accept else {})
    assert name in answer.json()
    assert answer.headers["content-type"] == (accept or "application/json").split(",")[0]
