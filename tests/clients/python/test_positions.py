"""Positions, as the pure thing they are."""

from parlance.events import CaughtUp, ChannelCreated, Event, MessageCreated
from parlance.models import Channel, Message
from parlance.positions import Positions


def channel(number: int, head: int) -> Channel:
    return Channel(id=number, kind="public", head=head)


def created(number: int, offset: int) -> MessageCreated:
    return MessageCreated(
        channel=number, offset=offset, message=Message(id=1, channel=number, offset=offset)
    )


def received(positions: Positions, *events: Event) -> list[Event]:
    return [each for event in events for each in positions.receive(event)]


def test_a_first_run_starts_at_the_heads():
    positions = Positions(None)
    positions.greet(1, [channel(5, 10)])
    assert positions.received == positions.handed_on == {5: 10}
    assert received(positions, created(5, 10), created(5, 11)) == [created(5, 11)]


def test_a_channel_that_came_while_away_is_announced_before_the_recovery_ends():
    positions = Positions({})
    positions.greet(1, [channel(5, 10)])
    announced = ChannelCreated(channel=5, offset=10, details=channel(5, 10))
    caught_up = CaughtUp(heads={5: 10})
    assert received(positions, caught_up) == [announced, caught_up]
    assert positions.received == {5: 10}


def test_it_is_announced_before_its_first_missed_event():
    positions = Positions({})
    positions.greet(1, [channel(5, 10)])
    announced = ChannelCreated(channel=5, offset=8, details=channel(5, 10))
    caught_up = CaughtUp(heads={5: 10})
    events = [created(5, 9), created(5, 10), caught_up]
    assert received(positions, *events) == [announced, *events]


def test_it_is_announced_once_when_the_server_announces_it():
    positions = Positions({})
    positions.greet(1, [channel(5, 10)])
    events = [
        ChannelCreated(channel=5, offset=3, details=channel(5, 3)),
        created(5, 9),
        CaughtUp(heads={5: 10}),
    ]
    assert received(positions, *events) == events


def test_a_recovery_that_broke_off_announces_what_it_did_not_get_to():
    positions = Positions({4: 1})
    positions.greet(1, [channel(4, 3), channel(5, 10)])
    received(positions, created(4, 2))
    positions.greet(1, [channel(4, 3), channel(5, 10)])
    events = received(positions, created(4, 2), created(4, 3), CaughtUp(heads={4: 3, 5: 10}))
    assert [type(event).__name__ for event in events] == [
        "MessageCreated",
        "ChannelCreated",
        "CaughtUp",
    ]


def test_what_is_handed_on_follows_what_is_received():
    positions = Positions({5: 1})
    received(positions, created(5, 2), created(5, 3))
    positions.hand_on(created(5, 2))
    assert (positions.received, positions.handed_on) == ({5: 3}, {5: 2})
