"""Nobody hears what he may not: it takes effect on live sockets, on the other node, at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from .peers import Peer, Refused, peer_of
from .people import Backend, Core, Person
from .serving import Serving

SECOND = 1.0


@asynccontextmanager
async def on_different_nodes(
    server: Serving, jane: Person, john: Person
) -> AsyncIterator[tuple[Peer, Peer]]:
    async with (
        peer_of(server.url, jane.token) as here,
        peer_of(server.url, john.token, away_from=here.node) as there,
    ):
        yield here, there


@pytest.mark.parametrize("ban", [False, True], ids=["removed", "banned"])
async def test_who_was_put_out_hears_nothing_more(
    server: Serving,
    backend: Backend,
    core: Core,
    jane: Person,
    john: Person,
    room: int,
    ban: bool,
) -> None:
    elsewhere = await backend.room(jane, john)
    async with (
        on_different_nodes(server, jane, john) as (here, there),
        peer_of(server.url, john.token, node=here.node) as beside,
    ):
        await core.put_out(room, john, ban=ban)
        for ear in (here, there, beside):
            await ear.hears("member.left", SECOND, channel=room, user={"id": john.id})
        await here.send(room, "secret")
        await here.ask("keystrokes", channel=room, keys="sec")
        await here.ask("event", channel=room, name="secret", data={})
        await here.send(elsewhere, "public")
        for ear in (there, beside):
            await ear.hears_text("public")  # what was published before it would be here by now
            assert ear.texts(room) == []
            assert not ear.heard("keystrokes")
            assert not ear.heard("event")
            with pytest.raises(Refused) as refusal:
                await ear.send(room, "let me in")
            assert refusal.value.code == "not_a_member"
        assert here.texts(room) == ["secret"]


async def test_a_banned_user_cannot_come_back_but_a_removed_one_can(
    server: Serving, backend: Backend, core: Core, jane: Person, john: Person
) -> None:
    rooms = [await backend.room(jane, john), await backend.room(jane, john)]
    await core.put_out(rooms[0], john, ban=False)
    await core.put_out(rooms[1], john, ban=True)
    async with peer_of(server.url, john.token, positions=dict.fromkeys(rooms, 0)) as peer:
        assert peer.welcome["channels"] == []
        await peer.ask("channel.join", channel=rooms[0])
        with pytest.raises(Refused):
            await peer.ask("channel.join", channel=rooms[1])
        assert peer.offsets(rooms[1]) == []


async def test_a_blocked_user_is_not_heard_by_who_blocked_him(
    server: Serving, backend: Backend, core: Core, jane: Person, john: Person
) -> None:
    kim = await backend.person("kim")
    room = await backend.room(jane, john, kim)
    async with (
        on_different_nodes(server, jane, john) as (ear, mouth),
        peer_of(server.url, kim.token, node=ear.node) as guard,
    ):
        await mouth.ask("event", channel=room, name="before", data={})
        await ear.hears("event", name="before")
        await core.block(jane, john)
        for attempt in range(1000):
            await mouth.ask("event", channel=room, name=f"try {attempt}", data={})
            await mouth.send(room, f"durable {attempt}")
            await ear.hears_text(f"durable {attempt}")
            if not ear.heard("event", name=f"try {attempt}"):
                break
        await mouth.ask("keystrokes", channel=room, keys="psst")
        await mouth.send(room, "last")
        await ear.hears_text("last")
        await guard.hears("event", name=f"try {attempt}")
        await guard.hears("keystrokes", keys="psst")
        assert attempt < 999
        assert not ear.heard("keystrokes")


async def test_a_revoked_token_closes_the_sockets_that_came_with_it(
    server: Serving, backend: Backend, jane: Person, john: Person, room: int
) -> None:
    other = await backend.call("POST", f"/users/{john.id}/tokens")
    async with (
        on_different_nodes(server, jane, john) as (here, there),
        peer_of(server.url, john.token, node=here.node) as beside,
        peer_of(server.url, other["token"], node=there.node) as spared,
    ):
        await backend.call("DELETE", f"/users/{john.id}/tokens/{john.token_id}")
        assert [await ear.until_closed(SECOND) for ear in (there, beside)] == [4003, 4003]
        assert there.heard("revoked")
        await here.send(room, "still here")
        await spared.hears_text("still here")
        assert there.texts(room) == []
        with pytest.raises(Refused) as refusal:
            async with peer_of(server.url, john.token):
                pass
        assert refusal.value.code == "unauthorized"


async def test_a_deleted_user_is_gone_from_every_node(
    server: Serving, backend: Backend, jane: Person, john: Person, room: int
) -> None:
    async with on_different_nodes(server, jane, john) as (here, there):
        await backend.call("DELETE", f"/users/{john.id}")
        assert await there.until_closed(SECOND) == 4003
        await here.hears("member.left", SECOND, channel=room, user={"id": john.id})
        with pytest.raises(Refused):
            async with peer_of(server.url, john.token):
                pass


async def test_a_deleted_channel_is_told_and_then_silent(
    server: Serving, backend: Backend, jane: Person, john: Person, room: int
) -> None:
    async with on_different_nodes(server, jane, john) as (here, there):
        await backend.call("DELETE", f"/channels/{room}")
        await there.hears("channel.deleted", SECOND, channel=room)
        with pytest.raises(Refused) as refusal:
            await here.send(room, "anybody?")
        assert refusal.value.code == "not_found"
