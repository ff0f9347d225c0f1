"""Topic: a channel on this node, and the order in which its durable events are told.

Rule: nothing is told twice, out of order or over a hole; what comes early waits. No I/O here.
"""

import asyncio
from collections.abc import Iterable, Sequence

from chat.events import DurableEvent
from server.realtime.client import Client

MOST_PENDING = 1000
"""Events held behind a hole; beyond this they are read from the store again."""


class Topic:
    """The sockets that are level with a channel, those that are ahead, and what is next in line."""

    __slots__ = ("ahead", "channel_id", "filling", "idle", "live", "opened", "pending", "told")

    def __init__(self, channel_id: int) -> None:
        self.channel_id = channel_id
        self.told: int | None = None
        """The offset up to which this node has told everything; None until it is subscribed."""
        self.live: set[Client] = set()
        self.ahead: dict[Client, int] = {}
        """Sockets that know more than was told here: they wait until the topic is level."""
        self.pending: dict[int, DurableEvent] = {}
        self.filling: asyncio.Task[None] | None = None
        self.opened: asyncio.Future[None] | None = None
        self.idle = 0

    def accept(self, event: DurableEvent) -> Sequence[DurableEvent]:
        """Take in an event; answer what may be told now, in order."""
        told = self.told
        if told is not None and event.offset == told + 1:
            self.told = event.offset
            return (event, *self._ready()) if self.pending else (event,)
        if (told is None or event.offset > told) and len(self.pending) < MOST_PENDING:
            self.pending[event.offset] = event
        return self._ready()

    def begin(self, head: int) -> Sequence[DurableEvent]:
        """Everything up to `head` counts as told; answer what follows it already."""
        self.told = head
        return self._ready()

    def accept_read(self, events: Sequence[DurableEvent]) -> Sequence[DurableEvent]:
        """Take in what was read from the store, which has no holes, from above `told` on."""
        new = [event for event in events if self.told is not None and event.offset > self.told]
        if new:
            self.told = new[-1].offset
        return [*new, *self._ready()]

    def _ready(self) -> Sequence[DurableEvent]:
        if self.told is None or not self.pending:
            return ()
        ready: list[DurableEvent] = []
        while (event := self.pending.pop(self.told + 1, None)) is not None:
            self.told = event.offset
            ready.append(event)
        for offset in [offset for offset in self.pending if offset <= self.told]:
            del self.pending[offset]
        return ready

    def join(self, client: Client, position: int) -> bool:
        """Have a client told what follows its position; False when it is behind this topic."""
        if self.told is None or position < self.told:
            return False
        if position > self.told:
            self.ahead[client] = position
        else:
            self.live.add(client)
        self.idle = 0
        return True

    def part(self, client: Client) -> None:
        self.live.discard(client)
        self.ahead.pop(client, None)

    def reached(self, offset: int) -> None:
        """An offset was told: who was ahead up to there is level now."""
        for client in [client for client, at in self.ahead.items() if at <= offset]:
            del self.ahead[client]
            self.live.add(client)

    def listeners(self) -> Iterable[Client]:
        return (*self.live, *self.ahead) if self.ahead else self.live
