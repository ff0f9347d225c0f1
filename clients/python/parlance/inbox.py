"""The events between the socket and the program: in order and bounded.

Rule: nothing here awaits a socket. When it is full the client stops reading the socket, so that
the server notices and its limits decide.
"""

import asyncio
from collections import deque

from .events import Event


class Inbox:
    """A queue for one reader. The bound is kept by the writer, who asks `is_full`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._events: deque[Event] = deque()
        self._closed = False
        self._readable = asyncio.Event()
        self._changed = asyncio.Event()

    @property
    def is_full(self) -> bool:
        return len(self._events) >= self._limit

    @property
    def is_low(self) -> bool:
        """A quarter of the limit or less: worth filling up."""
        return len(self._events) <= self._limit // 4

    def put(self, event: Event) -> None:
        self._events.append(event)
        self._readable.set()

    async def get(self) -> Event | None:
        """Take the next event, waiting for it; None once closed and empty. Cancelling is safe."""
        while not self._events:
            if self._closed:
                return None
            self._readable.clear()
            await self._readable.wait()
        event = self._events.popleft()
        self.notify()
        return event

    def close(self) -> None:
        """Let the reader take what is here, and then end."""
        self._closed = True
        self._readable.set()

    def notify(self) -> None:
        """Wake the writer: there is room, or another reason to look again."""
        self._changed.set()

    async def changed(self) -> None:
        """Wait until notified from now on."""
        self._changed.clear()
        await self._changed.wait()
