"""Durable, once, in one order, and without a cliff: on two nodes at once."""

import asyncio
import itertools

from .peers import Peer, peer_of
from .people import Backend, Person
from .serving import Serving


async def test_a_resend_to_another_node_is_answered_with_the_first(
    server: Serving, jane: Person, john: Person, room: int
) -> None:
    async with (
        peer_of(server.url, john.token) as ear,
        peer_of(server.url, jane.token) as here,
        peer_of(server.url, jane.token, away_from=here.node) as there,
    ):
        first = await here.ask("message.send", channel=room, client_id="once", text="first")
        again = await there.ask("message.send", channel=room, client_id="once", text="other")
        await here.send(room, "last")
        await ear.hears_text("last")
    assert (first["duplicate"], again["duplicate"]) == (False, True)
    assert again["message"] == first["message"]
    assert ear.texts(room) == ["first", "last"]


async def test_a_message_is_in_history_when_it_is_acknowledged(
    server: Serving, jane: Person, john: Person, room: int
) -> None:
    async with (
        peer_of(server.url, jane.token) as speaker,
        peer_of(server.url, john.token, away_from=speaker.node) as reader,
    ):
        for n in range(20):
            sent = await speaker.send(room, f"text {n}")
            found = await reader.ask("history", channel=room, limit=1)
            assert found["messages"] == [sent]


async def test_everybody_on_every_node_hears_the_same_dense_order(
    server: Serving, backend: Backend
) -> None:
    people = [await backend.person(f"speaker{n}") for n in range(6)]
    room = await backend.room(*people)
    async with (
        peer_of(server.url, people[0].token) as first,
        peer_of(server.url, people[1].token, away_from=first.node) as second,
        peer_of(server.url, people[2].token, node=first.node) as third,
        peer_of(server.url, people[3].token, node=second.node) as fourth,
        peer_of(server.url, people[4].token, node=first.node) as fifth,
        peer_of(server.url, people[5].token, node=second.node) as sixth,
    ):
        peers = [first, second, third, fourth, fifth, sixth]
        head = first.welcome["channels"][0]["head"]
        answers = [await _burst(peer, room, 100, str(n)) for n, peer in enumerate(peers)]
        acknowledged = [(await answer)["result"]["message"] for answer in itertools.chain(*answers)]
        for peer in peers:
            await peer.until(lambda _, peer=peer: len(peer.texts(room)) >= 600)
        expected = list(range(head + 1, head + 601))
        assert [peer.offsets(room) for peer in peers] == [expected] * 6
        by_offset = sorted(acknowledged, key=lambda message: message["offset"])
        assert first.texts(room) == [message["text"] for message in by_offset]


async def _burst(
    peer: Peer, room: int, count: int, name: str
) -> "list[asyncio.Future[dict[str, object]]]":
    return [
        await peer.tell("message.send", channel=room, client_id=f"{name}-{n}", text=f"{name}-{n}")
        for n in range(count)
    ]


async def test_a_long_absence_is_made_up_for_while_others_go_on_talking(
    server: Serving, jane: Person, john: Person, room: int
) -> None:
    async with peer_of(server.url, jane.token) as leaving:
        position = leaving.welcome["channels"][0]["head"]
    async with peer_of(server.url, john.token) as speaker:
        missed = await _talk(speaker, room, 2500)
        live = asyncio.create_task(_talk(speaker, room, 400, name="live"))
        async with peer_of(
            server.url, jane.token, positions={room: position}, away_from=speaker.node
        ) as back:
            await live
            last = await speaker.send(room, "goodbye")
            await back.until(lambda _: last["offset"] in back.offsets(room)[-1:])
            offsets = back.offsets(room)
            created = [p for p in back.pushes if p["type"] == "message.created"]
            told = {push["message"]["id"]: push["message"] for push in created}
            await back.hears("heads")
            history = await back.ask("history", channel=room, limit=1, before=missed + 1)
    assert offsets == sorted(set(offsets))
    assert len(created) == len(told) == 2500 + 400 + 1
    texts = [push["message"]["text"] for push in created]
    assert texts[:2500] == [f"away {n}" if n % 50 else f"away {n}, edited" for n in range(2500)]
    assert texts[2500:] == [*(f"live {n}" for n in range(400)), "goodbye"]
    # Each message comes as it is now; what an edit or a reaction added is told where it happened.
    assert sum(1 for p in back.pushes if p["type"] == "message.updated") == 50
    assert sum(1 for p in back.pushes if p["type"] == "reaction.added") == 50
    assert history["messages"][0]["text"] == "away 2499"


async def _talk(speaker: Peer, room: int, count: int, name: str = "away") -> int:
    """Speak, and every fifty messages edit one and give it a reaction; the last offset."""
    last = 0
    for begin in range(0, count, 50):
        answers = [
            await speaker.tell(
                "message.send", channel=room, client_id=f"{name} {n}", text=f"{name} {n}"
            )
            for n in range(begin, begin + 50)
        ]
        sent = [(await answer)["result"]["message"] for answer in answers]
        last = sent[-1]["offset"]
        if name == "away":
            about = {"channel": room, "message": sent[0]["id"]}
            await speaker.ask("message.edit", **about, text=f"{sent[0]['text']}, edited")
            await speaker.ask("reaction.add", **about, emoji="👍")
    return last


async def test_from_position_0_everything_comes(server: Serving, jane: Person, room: int) -> None:
    async with peer_of(server.url, jane.token) as speaker:
        sent = await speaker.send(room, "hello")
        async with peer_of(
            server.url, jane.token, positions={room: 0}, away_from=speaker.node
        ) as newcomer:
            await newcomer.hears("heads")
    assert newcomer.offsets(room) == list(range(1, sent["offset"] + 1))
    assert [push["type"] for push in newcomer.pushes] == [
        "channel.created",
        "message.created",
        "heads",
    ]


async def test_a_position_from_the_future_is_reset_and_goes_on_live(
    server: Serving, jane: Person, room: int
) -> None:
    async with (
        peer_of(server.url, jane.token) as speaker,
        peer_of(server.url, jane.token, positions={room: 10**9}, away_from=speaker.node) as dreamer,
    ):
        head = speaker.welcome["channels"][0]["head"]
        assert await dreamer.hears("reset", channel=room, offset=head)
        await dreamer.hears("heads", heads={str(room): head})
        await speaker.send(room, "now")
        assert (await dreamer.hears_text("now"))["offset"] == head + 1
        assert dreamer.offsets(room) == [head + 1]
