"""Presence tells the truth, on every node, and so does typing."""

from .peers import Peer, peer_of
from .people import Backend, Person
from .serving import Serving, signalled


def presence_of(ear: Peer, person: Person) -> list[bool]:
    """What was told of somebody's presence, in order."""
    return [
        push["online"]
        for push in ear.pushes
        if push["type"] == "presence" and push["user"]["id"] == person.id
    ]


async def test_coming_and_going_is_told_on_the_other_node(
    server: Serving, backend: Backend, jane: Person, john: Person, room: int
) -> None:
    async with peer_of(server.url, jane.token) as ear:
        assert not await backend.is_online(john)
        async with peer_of(server.url, john.token, away_from=ear.node):
            await ear.hears("presence", channel=room, user={"id": john.id}, online=True)
            assert await backend.is_online(john)
        await ear.hears("presence", channel=room, user={"id": john.id}, online=False)
        assert not await backend.is_online(john)
        assert await backend.is_online(jane)


async def test_a_quick_return_is_not_told_not_even_to_another_node(
    server: Serving, backend: Backend, jane: Person, john: Person, room: int
) -> None:
    async with peer_of(server.url, jane.token) as ear:
        for _ in range(3):
            async with peer_of(server.url, john.token) as peer:
                await peer.ask("ping")
            async with peer_of(server.url, john.token, away_from=peer.node) as peer:
                await peer.ask("ping")
        await ear.hears("presence", channel=room, user={"id": john.id}, online=False)
        assert presence_of(ear, john) == [True, False]


async def test_one_socket_of_several_going_is_not_told(
    server: Serving, backend: Backend, jane: Person, john: Person, room: int
) -> None:
    kim = await backend.person("kim")
    await backend.call("POST", f"/channels/{room}/members", {"id": kim.id})
    async with (
        peer_of(server.url, jane.token) as ear,
        peer_of(server.url, john.token, away_from=ear.node),
    ):
        async with peer_of(server.url, john.token), peer_of(server.url, kim.token):
            await ear.hears("presence", user={"id": kim.id}, online=True)
        # Both went in the same moment: when the one is told, the other has been decided.
        await ear.hears("presence", user={"id": kim.id}, online=False)
        assert presence_of(ear, john) == [True]
        assert await backend.is_online(john)


async def test_typing_starts_and_stops_on_the_other_node(
    server: Serving, jane: Person, john: Person, room: int
) -> None:
    async with peer_of(server.url, jane.token) as ear:
        async with peer_of(server.url, john.token, away_from=ear.node) as typist:
            await typist.ask("keystrokes", channel=room, keys="h")
            await typist.ask("keystrokes", channel=room, keys="he")
            await ear.hears("keystrokes", keys="he", user={"id": john.id})
            await typist.ask("keystrokes", channel=room, keys="")
            await ear.hears("typing.stopped", user={"id": john.id})
            await typist.ask("keystrokes", channel=room, keys="he")
            await typist.send(room, "hello")
            await ear.hears_text("hello")
            await typist.ask("keystrokes", channel=room, keys="bye")
            await ear.hears("keystrokes", keys="bye")
        await ear.until(lambda _: len(typing_of(ear)) == 6)
    assert typing_of(ear) == ["typing.started", "typing.stopped"] * 3


def typing_of(ear: Peer) -> list[str]:
    return [push["type"] for push in ear.pushes if push["type"].startswith("typing.")]


async def test_typing_is_scoped_by_what_is_on_screen(
    server: Serving, backend: Backend, jane: Person, john: Person, room: int
) -> None:
    other = await backend.room(jane, john)
    async with (
        peer_of(server.url, jane.token) as ear,
        peer_of(server.url, john.token, away_from=ear.node) as typist,
    ):
        await ear.ask("view", channels=[other])
        await typist.ask("keystrokes", channel=room, keys="unseen")
        await typist.ask("keystrokes", channel=other, keys="seen")
        await ear.hears("keystrokes", keys="seen")
        assert not ear.heard("keystrokes", keys="unseen")
        assert not ear.heard("typing.started", channel=room)


async def test_a_killed_node_leaves_no_ghost_after_15_seconds(
    server: Serving, backend: Backend, jane: Person, john: Person
) -> None:
    kim = await backend.person("kim")
    room = await backend.room(jane, john, kim)
    async with (
        peer_of(server.url, jane.token) as ear,
        peer_of(server.url, john.token, away_from=ear.node) as ghost,
        peer_of(server.url, kim.token, node=ghost.node),
        peer_of(server.url, kim.token, node=ear.node),
    ):
        async with signalled(server, ghost.node):
            assert await ghost.until_closed() == 1006
            await ear.hears("presence", 15.0, channel=room, user={"id": john.id}, online=False)
        assert not await backend.is_online(john)
        assert await backend.is_online(kim)
        assert presence_of(ear, kim)[-1:] == [True]
        sessions = await backend.call("GET", "/user-sessions?state=ACTIVE&size=100")
        users = [session["user"]["id"] for session in sessions["_embedded"]["sessions"]]
        assert john.id not in users
        assert users.count(kim.id) == 1
