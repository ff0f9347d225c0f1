"""Settings of applications change what users may do."""

import pytest

from chat.actors import Actor
from chat.applications import ApplicationSettings, Credentials
from chat.channels import NewChannel
from chat.chat import Chat
from chat.errors import Forbidden, GuestsDisabled

CLOSED = ApplicationSettings(guest_users=False, user_channels=False)
OPEN = ApplicationSettings(guest_users=True, user_channels=True)


async def test_guests_come_only_where_they_are_admitted(
    chat: Chat, actor: Actor, application: Credentials
) -> None:
    await chat.applications.change_settings(actor, CLOSED)
    with pytest.raises(GuestsDisabled):
        await chat.users.admit_guest(application.api_key, "guest")
    await chat.applications.change_settings(actor, OPEN)
    guest = await chat.users.admit_guest(application.api_key, "guest")
    await chat.applications.change_settings(actor, CLOSED)
    with pytest.raises(GuestsDisabled):
        await chat.users.admit_guest(application.api_key, guest.require_user().name)


async def test_users_make_channels_only_where_they_may(
    chat: Chat, actor: Actor, jane: Actor, john: Actor
) -> None:
    kept = await chat.channels.create(jane, NewChannel(kind="PUBLIC", name="kept"))
    await chat.applications.change_settings(actor, CLOSED)
    direct = NewChannel(kind="DIRECT", members=[john.require_user().id])
    for new in (NewChannel(kind="PUBLIC", name="new"), NewChannel(kind="PRIVATE"), direct):
        with pytest.raises(Forbidden):
            await chat.channels.create(jane, new)
    equal = await chat.channels.create(jane, NewChannel(kind="PUBLIC", name="kept"))
    assert equal.id == kept.id
    made = await chat.channels.create(actor, NewChannel(kind="PUBLIC", name="new"))
    assert made.name == "new"


async def test_only_the_application_changes_its_settings(
    chat: Chat, actor: Actor, jane: Actor
) -> None:
    with pytest.raises(Forbidden):
        await chat.applications.change_settings(jane, CLOSED)
    changed = await chat.applications.change_settings(actor, CLOSED)
    assert (changed.guest_users, changed.user_channels) == (False, False)
    assert await chat.applications.get(actor) == changed
