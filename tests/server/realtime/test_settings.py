"""What an application switched off is refused on the native socket."""

from chat.actors import Actor
from chat.applications import ApplicationSettings, Credentials
from chat.chat import Chat
from tests.server.realtime.conftest import Connect, Enter

CLOSED = ApplicationSettings(guest_users=False, user_channels=False)


async def test_guests_are_let_in_until_the_application_refuses_them(
    chat: Chat, actor: Actor, application: Credentials, dial: Connect
) -> None:
    hello = {"api_key": application.api_key, "username": "guest"}
    first = await dial()
    assert (await first.do("hello", **hello))["user"]["name"] == "guest"
    await chat.applications.change_settings(actor, CLOSED)
    second = await dial()
    answer = await second.ask("hello", **hello)
    assert (answer["type"], answer["code"]) == ("error", "guests_disabled")


async def test_users_make_no_channels_where_they_may_not(
    chat: Chat, actor: Actor, jane: Actor, john: Actor, enter: Enter
) -> None:
    peer = await enter(jane)
    await peer.do("channel.create", kind="public", name="before")
    await chat.applications.change_settings(actor, CLOSED)
    assert await peer.refused("channel.create", kind="public", name="after") == "forbidden"
    again = await peer.do("channel.create", kind="public", name="before")
    assert again["channel"]["name"] == "before"


async def test_a_moderator_moderates_from_his_socket(
    chat: Chat, actor: Actor, jane: Actor, john: Actor, mallory: Actor, enter: Enter
) -> None:
    owner, member = await enter(jane), await enter(john)
    made = await owner.do("channel.create", kind="public", name="room")
    channel = made["channel"]["id"]
    for who in (john, mallory):
        await chat.members.join(who, channel)
    sent = await owner.do("message.send", channel=channel, client_id="1", text="rude")
    rude = {"channel": channel, "message": sent["message"]["id"]}
    outsider = {"channel": channel, "user": mallory.user_id}
    assert await member.refused("message.delete", **rude) == "forbidden"
    assert await member.refused("member.remove", **outsider) == "forbidden"
    await chat.members.set_role(actor, channel, john.require_user().id, "moderator")
    deleted = await member.do("message.delete", **rude)
    assert deleted["message"]["deleted"] is not None
    await member.do("member.remove", **outsider)
    assert (await owner.told("member.left"))["user"]["name"] == "mallory"
