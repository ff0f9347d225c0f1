"""JSON Merge Patch, by the examples of RFC 7396, and patches that meet."""

import asyncio
from typing import Any

import pytest

from chat.actors import Actor
from chat.channels import Channel, ChannelChanges, NewChannel
from chat.chat import Chat
from chat.errors import Invalid
from chat.merge import merge
from chat.messages import Draft
from chat.users import UserChanges


@pytest.fixture
async def room(chat: Chat, jane: Actor) -> Channel:
    return await chat.channels.create(jane, NewChannel(kind="PRIVATE"))


@pytest.mark.parametrize(
    ("stored", "patch", "merged"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_examples_of_the_norm(stored: Any, patch: Any, merged: Any) -> None:
    assert merge(stored, patch) == merged


EXPECTED = {str(n): n for n in range(12)}


async def test_patches_of_a_user_at_the_same_time_lose_nothing(chat: Chat, jane: Actor) -> None:
    user = jane.require_user()
    await asyncio.gather(
        *(
            chat.users.update(jane, user.id, UserChanges(merge={key: value}))
            for key, value in EXPECTED.items()
        )
    )
    assert (await chat.users.get(jane, user.id)).properties == EXPECTED


async def test_patches_of_a_channel_at_the_same_time_lose_nothing(
    chat: Chat, jane: Actor, room: Channel
) -> None:
    await asyncio.gather(
        *(
            chat.channels.update(jane, room.id, ChannelChanges(merge={key: value}))
            for key, value in EXPECTED.items()
        )
    )
    assert (await chat.channels.get(jane, room.id)).properties == EXPECTED


async def test_patches_of_a_message_at_the_same_time_lose_nothing(
    chat: Chat, jane: Actor, room: Channel
) -> None:
    sent = (await chat.messages.send(jane, room.id, Draft(text="x"))).message
    await asyncio.gather(
        *(
            chat.messages.edit(jane, room.id, sent.id, merge={key: value})
            for key, value in EXPECTED.items()
        )
    )
    assert (await chat.messages.get(jane, sent.id)).properties == EXPECTED


async def test_a_patch_cannot_make_properties_larger_than_they_may_be(
    chat: Chat, jane: Actor
) -> None:
    user = jane.require_user()
    await chat.users.update(jane, user.id, UserChanges(merge={"a": "x" * 40_000}))
    with pytest.raises(Invalid):
        await chat.users.update(jane, user.id, UserChanges(merge={"b": "x" * 40_000}))
    assert set((await chat.users.get(jane, user.id)).properties) == {"a"}
