"""Plans: what is done for one user looks things up, however much others have written.

Scans are counted by PostgreSQL itself, which sees into functions as well.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from chat.channels import Channel, NewChannel
from chat.pages import CursorRequest, MessageFilter, PageRequest
from chat.users import NewUser, User
from storage.postgres.events import Events
from storage.postgres.migrate import migrate_url
from storage.postgres.store import PostgresStore, open_store

FILL = """
INSERT INTO users (application_id, name, display_name)
    SELECT {a}, 'u' || n, 'User ' || n FROM generate_series(1, 3000) n;
INSERT INTO channels (application_id, kind, name, head, messages, members)
    SELECT {a}, CASE n % 3 WHEN 0 THEN 'PUBLIC' ELSE 'PRIVATE' END, 'c' || n, 10, 10, 4
    FROM generate_series(1, 3000) n;
INSERT INTO memberships (channel_id, user_id)
    SELECT c.id, u.id FROM (SELECT id, row_number() OVER (ORDER BY id) n FROM channels
        WHERE application_id = {a}) c
    JOIN (SELECT id, row_number() OVER (ORDER BY id) n FROM users WHERE application_id = {a}) u
        ON u.n % 750 = c.n % 750;
INSERT INTO messages (channel_id, at_offset, number, application_id, sender_id, client_id, text)
    SELECT c.id, n, n, {a}, 0, n::text, 'message ' || n
    FROM channels c, generate_series(1, 8) n WHERE c.application_id = {a};
INSERT INTO messages (channel_id, at_offset, number, application_id, sender_id, client_id, text)
    SELECT {c}, n, n, {a}, {u}, n::text, 'message ' || n FROM generate_series(11, 6000) n;
INSERT INTO events (channel_id, at_offset, kind, user_id)
    SELECT c.id, n, 'member.joined', {u}
    FROM channels c, generate_series(9, 10) n WHERE c.application_id = {a};
