"""Back ends over REST and sockets meet in the same rooms."""

from .peers import peer_of
from .people import Backend, Person
from .serving import Serving


async def test_what_a_back_end_sends_arrives_on_the_sockets_of_every_node(
    server: Serving, backend: Backend, jane: Person, john: Person, room: int
) -> None:
    body = {"type": "TEXT", "body": "from the back end", "user": {"id": jane.id}}
    async with (
        peer_of(server.url, jane.token) as here,
        peer_of(server.url, john.token, away_from=here.node) as there,
    ):
        sent = await backend.call("POST", f"/channels/{room}/messages", body)
        for ear in (here, there):
            push = await ear.hears_text("from the back end")
            assert push["message"]["id"] == sent["id"]
            assert push["message"]["user"]["id"] == jane.id
        system = {"type": "TEXT", "body": "from nobody"}
        await backend.call("POST", f"/channels/{room}/messages", system)
        assert (await there.hears_text("from nobody"))["message"].get("user") is None


async def test_a_request_repeated_with_its_idempotency_key_sends_once(
    server: Serving, backend: Backend, jane: Person, room: int
) -> None:
    path, body = f"/channels/{room}/messages", {"type": "TEXT", "body": "once"}
    async with peer_of(server.url, jane.token) as ear:
        first = await backend.call("POST", path, body, **{"idempotency-key": "k1"})
        again = await backend.call("POST", path, body, **{"idempotency-key": "k1"})
        await ear.send(room, "last")
        await ear.hears_text("last")
    assert first["id"] == again["id"]
    assert ear.texts(room) == ["once", "last"]


async def test_what_passes_by_is_told_to_every_node(
    server: Serving, backend: Backend, jane: Person, john: Person, room: int
) -> None:
    async with (
        peer_of(server.url, jane.token) as here,
        peer_of(server.url, jane.token, away_from=here.node) as there,
    ):
        event = {"type": "game.started", "properties": {"level": 3}}
        await backend.call("POST", f"/channels/{room}/events", event)
        keys = {"keys": "hel", "user": {"id": john.id}}
        await backend.call("POST", f"/channels/{room}/keystrokes", keys)
        for ear in (here, there):
            await ear.hears("event", channel=room, name="game.started", data={"level": 3})
            await ear.hears("keystrokes", channel=room, keys="hel", user={"id": john.id})


async def test_who_is_added_over_rest_is_told_and_hears_from_then_on(
    server: Serving, backend: Backend, jane: Person, room: int
) -> None:
    kim = await backend.person("kim")
    async with (
        peer_of(server.url, kim.token) as here,
        peer_of(server.url, kim.token, away_from=here.node) as there,
        peer_of(server.url, jane.token) as speaker,
    ):
        await speaker.send(room, "before")
        await backend.call("POST", f"/channels/{room}/members", {"id": kim.id})
        joined = await speaker.hears("member.joined", channel=room, user={"id": kim.id})
        await speaker.send(room, "after")
        for ear in (here, there):
            created = await ear.hears("channel.created", channel=room)
            assert created["offset"] == joined["offset"]
            assert created["details"]["joined"]
            await ear.hears_text("after")
            assert ear.offsets(room) == [joined["offset"], joined["offset"] + 1]
