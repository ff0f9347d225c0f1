"""Restarts that are asked for: nodes drain, clients go on elsewhere, presence does not flap."""

import asyncio
import signal
from pathlib import Path

from .peers import peer_of
from .people import Backend, Person, backend_of
from .serving import Serving, serving, signalled
from .talkers import conversation
from .test_presence import presence_of


async def test_one_node_after_the_other_is_replaced_during_a_conversation(
    server: Serving, backend: Backend, jane: Person, john: Person
) -> None:
    kim = await backend.person("kim")
    room = await backend.room(jane, john, kim)
    async with conversation(server, jane, john, room) as talking:
        await talking.goes_on()
        async with peer_of(server.url, kim.token, node=talking.jane.chat.node) as ear:
            async with signalled(server, talking.john.chat.node, signal.SIGTERM):
                await talking.goes_on()
            assert presence_of(ear, john) == []
            async with signalled(server, ear.node, signal.SIGTERM):
                assert (await ear.hears("drain"))["reconnect_after"] <= 1.0
                assert await ear.until_closed() == 1012
            position = ear.offsets(room)[-1]
        async with peer_of(server.url, kim.token, positions={room: position}) as back:
            await talking.goes_on()
            history = await talking.ends()
            await back.until(lambda _: history[-1].offset in back.offsets(room)[-1:])
            assert presence_of(back, jane) == presence_of(back, john) == []
    head = back.welcome["channels"][0]["head"]
    assert back.offsets(room) == list(range(position + 1, history[-1].offset + 1))
    assert position <= head


async def test_a_hangup_rolls_through_all_nodes_during_a_conversation(
    server: Serving, backend: Backend, jane: Person, john: Person, room: int
) -> None:
    async with conversation(server, jane, john, room) as talking:
        before = {talking.jane.chat.node, talking.john.chat.node}
        known = len(server.lines)
        server.signal(signal.SIGHUP)
        await server.said("rolling restart done", after=known)
        await talking.goes_on()
        assert before.isdisjoint({talking.jane.chat.node, talking.john.chat.node})
        await talking.ends()


async def test_told_to_stop_the_server_sends_everybody_away_and_exits_with_0(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path / "data", "--workers", "2", drain_seconds=1) as server:
        async with backend_of(server) as backend:
            jane = await backend.person("jane")
            room = await backend.room(jane)
        async with (
            peer_of(server.url, jane.token) as here,
            peer_of(server.url, jane.token, away_from=here.node) as there,
        ):
            sent = await here.send(room, "before")
            server.signal(signal.SIGTERM)
            for peer in (here, there):
                assert (await peer.hears("drain"))["reconnect_after"] <= 1.0
            assert await asyncio.gather(here.until_closed(), there.until_closed()) == [1012, 1012]
            await there.hears("message.created", offset=sent["offset"])
        assert await server.ended() == 0
        assert [line for line in server.text.splitlines() if "Traceback" in line] == []
