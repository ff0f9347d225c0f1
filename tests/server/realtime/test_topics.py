"""Topic: whatever comes in whatever order, each event is told once, in order, without holes."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chat.events import ChannelDeleted, DurableEvent
from protocol.errors import CloseCode
from server.realtime.client import Client
from server.realtime.topics import MOST_PENDING, Topic
from server.realtime.wire import WIRES

HEAD = 5


class Nowhere:
    """An outlet that leads nowhere: positions are the matter here."""

    def later(self, client: Client) -> None: ...
    def write(self, data: bytes) -> int:
        return 0

    def close(self, code: CloseCode, reason: str) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


def event(offset: int) -> DurableEvent:
    return ChannelDeleted(1, offset)


def events(first: int, last: int) -> list[DurableEvent]:
    return [event(offset) for offset in range(first, last + 1)]


def client() -> Client:
    return Client(Nowhere(), WIRES[0], most_bytes=1)


class Telling(RuleBasedStateMachine):
    """Events are committed, then arrive, late, twice or never; now and then the rest is read."""

    @initialize(head=st.integers(0, 3))
    def start(self, head: int) -> None:
        self.topic = Topic(1)
        self.committed = head
        self.told: list[int] = []
        self.begun_at: int | None = None

    @rule(count=st.integers(1, 4))
    def commit(self, count: int) -> None:
        self.committed += count

    @rule(data=st.data())
    def arrive(self, data: st.DataObject) -> None:
        if self.committed:
            self.tell(self.topic.accept(event(data.draw(st.integers(1, self.committed)))))

    @rule(behind=st.integers(0, 2))
    def open(self, behind: int) -> None:
        """The head was read when it was so much lower than it is now."""
        if self.begun_at is None:
            self.begun_at = max(0, self.committed - behind)
            self.tell(self.topic.begin(self.begun_at))

    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        """A page that was asked for at some time; meanwhile more may have been told."""
        if self.topic.told is not None and self.begun_at is not None:
            after = data.draw(st.integers(self.begun_at, self.topic.told))
            self.tell(self.topic.accept_read(events(after + 1, self.committed)))

    def tell(self, told: object) -> None:
        assert isinstance(told, list | tuple)
        self.told += [each.offset for each in told]

    @invariant()
    def each_is_told_once_in_order_without_holes(self) -> None:
        start = self.begun_at or 0
        assert self.told == list(range(start + 1, start + 1 + len(self.told)))
        if self.begun_at is None:
            assert self.told == []
            return
        assert self.topic.told == start + len(self.told)
        assert all(offset > self.topic.told + 1 for offset in self.topic.pending)

    def teardown(self) -> None:
        if hasattr(self, "topic"):
            self.open(0)
            assert self.topic.told is not None
            self.tell(self.topic.accept_read(events(self.topic.told + 1, self.committed)))
            self.each_is_told_once_in_order_without_holes()
            assert (self.topic.told, self.topic.pending) == (self.committed, {})


TestTelling = Telling.TestCase


def test_what_comes_before_the_topic_is_open_waits_for_its_head() -> None:
    topic = Topic(1)
    for offset in (6, 4, 5, 7):
        assert topic.accept(event(offset)) == ()
    assert topic.begin(5) == events(6, 7)
    assert not topic.pending


def test_no_more_than_so_many_wait_behind_a_hole_and_a_read_brings_the_rest() -> None:
    topic = Topic(1)
    topic.begin(0)
    for offset in range(2, MOST_PENDING + 50):
        assert not topic.accept(event(offset))
    assert len(topic.pending) == MOST_PENDING
    assert topic.accept(event(1)) == (*events(1, MOST_PENDING + 1),)
    assert topic.told == MOST_PENDING + 1
    assert topic.accept_read(events(MOST_PENDING, MOST_PENDING + 49)) == events(
        MOST_PENDING + 2, MOST_PENDING + 49
    )


def test_only_who_is_level_or_ahead_joins() -> None:
    topic, behind, level, ahead = Topic(1), client(), client(), client()
    assert not topic.join(level, 0)
    topic.begin(HEAD)
    assert not topic.join(behind, HEAD - 1)
    assert topic.join(level, HEAD)
    assert topic.join(ahead, HEAD + 2)
    assert (topic.live, set(topic.listeners())) == ({level}, {level, ahead})
    topic.reached(HEAD + 1)
    assert topic.live == {level}
    topic.reached(HEAD + 2)
    assert (topic.live, topic.ahead) == ({level, ahead}, {})
    for one in (level, ahead, behind):
        topic.part(one)
    assert not topic.listeners()


@given(st.lists(st.integers(0, 10), min_size=1, max_size=20))
def test_who_is_ahead_becomes_level_exactly_where_he_was(positions: list[int]) -> None:
    topic = Topic(1)
    topic.begin(0)
    waiting = {client(): position for position in positions}
    for one, position in waiting.items():
        assert topic.join(one, position)
    for offset in range(1, 11):
        assert topic.live == {one for one, position in waiting.items() if position < offset}
        topic.accept(event(offset))
        topic.reached(offset)
