"""Mentions: of those who exist, the longest name, placed as JavaScript counts."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.channels import Channel
from chat.mentions import MAX_MENTIONS, find_mentions, possible_names
from chat.users import User
from tests.chat.test_links import javascript

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def user(name: str) -> User:
    return User(
        id=1,
        application_id=1,
        name=name,
        display_name=name,
        kind="PERSON",
        guest=False,
        properties={},
        picture=None,
        status="",
        online=False,
        created=NOW,
    )


def channel(name: str) -> Channel:
    return Channel(
        id=1,
        application_id=1,
        kind="PUBLIC",
        name=name,
        display_name=name,
        properties={},
        owner_id=None,
        organization_id=None,
        main_thread_id=1,
        head=0,
        floor=0,
        messages=0,
        members=0,
        created=NOW,
    )


USERS = {name: user(name) for name in ("jane", "jane.doe", "j.d@x.test", "zoë", "a+b", "who?")}
CHANNELS = {name: channel(name) for name in ("lobby", "off-topic", "jane")}


def tags(text: str) -> list[str]:
    return [mention.tag for mention in find_mentions(text, USERS, CHANNELS)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("hi @jane", ["@jane"]),
        ("@jane, @jane.doe and @jane.", ["@jane", "@jane.doe", "@jane"]),
        ("@jane.doe.", ["@jane.doe"]),
        ("@j.d@x.test!", ["@j.d@x.test"]),
        ("(@zoë)", ["@zoë"]),
        ("@a+b", ["@a+b"]),
        ("@jane...", ["@jane"]),
        ("#lobby and #off-topic", ["#lobby", "#off-topic"]),
        ("@jane in #jane", ["@jane", "#jane"]),
        ("@nobody #nowhere @lobby", []),
        ("@janet", []),
        ("mail@jane", []),
        ("https://x.test/?u=@jane and @jane", ["@jane"]),
        ("@@jane &#lobby", []),
        ("@", []),
        ("@.", []),
    ],
)
def test_those_who_exist_are_mentioned(text: str, found: list[str]) -> None:
    assert tags(text) == found


def test_a_mention_names_its_user_or_channel() -> None:
    one, other = find_mentions("👍 @jane #lobby", USERS, CHANNELS)
    assert (one.start, one.end, one.user, one.channel) == (3, 8, USERS["jane"], None)
    assert (other.start, other.end, other.user, other.channel) == (9, 15, None, CHANNELS["lobby"])


def test_names_to_look_up_are_gathered_over_texts() -> None:
    names = possible_names(["@a.", "x #b", "@a", "nothing"])
    assert names.users == {"a", "a."}
    assert names.channels == {"b"}


def test_only_so_many_mentions_of_a_text_are_looked_at() -> None:
    text = " ".join(f"@u{n}" for n in range(1000))
    assert len(possible_names([text]).users) == MAX_MENTIONS
    assert len(tags("http://a.@jane " * 4000 + "@jane " * 60)) == MAX_MENTIONS


@given(
    st.lists(
        st.sampled_from(
            [
                "@jane",
                "#lobby",
                "@zoë",
                "👍",
                "👩‍👩‍👧",
                "é",
                "e\u0301",
                " ",
                ".",
                "a",
                "https://a.test",
            ]
        )
    )
)
def test_every_mention_stands_where_it_says(parts: list[str]) -> None:
    text = "".join(parts)
    for mention in find_mentions(text, USERS, CHANNELS):
        assert javascript(text, mention.start, mention.end) == mention.tag


@given(st.text(alphabet=st.sampled_from("@#a.-_+ é👍\u0301/:")))
def test_what_is_mentioned_had_been_looked_up(text: str) -> None:
    names = possible_names([text])
    everybody = {name: user(name) for name in names.users}
    rooms = {name: channel(name) for name in names.channels}
    for mention in find_mentions(text, everybody, rooms):
        assert javascript(text, mention.start, mention.end) == mention.tag
