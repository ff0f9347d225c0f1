"""Users: names, guests, tokens, blocks, and what stays of who was deleted."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chat.actors import Actor
from chat.applications import Credentials
from chat.channels import NewChannel
from chat.chat import Chat
from chat.errors import (
    Conflict,
    Forbidden,
    GuestsDisabled,
    Invalid,
    NotFound,
    Unauthorized,
)
from chat.events import MemberLeft, TokenRevoked, UserChanged
from chat.messages import Draft
from chat.pages import PageRequest
from chat.users import NewUser, UserChanges
from tests.conftest import RecordingBroker


def id_of(person: Actor) -> int:
    return person.require_user().id


async def test_a_name_is_taken_once_per_application(chat: Chat, actor: Actor, jane: Actor) -> None:
    with pytest.raises(Conflict):
        await chat.users.create(actor, NewUser(name="jane", display_name="J"))
    other = await chat.applications.create(f"other-{secrets.token_hex(8)}")
    elsewhere = Actor(application_id=other.application_id)
    assert await chat.users.create(elsewhere, NewUser(name="jane", display_name="J"))
    with pytest.raises(NotFound):
        await chat.users.get(elsewhere, id_of(jane))


@pytest.mark.parametrize("name", ["", "  ", "x" * 256, "\x00", "\ud800"])
async def test_a_bad_name_is_refused(chat: Chat, actor: Actor, name: str) -> None:
    for new in (NewUser(name=name, display_name="x"), NewUser(name="x", display_name=name)):
        with pytest.raises(Invalid):
            await chat.users.create(actor, new)


async def test_users_change_themselves_and_the_application_anybody(
    chat: Chat, actor: Actor, jane: Actor, john: Actor, broker: RecordingBroker
) -> None:
    for who in (jane, actor):
        changed = await chat.users.update(who, id_of(jane), UserChanges(display_name="J"))
        assert changed.display_name == "J"
    with pytest.raises(Forbidden):
        await chat.users.update(john, id_of(jane), UserChanges(display_name="X"))
    assert len(broker.of(UserChanged)) == 2
    with pytest.raises(Invalid):
        await chat.users.update(jane, id_of(jane), UserChanges(status="x" * 256))
    with pytest.raises(Invalid):
        await chat.users.update(jane, id_of(jane), UserChanges(properties={"a": "\x00"}))


async def test_a_deleted_user_is_out_of_everything_and_his_name_is_free(
    chat: Chat, actor: Actor, jane: Actor, john: Actor, broker: RecordingBroker
) -> None:
    room = await chat.channels.create(jane, NewChannel(kind="PRIVATE", members=[id_of(john)]))
    gone = await chat.channels.create(jane, NewChannel(kind="PRIVATE", members=[id_of(john)]))
    await chat.channels.delete(jane, gone.id)
    await chat.messages.send(john, room.id, Draft(text="still here"))
    token = await chat.users.create_token(actor, id_of(john), now=datetime.now(UTC))
    with pytest.raises(Forbidden):
        await chat.users.delete(jane, id_of(john))
    await chat.users.delete(actor, id_of(john))
    assert [event.channel_id for event in broker.of(MemberLeft)] == [room.id]
    assert broker.of(TokenRevoked) == [TokenRevoked(id_of(john), None)]
    with pytest.raises(Unauthorized):
        await chat.users.authenticate(token.token)
    with pytest.raises(NotFound):
        await chat.users.get(actor, id_of(john))
    [message] = await chat.messages.history(jane, room.id)
    assert message.sender is not None
    assert message.sender.name == "john"
    again = await chat.users.create(actor, NewUser(name="john", display_name="J"))
    assert again.id != id_of(john)


async def test_the_same_guest_arriving_twice_at_once_is_one_guest(
    chat: Chat, application: Credentials
) -> None:
    guests = await asyncio.gather(
        *(chat.users.admit_guest(application.api_key, "visitor") for _ in range(8))
    )
    assert len({id_of(guest) for guest in guests}) == 1


async def test_tokens_open_until_they_expire_or_are_revoked(
    chat: Chat, actor: Actor, jane: Actor, john: Actor, broker: RecordingBroker
) -> None:
    now = datetime.now(UTC)
    lasting = await chat.users.create_token(actor, id_of(jane), name="laptop", now=now)
    expired = await chat.users.create_token(
        actor, id_of(jane), expires_in=60, now=now - timedelta(minutes=2)
    )
    assert id_of(await chat.users.authenticate(lasting.token)) == id_of(jane)
    with pytest.raises(Unauthorized):
        await chat.users.authenticate(expired.token)
    listed = await chat.users.list_tokens(actor, id_of(jane))
    assert [(token.id, token.name) for token in listed] == [
        (lasting.id, "laptop"),
        (expired.id, None),
    ]
    with pytest.raises(NotFound):
        await chat.users.revoke_token(actor, id_of(john), lasting.id)
    await chat.users.revoke_token(actor, id_of(jane), lasting.id)
    assert broker.of(TokenRevoked) == [TokenRevoked(id_of(jane), lasting.id)]
    with pytest.raises(Unauthorized):
        await chat.users.authenticate(lasting.token)
    for seconds in (0, -1, 2**40):
        with pytest.raises(Invalid):
            await chat.users.create_token(actor, id_of(jane), expires_in=seconds, now=now)
    with pytest.raises(Invalid):
        await chat.users.create_token(actor, id_of(jane), name="", now=now)


@pytest.mark.parametrize("token", ["", "x", "\x00", "\udcff"])
async def test_no_other_text_is_a_token(chat: Chat, token: str) -> None:
    with pytest.raises(Unauthorized):
        await chat.users.authenticate(token)
    with pytest.raises(Unauthorized):
        await chat.applications.authenticate(token)


async def test_blocks_are_kept_per_user(
    chat: Chat, actor: Actor, jane: Actor, john: Actor, mallory: Actor
) -> None:
    with pytest.raises(Invalid):
        await chat.users.block(jane, id_of(jane))
    for _ in range(2):
        await chat.users.block(jane, id_of(john))
    assert await chat.users.blocked_by(jane) == {id_of(john)}
    assert await chat.users.blocked_by(john) == frozenset()
    await chat.users.unblock(jane, id_of(john))
    assert await chat.users.blocked_by(jane) == frozenset()
    with pytest.raises(Forbidden):
        await chat.users.block(actor, id_of(john))


async def test_users_are_listed_and_found_by_parts_of_their_names(
    chat: Chat, actor: Actor, jane: Actor, john: Actor
) -> None:
    page = await chat.users.page(actor, PageRequest(sort=(("name", True),)))
    assert [user.name for user in page.items] == ["john", "jane"]
    assert (await chat.users.page(actor, PageRequest(), name="an")).total == 1
    assert (await chat.users.page(actor, PageRequest(), name="%")).total == 0
    with pytest.raises(Invalid):
        await chat.users.page(actor, PageRequest(sort=(("status", True),)))


async def test_guests_come_in_where_they_are_admitted_and_under_no_other_name(
    chat: Chat, application: Credentials, jane: Actor, connection: Any
) -> None:
    guest = await chat.users.admit_guest(application.api_key, "visitor")
    assert guest.require_user().guest
    for key, name in ((application.api_key, "jane"), ("no such key", "visitor")):
        with pytest.raises(Unauthorized):
            await chat.users.admit_guest(key, name)
    with pytest.raises(Invalid):
        await chat.users.admit_guest(application.api_key, "\x00")
    await connection.execute(
        "UPDATE applications SET guest_users = false WHERE id = $1", application.application_id
    )
    with pytest.raises(GuestsDisabled):
        await chat.users.admit_guest(application.api_key, "visitor")


async def test_users_are_found_by_name_by_id_and_by_what_is_known_of_them(
    chat: Chat, actor: Actor, jane: Actor, john: Actor
) -> None:
    assert await chat.users.find(actor, "jane") == jane.user
    assert await chat.users.find(actor, "nobody") is None
    found = await chat.users.get_many(actor, [id_of(jane), id_of(john), 2**50])
    assert found == {id_of(jane): jane.user, id_of(john): john.user}
    await chat.users.update(actor, id_of(john), UserChanges(properties={"team": {"id": 7}}))
    page = await chat.users.page(actor, PageRequest(), properties={"team": {"id": 7}})
    assert [user.name for user in page.items] == ["john"]
    with pytest.raises(Invalid):
        await chat.users.page(actor, PageRequest(), properties={"a": "\x00"})
