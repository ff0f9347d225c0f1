"""Imports: good, bad, repeated, broken files, and what becomes of the channels they meet."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from chat.actors import Actor
from chat.channels import Channel
from chat.chat import Chat
from chat.events import HeadMoved, MessageSent
from chat.messages import Draft
from server.worker.worker import Worker
from storage.postgres.store import PostgresStore
from tests.conftest import RecordingBroker

Json = dict[str, Any]
Import = Callable[[str, Any], Awaitable[Json]]


@pytest.fixture
def worker(chat: Chat, store: PostgresStore) -> Worker:
    return Worker(chat, store)


@pytest.fixture
def imported(api: httpx.AsyncClient, worker: Worker) -> Import:
    """Import a file and wait for the end of its job."""

    async def run(path: str, rows: Any) -> Json:
        content = rows if isinstance(rows, bytes) else json.dumps(rows).encode()
        response = await api.post(f"/imports/{path}", files={"file": (None, content)})
        assert response.status_code == 202, response.text
        while await worker.run_next():
            pass
        return (await api.get(f"/jobs/{response.json()['id']}")).json()

    return run


def counts(job: Json) -> tuple[int, int, int]:
    progress = job["progress"]
    return progress["rowsRead"], progress["rowsStored"], progress["rowsRefused"]


async def report(api: httpx.AsyncClient, job: Json) -> dict[int, str]:
    response = await api.get(job["file"])
    assert response.status_code == 200
    lines = [json.loads(line) for line in response.text.splitlines()]
    return {line["row"]: line["reason"] for line in lines}


def text(room: Channel, body: str, user: str | None = None, **more: Any) -> Json:
    kind = {"type": "TEXT", "user": user} if user else {"type": "SYSTEM_TEXT"}
    return {**kind, "channelId": room.id, "body": body, **more}


async def test_users_are_imported_with_all_their_fields(
    api: httpx.AsyncClient, imported: Import
) -> None:
    picture = {"contentType": "image/png", "name": "a.png", "size": 3, "url": "https://e.x/a.png"}
    job = await imported(
        "users",
        [
            {"name": "ann", "displayName": "Ann", "guest": True, "properties": {"a": [1.5, None]}},
            {
                "name": "bob",
                "display_name": "Bob",
                "guest": False,
                "display_picture": picture,
                "created_time": "2020-02-03T04:05:06Z",
                "idempotency_key": "b",
            },
        ],
    )
    assert (job["type"], job["state"], counts(job)) == ("USER_IMPORT", "FINISHED", (2, 2, 0))
    assert "endedTime" in job
    assert "file" not in job
    ann, bob = (await api.get("/users")).json()["_embedded"]["users"]
    assert ann["isGuest"]
    assert ann["properties"] == {"a": [1.5, None]}
    assert (bob["displayName"], bob["displayPictureUrl"]) == ("Bob", "https://e.x/a.png")


async def test_a_repeated_import_of_users_changes_nothing(
    api: httpx.AsyncClient, imported: Import, jane: Actor
) -> None:
    rows = [
        {"name": "jane", "displayName": "Another", "guest": False},
        {"name": "ann", "displayName": "Ann", "guest": False},
        {"name": "ann", "displayName": "Ann again", "guest": False},
    ]
    assert counts(await imported("users", rows)) == (3, 1, 0)
    assert counts(await imported("users", rows)) == (3, 0, 0)
    users = (await api.get("/users")).json()["_embedded"]["users"]
    assert [user["displayName"] for user in users] == ["Jane", "Ann"]


async def test_bad_rows_are_reported_and_the_others_are_stored(
    api: httpx.AsyncClient, imported: Import
) -> None:
    good = {"name": "ann", "displayName": "Ann", "guest": False}
    job = await imported(
        "users",
        [
            7,
            {"displayName": "No name", "guest": False},
            {**good, "name": ""},
            {**good, "name": "nul\x00"},
            {**good, "name": "lone \ud800"},
            {**good, "guest": "yes"},
            {**good, "properties": {"deep": json.loads("[" * 40 + "]" * 40)}},
            {**good, "properties": {"large": "x" * 70_000}},
            {**good, "properties": {"huge": "x" * 1_100_000}},
            {**good, "createdTime": "yesterday"},
            {**good, "idempotencyKey": "k" * 300},
            {**good, "displayPicture": {**good, "contentType": "a/b", "size": 1, "url": "file:/"}},
            good,
        ],
    )
    assert (job["state"], counts(job)) == ("FINISHED", (13, 1, 12))
    reasons = await report(api, job)
    assert list(reasons) == list(range(1, 13))
    assert reasons[1] == "Expected `object`, got `int`"
    assert "longer than 1048576 bytes" in reasons[9]
    as_csv = await api.get(job["_links"]["csv"]["href"])
    assert as_csv.text.splitlines()[:2] == ["row,reason", '1,"Expected `object`, got `int`"']


@pytest.mark.parametrize(
    ("content", "failure", "rows"),
    [
        (b"", "The file is empty.", 0),
        (b"{}", "not a JSON array", 0),
        (b"\x89PNG\r\n\x1a\n\x00", "not a JSON array", 0),
        (b'[{"name":"ann","displayName":"Ann","guest":false},{"na', "ends in the middle", 1),
        (b'[{"name":"ann","displayName":"Ann","guest":false}]]', "more behind the array", 1),
        (b"[" * 200_000, "ends in the middle", 0),
    ],
)
async def test_of_a_broken_file_what_came_before_is_imported_and_the_job_fails(
    api: httpx.AsyncClient, imported: Import, content: bytes, failure: str, rows: int
) -> None:
    job = await imported("users", content)
    assert (job["state"], counts(job)) == ("FAILED", (rows, rows, 0))
    assert failure in job["failure"]
    assert await report(api, job) == {rows + 1: job["failure"]}
    assert (await api.get("/users")).json()["page"]["totalElements"] == rows


async def test_an_empty_array_is_an_import_of_nothing(imported: Import) -> None:
    job = await imported("messages", b" [ ] ")
    assert (job["state"], counts(job)) == ("FINISHED", (0, 0, 0))


async def test_a_row_that_is_no_json_is_one_bad_row(
    api: httpx.AsyncClient, imported: Import
) -> None:
    job = await imported(
        "users", b'[{"name": nope}, {"name": "ann", "displayName": "Ann", "guest": false}]'
    )
    assert (job["state"], counts(job)) == ("FINISHED", (2, 1, 1))
    assert "not valid JSON" in (await report(api, job))[1]


async def test_channels_are_imported_with_the_people_they_name(
    api: httpx.AsyncClient, imported: Import, jane: Actor, john: Actor
) -> None:
    job = await imported(
        "channels",
        [
            {"type": "PUBLIC", "name": "news", "displayName": "News", "members": ["jane"]},
            {
                "type": "PRIVATE",
                "name": "den",
                "members": ["john", "john"],
                "creator": "jane",
                "created_time": "2020-02-03T04:05:06Z",
            },
            {"type": "DIRECT", "members": ["jane", "john"], "properties": {"a": 1}},
            {"type": "PUBLIC", "members": [], "idempotencyKey": "k"},
            {"type": "PUBLIC", "name": "lost", "members": ["nobody"]},
            {"type": "DIRECT", "members": ["jane"]},
            {"type": "OPEN", "name": "odd", "members": []},
        ],
    )
    assert (job["state"], counts(job)) == ("FINISHED", (7, 4, 3))
    reasons = await report(api, job)
    assert reasons[5] == "There is no user named nobody."
    news, den, direct, unnamed = (await api.get("/channels")).json()["_embedded"]["channels"]
    assert (news["type"], news["displayName"]) == ("PUBLIC", "News")
    assert den["creator"]["name"] == "jane"
    assert den["createdTime"] == "2020-02-03T04:05:06.000Z"
    assert [member["name"] for member in direct["members"]] == ["jane", "john"]
    assert unnamed["name"]
    members = (await api.get(f"/channels/{den['id']}/members")).json()["_embedded"]["users"]
    assert [member["name"] for member in members] == ["jane", "john"]


async def test_a_repeated_import_of_channels_doubles_nothing(
    api: httpx.AsyncClient, imported: Import, jane: Actor, john: Actor
) -> None:
    rows = [
        {"type": "PUBLIC", "name": "news", "members": []},
        {"type": "DIRECT", "members": ["jane", "john"]},
        {"type": "DIRECT", "members": ["john"], "creator": "jane"},
        {"type": "PRIVATE", "members": [], "idempotencyKey": "k"},
        {"type": "PRIVATE", "name": "news", "members": []},
    ]
    first = await imported("channels", rows)
    assert counts(first) == (5, 3, 1)
    assert await report(api, first) == {5: "A channel of another kind has this name."}
    assert counts(await imported("channels", rows)) == (5, 0, 1)
    assert (await api.get("/channels")).json()["page"]["totalElements"] == 3


async def test_members_are_imported_once_and_the_banned_stay_out(
    api: httpx.AsyncClient,
    imported: Import,
    chat: Chat,
    actor: Actor,
    room: Channel,
    mallory: Actor,
) -> None:
    await chat.members.remove(actor, room.id, mallory.require_user().id, ban=True)
    await imported("users", [{"name": n, "displayName": n, "guest": False} for n in ("ann", "bob")])
    rows = [{"username": name} for name in ("bob", "jane", "ann", "bob", "mallory", "no", "no")]
    job = await imported(f"channels/{room.id}/members", rows)
    assert (job["type"], counts(job)) == ("CHANNEL_MEMBERS_IMPORT", (7, 2, 3))
    assert await report(api, job) == {
        5: "The user is banned from this channel.",
        6: "There is no user of this name.",
        7: "There is no user of this name.",
    }
    assert counts(await imported(f"channels/{room.id}/members", rows)) == (7, 0, 3)
    members = (await api.get(f"/channels/{room.id}/members")).json()
    assert [each["name"] for each in members["_embedded"]["users"]] == [
        "jane",
        "john",
        "ann",
        "bob",
    ]
    assert members["page"]["totalElements"] == 4


async def test_imported_members_joined_in_the_order_of_the_file(
    imported: Import, chat: Chat, store: PostgresStore, actor: Actor, room: Channel
) -> None:
    await imported("users", [{"name": n, "displayName": n, "guest": False} for n in ("ann", "bob")])
    await imported(f"channels/{room.id}/members", [{"username": "bob"}, {"username": "ann"}])
    read = await store.channels.read_events(room.id, room.head, 10)
    assert read is not None
    assert [(event.offset, event.user.name) for event in read] == [  # type: ignore[union-attr]
        (room.head + 1, "bob"),
        (room.head + 2, "ann"),
    ]


async def test_messages_take_the_next_offsets_in_the_order_of_the_file(
    imported: Import, chat: Chat, store: PostgresStore, actor: Actor, room: Channel, jane: Actor
) -> None:
    await chat.messages.send(jane, room.id, Draft(text="before"))
    rows = [
        text(room, f"n{n}", ("jane", "john", None)[n % 3], createdTime="2020-01-01T00:00:00+02:00")
        for n in range(2500)
    ]
    job = await imported("messages", rows)
    assert (job["state"], counts(job)) == ("FINISHED", (2500, 2500, 0))
    channel = await chat.channels.get(actor, room.id)
    assert (channel.head, channel.messages) == (room.head + 2501, 2501)
    stored = await chat.messages.history(actor, room.id, after=room.head + 1, limit=200)
    assert [m.text for m in stored] == [f"n{n}" for n in range(200)]
    assert [m.offset for m in stored] == list(range(room.head + 2, room.head + 202))
    assert [m.number for m in stored] == list(range(2, 202))
    assert stored[0].created.isoformat() == "2019-12-31T22:00:00+00:00"
    assert [m.sender.name if m.sender else None for m in stored[:3]] == ["jane", "john", None]


async def test_a_repeated_import_of_messages_doubles_nothing(
    imported: Import, chat: Chat, actor: Actor, room: Channel, jane: Actor
) -> None:
    await chat.messages.send(jane, room.id, Draft(text="sent", client_id="k0"))
    rows = [text(room, f"n{n}", ("jane", None)[n % 2], idempotencyKey=f"k{n}") for n in range(6)]
    assert counts(await imported("messages", [*rows, *rows])) == (12, 5, 0)
    assert counts(await imported("messages", rows)) == (6, 0, 0)
    stored = await chat.messages.history(actor, room.id, limit=200)
    assert [m.text for m in stored] == ["sent", "n1", "n2", "n3", "n4", "n5"]
    again = await chat.messages.send(jane, room.id, Draft(text="late", client_id="k2"))
    assert again.duplicate


async def test_messages_to_unknown_channels_and_of_unknown_users_are_refused(
    api: httpx.AsyncClient, stranger: httpx.AsyncClient, imported: Import, room: Channel
) -> None:
    theirs = await stranger.post("/channels", json={"type": "PUBLIC", "name": "theirs"})
    rows = [
        text(room, "good", "jane"),
        {**text(room, "x"), "channelId": 2**50},
        {**text(room, "x"), "channelId": theirs.json()["id"]},
        text(room, "x", "nobody"),
        text(room, ""),
        text(room, "x" * 70_000),
        {**text(room, "x"), "channelId": "1"},
        {**text(room, "x"), "type": "FILE"},
        {"type": "TEXT", "body": "x", "channelId": room.id},
        {"type": "TEXT", "body": "snake", "user": "john", "channel_id": room.id, "group_tag": "g"},
    ]
    job = await imported("messages", rows)
    assert (job["state"], counts(job)) == ("FINISHED", (10, 2, 8))
    reasons = await report(api, job)
    assert reasons[2] == reasons[3] == "There is no such channel."
    assert reasons[4] == "There is no user of this name."
    listed = (await api.get(f"/channels/{room.id}/messages")).json()["_embedded"]["messages"]
    assert [(m["body"], m.get("groupTag")) for m in listed] == [("snake", "g"), ("good", None)]


async def test_unread_counts_know_imported_messages_and_leave_out_ones_own(
    imported: Import, chat: Chat, room: Channel, jane: Actor, john: Actor
) -> None:
    await chat.messages.send(jane, room.id, Draft(text="before"))
    await imported("messages", [text(room, "x", ("jane", "john", "jane")[n % 3]) for n in range(9)])
    assert (await chat.channels.place(jane, room.id)).unread == 3
    place = await chat.channels.place(john, room.id)
    assert place.unread == 7
    assert await chat.messages.read(john, room.id, place.channel.head) == (place.channel.head, 0)


async def test_live_sockets_are_told_once_per_channel_and_batch(
    imported: Import, broker: RecordingBroker, room: Channel
) -> None:
    await imported("messages", [text(room, f"{n}", "jane") for n in range(2100)])
    assert [hint.head - room.head for hint in broker.of(HeadMoved)] == [2000, 2100]
    assert not broker.of(MessageSent)


async def test_imports_run_in_the_order_they_were_asked_for(
    api: httpx.AsyncClient, worker: Worker, room: Channel
) -> None:
    users = [{"name": "ann", "displayName": "Ann", "guest": False}]
    for path, rows in (("users", users), ("messages", [text(room, "hi", "ann")])):
        await api.post(f"/imports/{path}", files={"file": (None, json.dumps(rows).encode())})
    while await worker.run_next():
        pass
    jobs = (await api.get("/jobs")).json()["_embedded"]["jobs"]
    assert [counts(job) for job in jobs] == [(1, 1, 0), (1, 1, 0)]


async def test_an_import_needs_the_file_and_a_channel_that_has_members(
    api: httpx.AsyncClient, stranger: httpx.AsyncClient, room: Channel, jane: Actor, john: Actor
) -> None:
    file = {"file": (None, b"[]")}
    assert (await api.post("/imports/users", json=[])).status_code == 415
    assert (await api.post("/imports/users", files={"other": ("a", b"[]")})).status_code == 400
    members = f"/imports/channels/{room.id}/members"
    assert (await stranger.post(members, files=file)).status_code == 404
    ids = [{"username": "jane"}, {"username": "john"}]
    direct = await api.post("/channels", json={"type": "DIRECT", "members": ids})
    refused = await api.post(f"/imports/channels/{direct.json()['id']}/members", files=file)
    assert refused.status_code == 403
    assert (await api.get("/jobs")).json()["page"]["totalElements"] == 0
