"""Events: their topics, and a past without what later events in it make pointless."""

from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from chat.events import (
    ChannelDeleted,
    ChannelGained,
    Durable,
    MemberJoined,
    MessageDeleted,
    MessageEdited,
    MessageSent,
    ReactionAdded,
    ReactionRemoved,
    UserChanged,
    compacted,
    topic_of,
)
from chat.messages import Message
from chat.users import Author

JANE, JOHN = Author(1, "jane", "Jane"), Author(2, "john", "John")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def message(number: int) -> Message:
    return Message(
        id=number,
        application_id=1,
        channel_id=7,
        offset=number,
        number=number,
        sender=JANE,
        created=NOW,
        text="as it is now",
    )


def test_events_of_a_channel_and_of_a_user_have_topics_of_their_own() -> None:
    assert topic_of(ChannelDeleted(7, 3)) == "channel:7"
    assert topic_of(ChannelGained(7, 12, 3)) == topic_of(UserChanged(7)) == "user:7"


def test_of_several_edits_only_the_last_is_told_and_none_before_a_deletion() -> None:
    past: list[Durable] = [
        MessageSent(7, 1, message(1)),
        MessageEdited(7, 2, message(1)),
        MessageEdited(7, 3, message(1)),
        MessageSent(7, 4, message(4)),
        MessageEdited(7, 5, message(4)),
        MessageDeleted(7, 6, message(4)),
    ]
    assert [event.offset for event in compacted(past)] == [1, 3, 4, 6]


def test_of_one_reaction_only_what_became_of_it_is_told() -> None:
    past: list[Durable] = [
        ReactionAdded(7, 1, 9, JANE, "+1"),
        ReactionAdded(7, 2, 9, JOHN, "+1"),
        ReactionAdded(7, 3, 9, JANE, "-1"),
        ReactionRemoved(7, 4, 9, JANE, "+1"),
        ReactionAdded(7, 5, 8, JANE, "+1"),
    ]
    assert [event.offset for event in compacted(past)] == [2, 3, 4, 5]


def test_comings_and_goings_are_all_told() -> None:
    past: list[Durable] = [MemberJoined(7, 1, JANE), MemberJoined(7, 2, JANE), ChannelDeleted(7, 3)]
    assert compacted(past) == past
    assert compacted([]) == []


KINDS = st.sampled_from(["sent", "edited", "deleted", "reacted", "unreacted", "joined"])
STEPS = st.lists(st.tuples(KINDS, st.integers(1, 3), st.sampled_from([JANE, JOHN])), max_size=40)


def event(offset: int, kind: str, number: int, who: Author) -> Durable:
    match kind:
        case "sent":
            return MessageSent(7, offset, message(offset))
        case "edited":
            return MessageEdited(7, offset, message(number))
        case "deleted":
            return MessageDeleted(7, offset, message(number))
        case "reacted":
            return ReactionAdded(7, offset, number, who, "+1")
        case "unreacted":
            return ReactionRemoved(7, offset, number, who, "+1")
    return MemberJoined(7, offset, who)


def outcome(past: list[Durable]) -> dict[object, object]:
    """What somebody knows in the end who was told these."""
    known: dict[object, object] = {}
    for each in past:
        match each:
            case MessageEdited() | MessageDeleted():
                known["message", each.message.id] = type(each)
            case ReactionAdded() | ReactionRemoved():
                known["reaction", each.message_id, each.user] = type(each)
            case _:
                known["event", each.offset] = each
    return known


@given(STEPS)
def test_the_compacted_past_leads_to_the_same_end_in_order_and_cannot_be_compacted_further(
    steps: list[tuple[str, int, Author]],
) -> None:
    past = [event(offset, *step) for offset, step in enumerate(steps, 1)]
    short = compacted(past)
    assert outcome(short) == outcome(past)  # type: ignore[arg-type]
    assert [each for each in past if each in short] == short
    assert compacted(short) == short
    assert short[-1:] == past[-1:]


@given(STEPS)
def test_events_travel_as_they_are(steps: list[tuple[str, int, Author]]) -> None:
    past = [event(offset, *step) for offset, step in enumerate(steps, 1)]
    wire = msgspec.msgpack.encode(past)
    assert msgspec.msgpack.decode(wire, type=list[Durable]) == past
