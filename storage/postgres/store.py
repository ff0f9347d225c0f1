"""PostgresStore: the core's Store over one pool."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from chat.events import Durable
from chat.messages import Sent
from chat.store import Done, NewMessage
from storage.postgres.applications import Applications
from storage.postgres.channels import Channels
from storage.postgres.database import Database, open_pool
from storage.postgres.events import Events
from storage.postgres.files import Files
from storage.postgres.functions import Functions
from storage.postgres.imports import Imports
from storage.postgres.jobs import Jobs
from storage.postgres.members import Members
from storage.postgres.messages import Messages
from storage.postgres.nodes import Nodes
from storage.postgres.notifications import Notifications
from storage.postgres.organizations import Organizations
from storage.postgres.previews import Previews
from storage.postgres.receipts import Receipts
from storage.postgres.reports import Reports
from storage.postgres.sends import Sends
from storage.postgres.sessions import Sessions
from storage.postgres.unread import Unread
from storage.postgres.user_secrets import UserSecrets
from storage.postgres.users import Tokens, Users


class ChannelsWithEvents(Channels):
    """Channels, and what happened in them."""

    def __init__(self, database: Database, events: Events) -> None:
        super().__init__(database)
        self._events = events

    async def read_events(self, channel_id: int, after: int, limit: int) -> list[Durable] | None:
        return await self._events.read(channel_id, after, limit)


class MessagesWithSends(Messages):
    """Messages, and the lanes that store new ones."""

    def __init__(self, database: Database, sends: Sends) -> None:
        super().__init__(database)
        self._sends = sends

    def submit(self, message: NewMessage, done: Done) -> None:
        self._sends.submit(message, done)

    async def send(self, message: NewMessage, told: Done) -> Sent:
        return await self._sends.send(message, told)


class PostgresStore:
    """`node` names the process whose sessions this store opens."""

    def __init__(
        self,
        database: Database,
        node: str,
        sends: Sends | None = None,
        events: Events | None = None,
    ) -> None:
        self._database = database
        self._node = node
        # What is grouped across callers runs outside of anybody's transaction.
        self._sends = sends or Sends(database)
        self._events = events or Events(database)
        self.applications = Applications(database)
        self.users = Users(database)
        self.tokens = Tokens(database)
        self.channels = ChannelsWithEvents(database, self._events)
        self.members = Members(database)
        self.messages = MessagesWithSends(database, self._sends)
        self.receipts = Receipts(database)
        self.sessions = Sessions(database, node)
        self.organizations = Organizations(database)
        self.functions = Functions(database)
        self.notifications = Notifications(database)
        self.reports = Reports(database)
        self.unread = Unread(database)
        self.secrets = UserSecrets(database)
        self.previews = Previews(database)
        self.files = Files(database)
        self.jobs = Jobs(database, node)
        self.imports = Imports(database)
        self.nodes = Nodes(database, node)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["PostgresStore"]:
        async with self._database.transaction() as database:
            yield PostgresStore(database, self._node, self._sends, self._events)

    async def idle(self) -> None:
        """Wait for the sends that were submitted."""
        await self._sends.idle()


@asynccontextmanager
async def open_store(url: str, node: str, *, size: int = 16) -> AsyncIterator[PostgresStore]:
    """Connect, and at the end finish what was submitted and disconnect.

    Raises Unavailable when the database cannot be reached.
    """
    pool: asyncpg.Pool[Any] = await open_pool(url, size=size)
    store = PostgresStore(Database(pool), node)
    try:
        yield store
        await store.idle()
    finally:
        pool.terminate()
