"""Two people of the Python client who talk without pause, and what each of them heard."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import parlance

from .people import Person
from .serving import Serving

PATIENCE_SECONDS = 30.0
MOST_ATTEMPTS = 200


class Talker:
    """Sends one message after the other until told to stop, and listens all the time.

    `said` is what the server acknowledged, `heard` every message event, both in order.
    """

    def __init__(self, chat: parlance.Chat, name: str, room: int) -> None:
        self.chat = chat
        self.said: list[parlance.Message] = []
        self.heard: list[parlance.MessageCreated] = []
        self.others: list[parlance.Event] = []
        self._name = name
        self._room = room
        self._silent = False
        self._news = asyncio.Condition()

    async def listen(self) -> None:
        async for event in self.chat:
            if isinstance(event, parlance.MessageCreated):
                self.heard.append(event)
            else:
                self.others.append(event)
            await self._tell()

    async def talk(self) -> None:
        for n in itertools.count():
            if self._silent:
                return
            self.said.append(await self.chat.send(self._room, f"{self._name} {n}"))
            await self._tell()

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def has_said(self, more: int) -> None:
        """Wait until so many more messages have been acknowledged."""
        wanted = len(self.said) + more
        async with asyncio.timeout(PATIENCE_SECONDS), self._news:
            await self._news.wait_for(lambda: len(self.said) >= wanted)

    async def has_heard(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), self._news:
            await self._news.wait_for(lambda: len(self.heard) >= count)

    def stop(self) -> None:
        self._silent = True


class Conversation:
    """Two talkers on two nodes."""

    def __init__(self, jane: Talker, john: Talker, room: int) -> None:
        self.jane = jane
        self.john = john
        self._room = room
        self._talking: list[asyncio.Task[None]] = []

    async def goes_on(self, more: int = 20) -> None:
        """Both are heard by the server, and hear each other."""
        await asyncio.gather(self.jane.has_said(more), self.john.has_said(more))
        await asyncio.gather(self.jane.has_heard(self._told), self.john.has_heard(self._told))

    @property
    def _told(self) -> int:
        return len(self.jane.said) + len(self.john.said)

    async def ends(self) -> list[parlance.Message]:
        """Stop talking, hear what is left, and check it all; the history."""
        for talker in (self.jane, self.john):
            talker.stop()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*self._talking)
        await asyncio.gather(self.jane.has_heard(self._told), self.john.has_heard(self._told))
        history = await _history(self.jane.chat, self._room)
        ids = [message.id for message in history]
        assert [message.offset for message in history] == sorted({m.offset for m in history})
        acknowledged = sorted([*self.jane.said, *self.john.said], key=lambda m: m.offset)
        # Nobody else speaks here, and every send was answered: nothing more, nothing less.
        assert [message.id for message in acknowledged] == ids
        for talker in (self.jane, self.john):
            assert [event.message.id for event in talker.heard] == ids
            offsets = [event.offset for event in talker.heard]
            assert offsets == [message.offset for message in history]
            said = [message.offset for message in talker.said]
            assert said == sorted(said)
        assert await _history(self.john.chat, self._room) == history
        return history

    def start(self, group: asyncio.TaskGroup) -> list["asyncio.Task[None]"]:
        talkers = (self.jane, self.john)
        self._talking = [group.create_task(talker.talk()) for talker in talkers]
        return [*self._talking, *(group.create_task(talker.listen()) for talker in talkers)]


@asynccontextmanager
async def conversation(
    server: Serving, jane: Person, john: Person, room: int
) -> AsyncIterator[Conversation]:
    """Jane and john talk, each on a node of his own to begin with."""
    async with (
        parlance.connect(server.url, token=jane.token, proxy=None) as here,
        _connected(server.url, john.token, away_from=here.node) as there,
    ):
        talking = Conversation(Talker(here, "jane", room), Talker(there, "john", room), room)
        async with asyncio.TaskGroup() as group:
            tasks = talking.start(group)
            yield talking
            for task in tasks:
                task.cancel()


@asynccontextmanager
async def _connected(url: str, token: str, *, away_from: str) -> AsyncIterator[parlance.Chat]:
    for _ in range(MOST_ATTEMPTS):
        async with parlance.connect(url, token=token, proxy=None, codec="msgpack") as chat:
            if chat.node != away_from:
                yield chat
                return
    raise AssertionError("the other node was never met")


async def _history(chat: parlance.Chat, room: int) -> list[parlance.Message]:
    found: list[parlance.Message] = []
    while page := await chat.history(room, after=found[-1].offset if found else 0, limit=200):
        found += page
    return found
