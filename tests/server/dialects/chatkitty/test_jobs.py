"""Jobs: listing, exporting, downloading, and who may."""

import csv
import io
import json
from typing import Any

import httpx
import pytest

from chat.actors import Actor
from chat.channels import Channel
from chat.chat import Chat
from chat.messages import Draft
from chat.users import NewUser
from server.worker.worker import Worker
from storage.postgres.store import PostgresStore

Json = dict[str, Any]


@pytest.fixture
def worker(chat: Chat, store: PostgresStore) -> Worker:
    return Worker(chat, store)


async def ended(api: httpx.AsyncClient, worker: Worker, path: str) -> Json:
    """Start an export as the official client does, and see it through."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await api.post(path, content=b"", headers=form)
    assert response.status_code == 202, response.text
    assert response.json()["state"] == "PENDING"
    while await worker.run_next():
        pass
    return (await api.get(f"/jobs/{response.json()['id']}")).json()


async def lines(api: httpx.AsyncClient, job: Json) -> list[Json]:
    return [json.loads(line) for line in (await api.get(job["file"])).text.splitlines()]


async def table(api: httpx.AsyncClient, job: Json) -> list[dict[str, str]]:
    response = await api.get(job["_links"]["csv"]["href"])
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(response.text, newline="")))


async def test_message_analytics_hold_every_message_as_the_api_shows_it(
    api: httpx.AsyncClient, worker: Worker, chat: Chat, actor: Actor, room: Channel, jane: Actor
) -> None:
    for n in range(620):
        await chat.messages.send(jane if n % 2 else actor, room.id, Draft(text=f"n{n}"))
    sent = await chat.messages.send(jane, room.id, Draft(text="gone"))
    await chat.messages.delete(actor, room.id, sent.message.id)
    job = await ended(api, worker, "/analytics/messages")
    assert (job["type"], job["state"]) == ("MESSAGE_ANALYTICS_EXPORT", "FINISHED")
    assert job["progress"] == {"rowsRead": 620, "rowsStored": 620, "rowsRefused": 0}
    shown = (await api.get("/messages?size=1000")).json()["_embedded"]["messages"]
    for message in shown:
        del message["_links"]
    assert await lines(api, job) == shown[::-1]
    rows = await table(api, job)
    assert [row["body"] for row in rows] == [f"n{n}" for n in range(620)]
    assert [row["user.name"] for row in rows[:2]] == ["", "jane"]


async def test_user_analytics_hold_every_user(
    api: httpx.AsyncClient, worker: Worker, jane: Actor, john: Actor
) -> None:
    job = await ended(api, worker, "/analytics/users")
    assert (job["type"], job["state"]) == ("USER_ANALYTICS_EXPORT", "FINISHED")
    rows = await lines(api, job)
    assert [row.pop("createdTime")[:2] for row in rows] == ["20", "20"]
    shown = (await api.get("/users")).json()["_embedded"]["users"]
    assert rows == [{k: v for k, v in user.items() if k != "_links"} for user in shown]


async def test_csv_quotes_what_must_be_and_runs_nothing(
    api: httpx.AsyncClient, worker: Worker, chat: Chat, actor: Actor
) -> None:
    evil = '=HYPERLINK("http://e.x","a")'
    new = NewUser(name=evil, display_name='two\r\nlines, "quoted"', properties={"a": "-1"})
    await chat.users.create(actor, new)
    [row] = await table(api, await ended(api, worker, "/analytics/users"))
    assert row["name"] == f"'{evil}"
    assert row["displayName"] == 'two\r\nlines, "quoted"'
    assert (row["properties"], row["isGuest"]) == ('{"a":"-1"}', "false")


async def test_an_export_of_nothing_is_an_empty_file_with_a_heading_as_csv(
    api: httpx.AsyncClient, worker: Worker
) -> None:
    job = await ended(api, worker, "/analytics/messages")
    assert await lines(api, job) == []
    heading = (await api.get(job["_links"]["csv"]["href"])).text
    assert heading.startswith("id,type,channelId,createdTime,")
    assert heading.count("\r\n") == 1


async def test_an_export_holds_nothing_of_another_application(
    stranger: httpx.AsyncClient, worker: Worker, chat: Chat, room: Channel, jane: Actor
) -> None:
    await chat.messages.send(jane, room.id, Draft(text="ours"))
    for path in ("/analytics/messages", "/analytics/users"):
        assert await lines(stranger, await ended(stranger, worker, path)) == []


async def test_a_file_is_for_its_application_and_for_who_knows_the_key(
    api: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    anonymous: httpx.AsyncClient,
    worker: Worker,
) -> None:
    job = await ended(api, worker, "/analytics/users")
    bare = job["file"].partition("?")[0]
    assert (await anonymous.get(job["file"])).status_code == 200
    assert (await api.get(bare)).status_code == 200
    assert (await anonymous.get(bare)).status_code == 401
    assert (await stranger.get(f"/jobs/{job['id']}/file")).status_code == 404
    assert (await anonymous.get(f"{bare}?key=guess")).status_code == 404
    response = await api.get(bare)
    name = f"user-analytics-export-{job['id']}.jsonl"
    assert response.headers["content-disposition"] == f'attachment; filename="{name}"'


async def test_jobs_of_another_application_are_not_there(
    api: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    job = (await api.post("/analytics/users")).json()
    assert (await stranger.get(f"/jobs/{job['id']}")).status_code == 404
    assert (await stranger.get("/jobs")).json()["page"]["totalElements"] == 0
    assert (await api.get(f"/jobs/{job['id']}/file")).status_code == 404


async def test_jobs_are_listed_by_page_and_by_whether_they_run(
    api: httpx.AsyncClient, worker: Worker
) -> None:
    done = await ended(api, worker, "/analytics/users")
    waiting = [(await api.post("/analytics/users")).json()["id"] for _ in range(3)]

    async def listed(query: str) -> list[int]:
        body = (await api.get(f"/jobs?{query}")).json()
        return [job["id"] for job in body["_embedded"]["jobs"]]

    assert await listed("") == [done["id"], *waiting]
    assert await listed("running=true") == waiting
    assert await listed("running=false") == [done["id"]]
    assert await listed("size=2&page=1") == waiting[1:]
    assert await listed("sort=createdTime,desc&size=1") == waiting[-1:]
    page = (await api.get("/jobs?running=true&size=2")).json()
    assert page["_links"]["next"]["href"].endswith("/jobs?running=true&page=1&size=2")
    assert (await api.get("/jobs?running=maybe")).status_code == 400
    assert (await api.get("/jobs?sort=secret")).status_code == 400


async def test_a_job_is_spelt_in_snake_case_for_those_who_ask(api: httpx.AsyncClient) -> None:
    accept = {"Accept": "application/vnd.chatkitty+json"}
    job = (await api.post("/analytics/users", headers=accept)).json()
    assert job["progress"] == {"rows_read": 0, "rows_stored": 0, "rows_refused": 0}
    assert "created_time" in job