UPDATE messages SET deleted = now() WHERE channel_id = {c} AND at_offset % 100 = 0;
UPDATE channels SET head = 6000, messages = 6000 WHERE id = {c};
ANALYZE;
"""
BIG = frozenset({"messages", "events", "memberships", "channels", "users"})

Work = Callable[[PostgresStore, User, Channel], Awaitable[Any]]


@pytest.fixture(scope="module")
async def filled(postgres: Any, database_url: str) -> AsyncIterator[tuple[str, User, Channel]]:
    """A database with 30,000 messages in 3,000 channels, a user and the largest of them."""
    admin: asyncpg.Connection[Any] = await asyncpg.connect(database_url)
    await admin.execute("DROP DATABASE IF EXISTS filled WITH (FORCE)")
    await admin.execute("CREATE DATABASE filled")
    # As on any disk that does not turn: tables need not be huge for their indexes to be used.
    await admin.execute("ALTER DATABASE filled SET random_page_cost = 1.1")
    url = database_url.replace("@/parlance?", "@/filled?")
    await migrate_url(url)
    async with open_store(url, "plans", size=2) as store:
        yield url, *await fill(url, store)
    await admin.execute("DROP DATABASE filled WITH (FORCE)")
    await admin.close()


async def fill(url: str, store: PostgresStore) -> tuple[User, Channel]:
    connection: asyncpg.Connection[Any] = await asyncpg.connect(url)
    application = await connection.fetchval(
        """INSERT INTO applications (name, api_key, client_id, client_secret)
           VALUES ('a', 'b', 'c', 'd') RETURNING id"""
    )
    user = await store.users.add(application, NewUser(name="jane", display_name="Jane"))
    room = await store.channels.add(application, NewChannel(kind="PUBLIC"))
    await connection.execute(FILL.format(a=application, u=user.id, c=room.id))
    async with store.transaction() as tx:
        for channel_id in range(room.id, room.id + 20):
            await tx.members.add(channel_id, user.id)
    await connection.execute(
        "UPDATE memberships SET read_offset = 500, read_number = 500 WHERE user_id = $1", user.id
    )
    await connection.execute("ANALYZE")
    await connection.close()
    return user, await store.channels.get(application, room.id)


async def send(store: PostgresStore, user: User, room: Channel) -> None:
    arrays = "ARRAY[$1::bigint], ARRAY[$2::bigint], ARRAY[$3::bigint], ARRAY[false], ARRAY['new']"
    await store._database.rows(
        f"""SELECT * FROM send_messages({arrays}, ARRAY['x'], ARRAY[NULL::text],
                ARRAY[NULL::text], ARRAY[NULL::text], ARRAY[NULL::bigint], ARRAY[NULL::bigint])""",
        room.application_id,
        room.id,
        user.id,
    )


def history(**where: int | None) -> Work:
    given = {"before": None, "after": None, "around": None} | where
    return lambda store, _, room: store.messages.history(room.id, limit=50, **given)


def page(wanted: Callable[[User, Channel], MessageFilter], **cursor: int) -> Work:
    request = CursorRequest(**cursor)
    return lambda store, user, room: store.messages.page(
        room.application_id, wanted(user, room), request
    )


WORK: dict[str, Work] = {
    "the newest history": history(),
    "history before": history(before=3000),
    "history after": history(after=3000),
    "history around": history(around=3000),
    "places": lambda store, user, room: store.channels.places(room.application_id, user.id),
    "places of many": lambda store, user, room: store.channels.places_of(
        list(range(user.id, user.id + 50))
    ),
    "one place": lambda store, user, room: store.channels.places(
        room.application_id, user.id, [room.id]
    ),
    "what is visible": lambda store, user, room: store.channels.visible(
        room.application_id, user.id, 0, 50
    ),
    "heads": lambda store, user, room: store.channels.heads(list(range(room.id, room.id + 50))),
    "heads of a user": lambda store, user, room: store.channels.heads_of(user.id),
    "missed events": lambda store, user, room: Events(store._database).read(room.id, 5000, 500),
    "a page of a channel": page(lambda user, room: MessageFilter(channel_id=room.id)),
    "an older page": page(lambda user, room: MessageFilter(channel_id=room.id), before=20_000),
    "a newer page": page(lambda user, room: MessageFilter(channel_id=room.id), after=20_000),
    "a page of the application": page(lambda user, room: MessageFilter()),
    "members": lambda store, user, room: store.members.after(room.id, 0, 50),
    "a membership": lambda store, user, room: store.members.find(room.id, user.id),
    "last messages": lambda store, user, room: store.messages.last_of(
        list(range(room.id, room.id + 50))
    ),
    "a send": send,
    "a read mark": lambda store, user, room: store.receipts.advance(room.id, user.id, 5000),
    "where presence is told": lambda store, user, room: store.sessions.channels_for_presence(
        user.id, 200
    ),
    "a channel by name": lambda store, user, room: store.channels.find_equal(
        room.application_id, NewChannel(kind="PUBLIC", name="c5")
    ),
    "a user by name": lambda store, user, room: store.users.find_by_name(room.application_id, "u5"),
    "members by page": lambda store, user, room: store.members.users(room, PageRequest()),
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK.keys())
async def test_no_table_that_grows_is_scanned(
    filled: tuple[str, User, Channel], work: Work
) -> None:
    url, user, room = filled
    async with open_store(url, "plans", size=2) as store, store.transaction() as tx:
        assert await work(tx, user, room) != []
        found = await tx._database.rows(
            "SELECT relname, seq_scan FROM pg_stat_xact_user_tables WHERE seq_scan > 0"
        )
        assert {row["relname"] for row in found} & BIG == set()


async def test_a_scan_would_be_noticed(filled: tuple[str, User, Channel]) -> None:
    async with open_store(filled[0], "plans", size=2) as store, store.transaction() as tx:
        await tx._database.rows("SELECT count(text) FROM messages")
        found = await tx._database.rows(
            "SELECT relname FROM pg_stat_xact_user_tables WHERE seq_scan > 0"
        )
        assert "messages" in {row["relname"] for row in found}
