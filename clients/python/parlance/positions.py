"""Where this client is in each channel, and what that makes of the events that come in.

Rule: pure. `received` is ahead of `handed_on` by what waits in the inbox: a reconnect resumes
from the one, a program that is started again from the other.
"""

from collections.abc import Iterator, Mapping

from .events import (
    CaughtUp,
    ChannelCreated,
    ChannelDeleted,
    DurableEvent,
    Event,
    MemberLeft,
    Reset,
)
from .models import Channel


class Positions:
    """The offsets of the last event received, and of the last one handed on, by channel.

    Positions given are those of an earlier run. Without any, the first hello sets them.
    """

    def __init__(self, given: Mapping[int, int] | Mapping[str, int] | None) -> None:
        start = {int(channel): offset for channel, offset in (given or {}).items()}
        self.received = dict(start)
        self.handed_on = dict(start)
        self._resuming = given is not None
        self._unannounced: dict[int, Channel] = {}
        self._user = 0

    def greet(self, user: int, channels: list[Channel]) -> None:
        """Take note of the channels a hello lists.

        One that became the user's while the client was away is announced as ChannelCreated,
        unless the server does so itself.
        """
        self._user = user
        unknown = {channel.id: channel for channel in channels if channel.id not in self.received}
        if self._resuming:
            self._unannounced = unknown
        else:
            heads = {channel.id: channel.head for channel in channels}
            self.received.update(heads)
            self.handed_on.update(heads)
        self._resuming = True

    def receive(self, event: Event) -> Iterator[Event]:
        """Yield what the event amounts to: nothing when it was received before."""
        if isinstance(event, DurableEvent):
            if event.offset <= self.received.get(event.channel, -1):
                return
            details = self._unannounced.pop(event.channel, None)
            if details is not None and not isinstance(event, ChannelCreated):
                yield _announcement(details, event.offset - 1)
        elif isinstance(event, CaughtUp):
            for details in self._unannounced.values():
                yield _announcement(details, event.heads.get(details.id, details.head))
                self.received.setdefault(details.id, details.head)
            self._unannounced = {}
        self._advance(self.received, event)
        yield event

    def hand_on(self, event: Event) -> None:
        """Note that the event is in the hands of the program now."""
        self._advance(self.handed_on, event)

    def is_end(self, event: Event) -> bool:
        """Whether the event is the last that this user hears of its channel."""
        return isinstance(event, ChannelDeleted) or (
            isinstance(event, MemberLeft) and event.user.id == self._user
        )

    def _advance(self, positions: dict[int, int], event: Event) -> None:
        if isinstance(event, DurableEvent):
            if self.is_end(event):
                positions.pop(event.channel, None)
            else:
                positions[event.channel] = event.offset
        elif isinstance(event, Reset):
            positions[event.channel] = event.offset
        elif isinstance(event, CaughtUp):
            for channel, head in event.heads.items():
                positions[channel] = max(head, positions.get(channel, 0))


def _announcement(details: Channel, offset: int) -> ChannelCreated:
    return ChannelCreated(channel=details.id, offset=offset, details=details)
