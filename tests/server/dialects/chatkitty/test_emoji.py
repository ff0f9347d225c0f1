"""Emoji objects."""

import httpx
import pytest

from chat.actors import Actor
from chat.channels import Channel
from chat.chat import Chat
from chat.messages import Draft
from server.dialects.chatkitty.emoji import emoji_properties


def test_an_emoji_has_all_its_names() -> None:
    assert emoji_properties("👍") == {
        "aliases": ["thumbs_up", "thumbsup", "+1"],
        "character": "👍",
        "description": "thumbs up",
        "tags": ["thumbs", "up", "thumbsup"],
    }


@pytest.mark.parametrize("heart", ["❤️", "❤"])
def test_the_sign_for_colours_changes_nothing_but_itself(heart: str) -> None:
    described = emoji_properties(heart)
    assert described["description"] == "red heart"
    assert described["character"] == heart


def test_what_is_no_emoji_is_described_by_its_characters() -> None:
    assert emoji_properties("é")["description"] == "latin small letter e with acute"
    assert emoji_properties(":nothing:")["aliases"] == []
    assert emoji_properties("👩‍👩‍👧")["description"] == "family woman woman girl"


async def test_reactions_show_the_emoji(
    api: httpx.AsyncClient, chat: Chat, jane: Actor, room: Channel
) -> None:
    message = (await chat.messages.send(jane, room.id, Draft(text="x"))).message
    await chat.messages.react(jane, room.id, message.id, "🎉")
    [reaction] = (await api.get(f"/messages/{message.id}")).json()["reactions"]
    assert reaction["emoji"]["aliases"][0] == "party_popper"
    assert (reaction["count"], reaction["users"][0]["name"]) == (1, "jane")
