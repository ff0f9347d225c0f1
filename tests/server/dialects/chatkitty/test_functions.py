"""Chat functions over the Platform API: the runtime, functions and their versions."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from chat.actors import Actor
from chat.chat import Chat
from chat.errors import Forbidden
from chat.functions import MAX_SCRIPT_BYTES, MAX_VARIABLES

NEW = {
    "type": "user.attempted.start_session",
    "name": "User Attempted Start Session",
    "initializeAsynchronously": False,
}
SNAKE = {"Accept": "application/vnd.chatkitty+json"}


@pytest.fixture
async def function(api: httpx.AsyncClient) -> str:
    """The path of a function without a version."""
    made = (await api.post("/runtimes/nodejs/functions", json=NEW)).json()
    return f"/functions/{made['id']}"


async def test_an_application_has_one_runtime_from_the_first_question_on(
    api: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    answers = await asyncio.gather(*(api.get("/runtimes/nodejs") for _ in range(5)))
    runtime = answers[0].json()
    links = runtime.pop("_links")
    assert runtime == {
        "id": runtime["id"],
        "type": "NODEJS",
        "version": "v1.0.0",
        "dependencies": [],
        "environmentVariables": {},
    }
    assert {answer.json()["id"] for answer in answers} == {runtime["id"]}
    assert set(links) == {
        "self",
        "dependencies",
        "initializationScript",
        "functions",
        "application",
    }
    assert (await api.get(links["self"]["href"])).json()["id"] == runtime["id"]
    assert (await stranger.get("/runtimes/nodejs")).json()["id"] != runtime["id"]


async def test_each_part_of_a_runtime_is_replaced_without_the_others(
    api: httpx.AsyncClient,
) -> None:
    firebase = {"name": "firebase", "version": "^9.8.2", "defaultDependency": False}
    variables = {"CUSTOM_ENV_AWS_REGION": "us-east-1", "aB_c": ""}
    await api.put("/runtimes/nodejs/dependencies", json=[firebase])
    await api.put("/runtimes/nodejs/environment-variables", json=variables)
    script = {"script": "var foo = 8;"}
    runtime = (await api.put("/runtimes/nodejs/initialization-script", json=script)).json()
    assert runtime["dependencies"] == [firebase]
    assert runtime["environmentVariables"] == variables
    assert runtime["initializationScript"] == script
    emptied = (await api.put("/runtimes/nodejs/dependencies", json=[])).json()
    assert emptied["dependencies"] == []
    assert emptied["environmentVariables"] == variables


async def test_names_of_variables_keep_their_spelling(api: httpx.AsyncClient) -> None:
    variables = {"AWS_REGION": "eu", "camelCase": "1", "snake_case": "2"}
    answer = await api.put("/runtimes/nodejs/environment-variables", json=variables, headers=SNAKE)
    assert answer.json()["environment_variables"] == variables


@pytest.mark.parametrize(
    ("part", "body"),
    [
        ("dependencies", {}),
        ("dependencies", [{"name": "Not A Package", "version": "1"}]),
        ("dependencies", [{"name": "x" * 215, "version": "1"}]),
        ("dependencies", [{"name": "axios", "version": ""}]),
        ("dependencies", [{"name": "axios", "version": "1"}] * 2),
        ("dependencies", [{"name": f"p{n}", "version": "1"} for n in range(101)]),
        ("environment-variables", []),
        ("environment-variables", {"A": 1}),
        ("environment-variables", {"": "x"}),
        ("environment-variables", {"1A": "x"}),
        ("environment-variables", {"A=B": "x"}),
        ("environment-variables", {"A": "\0"}),
        ("environment-variables", {"A": "x" * 32_769}),
        ("environment-variables", {"A": "x" * 32_000, "B": "x" * 32_000, "C": "x" * 32_000}),
        ("environment-variables", {f"V{n}": "" for n in range(MAX_VARIABLES + 1)}),
        ("initialization-script", {}),
        ("initialization-script", {"script": "x" * (MAX_SCRIPT_BYTES + 1)}),
    ],
    ids=range(17),
)
async def test_what_no_runtime_can_have_is_refused(
    api: httpx.AsyncClient, part: str, body: object
) -> None:
    answer = await api.put(f"/runtimes/nodejs/{part}", json=body)
    assert answer.status_code == 400
    runtime = (await api.get("/runtimes/nodejs")).json()
    assert runtime["dependencies"] == []
    assert runtime["environmentVariables"] == {}


async def test_a_new_function_waits_for_its_first_version(api: httpx.AsyncClient) -> None:
    answer = await api.post(
        "/runtimes/nodejs/functions", json={**NEW, "description": "Lets people in"}
    )
    function = answer.json()
    links = function.pop("_links")
    runtime = (await api.get("/runtimes/nodejs")).json()
    assert answer.status_code == 200
    assert function == {
        "id": function["id"],
        "type": "user.attempted.start_session",
        "name": "User Attempted Start Session",
        "description": "Lets people in",
        "enabled": False,
        "currentVersionNumber": 0,
        "runtime": {"id": runtime["id"], "type": "NODEJS", "version": "v1.0.0"},
    }
    assert set(links) == {"self", "versions", "invocations", "currentVersion", "application"}
    assert (await api.get(links["currentVersion"]["href"])).status_code == 404
    assert (await api.get(links["self"]["href"])).json()["id"] == function["id"]
    assert (await api.get(links["versions"]["href"])).json()["page"]["totalElements"] == 0


async def test_functions_are_listed_in_pages(api: httpx.AsyncClient) -> None:
    for name in ("b", "c", "a"):
        await api.post("/runtimes/nodejs/functions", json={**NEW, "name": name})
    found = await api.get("/runtimes/nodejs/functions", params={"sort": "name,desc", "size": 2})
    assert [each["name"] for each in found.json()["_embedded"]["functions"]] == ["c", "b"]
    assert found.json()["page"]["totalElements"] == 3


async def test_the_newest_version_is_the_current_one(api: httpx.AsyncClient, function: str) -> None:
    first = (await api.post(f"{function}/versions", json={"handlerScript": "1"})).json()
    second = (await api.post(f"{function}/versions", json={"handler_script": "2"})).json()
    assert (first["versionNumber"], second["versionNumber"]) == (1, 2)
    assert set(second["_links"]) == {"self", "application"}
    assert (await api.get(f"{function}/current-version")).json() == second
    assert (await api.get(f"/function-versions/{first['id']}")).json() == first
    shown = (await api.get(function)).json()
    assert (shown["enabled"], shown["currentVersionNumber"]) == (True, 2)
    listed = (await api.get(f"{function}/versions")).json()["_embedded"]["versions"]
    assert listed == [second, first]


async def test_versions_made_at_once_are_numbered_without_gaps(
    api: httpx.AsyncClient, function: str
) -> None:
    made = await asyncio.gather(
        *(api.post(f"{function}/versions", json={"handlerScript": str(n)}) for n in range(12))
    )
    assert sorted(each.json()["versionNumber"] for each in made) == list(range(1, 13))
    assert (await api.get(function)).json()["currentVersionNumber"] == 12


async def test_a_function_that_never_ran_has_no_invocations(
    api: httpx.AsyncClient, function: str
) -> None:
    page = (await api.get(f"{function}/invocations")).json()
    assert page["_embedded"] == {"invocations": []}
    assert page["page"]["totalElements"] == 0


async def test_invocations_are_listed_newest_first(
    api: httpx.AsyncClient, function: str, connection: "asyncpg.Connection[Any]"
) -> None:
    await connection.execute(
        """INSERT INTO function_invocations (function_id, version_number, status, args)
           SELECT $1, n, 'SUCCEEDED', '{"authParams": {"display_name": "Jane"}}'
           FROM generate_series(1, 3) AS n""",
        int(function.rpartition("/")[2]),
    )
    page = (await api.get(f"{function}/invocations", headers=SNAKE)).json()
    found = page["_embedded"]["invocations"]
    assert [each["version_number"] for each in found] == [3, 2, 1]
    assert found[0]["args"] == {"authParams": {"display_name": "Jane"}}
    assert set(found[0]["_links"]) == {"application"}


@pytest.mark.parametrize(
    "body",
    [
        {**NEW, "type": "anything"},
        {**NEW, "type": "user..sent"},
        {**NEW, "type": "user." + "x" * 100},
        {**NEW, "name": ""},
        {**NEW, "name": "x" * 256},
        {**NEW, "description": "\0"},
        {"type": "user.sent.message"},
        {"name": "x"},
    ],
    ids=range(8),
)
async def test_what_is_no_function_is_refused(api: httpx.AsyncClient, body: object) -> None:
    assert (await api.post("/runtimes/nodejs/functions", json=body)).status_code == 400
    listed = (await api.get("/runtimes/nodejs/functions")).json()
    assert listed["page"]["totalElements"] == 0


async def test_a_script_that_is_too_long_is_no_version(
    api: httpx.AsyncClient, function: str
) -> None:
    for script in ("x" * (MAX_SCRIPT_BYTES + 1), "\0", None):
        answer = await api.post(f"{function}/versions", json={"handlerScript": script})
        assert answer.status_code == 400
    assert (await api.get(function)).json()["currentVersionNumber"] == 0


async def test_other_applications_see_none_of_it(
    api: httpx.AsyncClient, stranger: httpx.AsyncClient, function: str
) -> None:
    version = (await api.post(f"{function}/versions", json={"handlerScript": "1"})).json()
    for path in (
        function,
        f"{function}/current-version",
        f"{function}/versions",
        f"{function}/invocations",
        f"/function-versions/{version['id']}",
    ):
        assert (await api.get(path)).status_code == 200
        assert (await stranger.get(path)).status_code == 404
    changed = await stranger.post(f"{function}/versions", json={"handlerScript": "2"})
    assert changed.status_code == 404
    assert (await stranger.get("/runtimes/nodejs/functions")).json()["page"]["totalElements"] == 0


async def test_users_have_nothing_to_do_with_functions(chat: Chat, jane: Actor) -> None:
    with pytest.raises(Forbidden):
        await chat.functions.runtime(jane)
    with pytest.raises(Forbidden):
        await chat.functions.get(jane, 1)
    with pytest.raises(Forbidden):
        await chat.functions.get_version(jane, 1)
