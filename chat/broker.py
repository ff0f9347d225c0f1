"""Broker: what the core asks of fan-out between nodes."""

from typing import Protocol

from chat.events import Event


class Broker(Protocol):
    """Tells every node of an event. Fire and forget: the truth is in the store."""

    def publish(self, event: Event) -> None:
        """Queue an event for its topic on every node, this one included; never waits.

        Durable events must have been committed. Events of one topic published by one node arrive
        in the order of publishing, or not at all; between nodes there is no order, which is why
        durable events carry offsets.
        """
