"""Workers: leases, taking over, giving up, and what a killed server leaves to the next one."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator

import asyncpg
import pytest

from chat.actors import Actor
from chat.channels import Channel, NewChannel
from chat.chat import Chat
from chat.events import Event
from chat.jobs import LEASE_SECONDS, MAX_ATTEMPTS, MOVES, Ending, Job, JobLost, Progress
from chat.operations.imports import Batch
from server.dialects.chatkitty.import_rows import reader
from server.worker.imports import Source
from server.worker.worker import GIVEN_UP, Worker
from storage.postgres.store import PostgresStore, open_store
from tests.conftest import RecordingBroker

Connection = asyncpg.Connection


@pytest.fixture(autouse=True)
async def _alone(connection: Connection) -> None:
    """Jobs of other tests are not to be taken up here."""
    await connection.execute("DELETE FROM jobs")


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[PostgresStore]:
    """Another node over the same database."""
    async with open_store(database_url, f"other-{secrets.token_hex(4)}", size=4) as store:
        yield store


@pytest.fixture
async def channel(chat: Chat, actor: Actor) -> Channel:
    return await chat.channels.create(actor, NewChannel(kind="PUBLIC", name="room"))


async def import_of(chat: Chat, actor: Actor, channel: Channel, count: int) -> Job:
    rows = [{"type": "SYSTEM_TEXT", "channelId": channel.id, "body": f"n{n}"} for n in range(count)]

    async def chunks() -> AsyncIterator[bytes]:
        yield json.dumps(rows).encode()

    file = await chat.jobs.files.upload(actor, None, None, chunks())
    return await chat.jobs.start_import(actor, "MESSAGE_IMPORT", file, origin="http://chat.test")


async def texts(connection: Connection, channel: Channel) -> list[tuple[int, str]]:
    found = await connection.fetch(
        "SELECT at_offset, text FROM messages WHERE channel_id = $1 ORDER BY at_offset", channel.id
    )
    return [(row["at_offset"] - channel.head, row["text"]) for row in found]


def whole(count: int) -> list[tuple[int, str]]:
    return [(n + 1, f"n{n}") for n in range(count)]


async def let_the_lease_end(connection: Connection, job: Job) -> None:
    await connection.execute("UPDATE jobs SET lease = now() WHERE id = $1", job.id)


async def claimed(store: PostgresStore) -> Job:
    job = await store.jobs.claim(LEASE_SECONDS)
    assert job is not None
    return job


async def test_a_job_that_has_ended_moves_no_more() -> None:
    assert {state for state, moves in MOVES.items() if not moves} == {"FINISHED", "FAILED"}
    assert all(moves <= set(MOVES) for moves in MOVES.values())


async def test_a_job_is_held_by_one_node(
    chat: Chat, actor: Actor, channel: Channel, store: PostgresStore, other: PostgresStore
) -> None:
    made = await import_of(chat, actor, channel, 1)
    job = await claimed(store)
    assert (job.id, job.state, job.attempts) == (made.id, "RUNNING", 1)
    assert await other.jobs.claim(LEASE_SECONDS) is None
    with pytest.raises(JobLost):
        await other.jobs.hold(job, LEASE_SECONDS)
    with pytest.raises(JobLost):
        await other.jobs.end(job, Ending())


async def test_many_claims_at_once_find_each_job_once(
    chat: Chat, store: PostgresStore, other: PostgresStore
) -> None:
    for _ in range(4):
        credentials = await chat.applications.create(f"test-{secrets.token_hex(8)}")
        owner = Actor(application_id=credentials.application_id)
        await chat.jobs.start_export(owner, "USER_ANALYTICS_EXPORT", origin="")
    nodes = [store, other] * 4
    found = await asyncio.gather(*(node.jobs.claim(LEASE_SECONDS) for node in nodes))
    while (more := await store.jobs.claim(LEASE_SECONDS)) is not None:
        found.append(more)
    ids = [job.id for job in found if job is not None]
    assert len(ids) == len(set(ids)) == 4


async def test_what_a_silent_node_left_is_continued_where_it_stands(
    chat: Chat,
    actor: Actor,
    channel: Channel,
    store: PostgresStore,
    other: PostgresStore,
    broker: RecordingBroker,
    connection: Connection,
) -> None:
    await import_of(chat, actor, channel, 5000)
    job = await claimed(store)
    source = Source(job)
    batch = await anext(aiter(source.batches(chat)))
    stalled = await chat.imports.store(job, batch)
    assert stalled.progress.read == 2000
    await let_the_lease_end(connection, job)
    taken = await claimed(other)
    assert taken.progress == stalled.progress
    with pytest.raises(JobLost):
        await chat.imports.store(stalled, batch)
    await other.jobs.release(taken, 0, counts=False)
    other_chat = Chat(other, broker, chat.jobs.files._files)
    assert await Worker(other_chat, other).run_next()
    assert await texts(connection, channel) == whole(5000)
    ended = await chat.jobs.get(actor, job.id)
    assert (ended.state, ended.progress.read, ended.progress.stored) == ("FINISHED", 5000, 5000)


async def test_a_batch_is_stored_with_its_progress_or_not_at_all(
    chat: Chat, actor: Actor, channel: Channel, store: PostgresStore, connection: Connection
) -> None:
    await import_of(chat, actor, channel, 10)
    job = await claimed(store)
    read = reader("MESSAGE_IMPORT", actor.application_id)
    row = json.dumps({"type": "SYSTEM_TEXT", "channelId": channel.id, "body": "x"}).encode()
    batch = Batch([(1, read(row))], [], 1)
    ahead = Job(
        **{**{f: getattr(job, f) for f in job.__struct_fields__}, "progress": Progress(read=9)}
    )
    with pytest.raises(JobLost):
        await chat.imports.store(ahead, batch)
    assert await texts(connection, channel) == []


async def test_a_cancelled_worker_lets_go_at_once(
    chat: Chat,
    actor: Actor,
    channel: Channel,
    store: PostgresStore,
    other: PostgresStore,
    connection: Connection,
) -> None:
    stored = asyncio.Event()

    class Listening(RecordingBroker):
        def publish(self, event: Event) -> None:
            stored.set()

    await import_of(chat, actor, channel, 20_000)
    listening = Chat(store, Listening(), chat.jobs.files._files)
    running = asyncio.create_task(Worker(listening, store).run())
    await stored.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    job = await claimed(other)
    assert 0 < job.progress.read < 20_000
    assert await texts(connection, channel) == whole(job.progress.read)


async def test_a_job_that_stops_its_worker_again_and_again_is_given_up(
    chat: Chat, actor: Actor, channel: Channel, store: PostgresStore, connection: Connection
) -> None:
    made = await import_of(chat, actor, channel, 1)
    for _ in range(MAX_ATTEMPTS):
        await let_the_lease_end(connection, await claimed(store))
    assert await Worker(chat, store).run_next()
    ended = await chat.jobs.get(actor, made.id)
    assert (ended.state, ended.failure) == ("FAILED", GIVEN_UP)


async def test_a_job_whose_file_is_gone_fails(
    chat: Chat, actor: Actor, channel: Channel, store: PostgresStore
) -> None:
    made = await import_of(chat, actor, channel, 1)
    await chat.files.forget(actor, [made.source or ""])
    assert await Worker(chat, store).run_next()
    ended = await chat.jobs.get(actor, made.id)
    assert (ended.state, ended.failure) == ("FAILED", "The file to import is no longer there.")


async def test_a_job_is_put_off_while_files_are_away(
    chat: Chat, actor: Actor, channel: Channel, store: PostgresStore, connection: Connection
) -> None:
    made = await import_of(chat, actor, channel, 1)
    without_files = Chat(store, RecordingBroker())
    await without_files.jobs.start_export(actor, "USER_ANALYTICS_EXPORT", origin="")
    assert await Worker(chat, store).run_next()
    assert await Worker(without_files, store).run_next()
    export = await claimed_after(connection, store)
    assert (export.id > made.id, export.state, export.attempts) == (True, "RUNNING", 1)
    assert await store.jobs.claim(LEASE_SECONDS) is None


async def claimed_after(connection: Connection, store: PostgresStore) -> Job:
    """Take up the one open job, whenever it was put off to."""
    await connection.execute("UPDATE jobs SET lease = now() WHERE state = 'RUNNING'")
    return await claimed(store)


async def test_the_source_of_an_ended_import_is_deleted(
    chat: Chat, actor: Actor, channel: Channel, store: PostgresStore, connection: Connection
) -> None:
    made = await import_of(chat, actor, channel, 1)
    assert await Worker(chat, store).run_next()
    found = await connection.fetchval("SELECT count(*) FROM files WHERE key = $1", made.source)
    assert found == 0
