"""Every command over a real socket: what it answers, whom it tells, and whom it does not."""

from chat.actors import Actor
from chat.channels import Channel
from chat.chat import Chat
from tests.server.realtime.conftest import Enter

NOBODY = 2**53 - 1


def id_of(person: Actor) -> int:
    return person.require_user().id


async def test_hello_tells_who_one_is_and_what_there_is(
    enter: Enter, chat: Chat, jane: Actor, room: Channel
) -> None:
    peer = await enter(jane)
    assert peer.user["name"] == "jane"
    assert peer.user["online"] is True
    again = await peer.ask("hello", token="x")
    assert (again["code"], again["message"]) == ("invalid", "hello was said already.")


async def test_ping_answers_the_heads_of_ones_channels(
    enter: Enter, jane: Actor, mallory: Actor, room: Channel
) -> None:
    inside, outside = await enter(jane), await enter(mallory)
    assert await inside.do("ping") == {"heads": {str(room.id): room.head}}
    assert await outside.do("ping") == {"heads": {}}


async def test_a_message_is_told_to_members_and_to_nobody_else(
    enter: Enter, jane: Actor, john: Actor, mallory: Actor, room: Channel
) -> None:
    sender, reader, outsider = await enter(jane), await enter(john), await enter(mallory)
    await sender.heard()
    result = await sender.do("message.send", channel=room.id, client_id="a", text="hi")
    message = result["message"]
    assert result["duplicate"] is False
    assert (message["text"], message["user"]["name"], message["client_id"]) == ("hi", "jane", "a")
    for peer in (sender, reader):
        push = await peer.told("message.created")
        assert push["message"] == message
        assert (push["channel"], push["offset"]) == (room.id, message["offset"])
    assert await outsider.heard() == []


async def test_a_resend_is_answered_as_a_duplicate_and_tells_nobody(
    enter: Enter, jane: Actor, john: Actor, room: Channel
) -> None:
    sender, reader = await enter(jane), await enter(john)
    first = await sender.do("message.send", channel=room.id, client_id="a", text="hi")
    again = await sender.do("message.send", channel=room.id, client_id="a", text="other")
    assert again == {"message": first["message"], "duplicate": True}
    await reader.told("message.created")
    assert "message.created" not in await reader.heard()


async def test_a_message_may_hold_files_properties_and_a_reply(
    enter: Enter, jane: Actor, room: Channel
) -> None:
    peer = await enter(jane)
    file = {"url": "https://x/y.png", "name": "y.png", "content_type": "image/png", "size": 3}
    root = (await peer.do("message.send", channel=room.id, client_id="a", files=[file]))["message"]
    assert (root["files"], root["text"]) == ([file], None)
    reply = await peer.do(
        "message.send",
        channel=room.id,
        client_id="b",
        text="re",
        reply_to=root["id"],
        properties={"a": [1, {"b": None}]},
    )
    assert reply["message"]["reply_to"] == root["id"]
    assert reply["message"]["thread"] is not None
    assert reply["message"]["properties"] == {"a": [1, {"b": None}]}
    missing = {"channel": room.id, "client_id": "c", "text": "x", "reply_to": NOBODY}
    assert await peer.refused("message.send", **missing) == "not_found"


async def test_sending_is_refused_where_one_may_not(
    enter: Enter, jane: Actor, mallory: Actor, room: Channel, lobby: Channel
) -> None:
    inside, outside = await enter(jane), await enter(mallory)
    text = {"client_id": "a", "text": "x"}
    assert await outside.refused("message.send", channel=room.id, **text) == "not_found"
    assert await outside.refused("message.send", channel=NOBODY, **text) == "not_found"
    assert await outside.refused("message.send", channel=lobby.id, **text) == "not_a_member"
    assert await inside.refused("message.send", channel=room.id, client_id="a") == "invalid"
    assert (await inside.do("history", channel=room.id))["messages"] == []


async def test_an_edit_is_told_whole(enter: Enter, jane: Actor, john: Actor, room: Channel) -> None:
    author, reader = await enter(jane), await enter(john)
    sent = await author.do("message.send", channel=room.id, client_id="a", text="one")
    place = {"channel": room.id, "message": sent["message"]["id"]}
    assert await reader.refused("message.edit", **place, text="two") == "forbidden"
    assert await author.refused("message.edit", **place) == "invalid"
    edited = (await author.do("message.edit", **place, text="two"))["message"]
    push = await reader.told("message.updated")
    assert push["message"] == edited
    assert push["offset"] == edited["offset"] + 1
    assert (await reader.do("message.get", **place))["message"] == edited


async def test_a_deletion_is_told_and_leaves_the_place(
    enter: Enter, jane: Actor, john: Actor, room: Channel
) -> None:
    author, reader = await enter(jane), await enter(john)
    sent = await author.do("message.send", channel=room.id, client_id="a", text="one")
    place = {"channel": room.id, "message": sent["message"]["id"]}
    assert await reader.refused("message.delete", **place) == "forbidden"
    deleted = (await author.do("message.delete", **place))["message"]
    assert (deleted["text"], deleted["deleted"] is None) == (None, False)
    assert (await reader.told("message.deleted"))["message"] == deleted
    assert await author.refused("message.edit", **place, text="x") == "invalid"


async def test_a_message_of_a_channel_one_is_not_in_cannot_be_reached_by_any_way(
    enter: Enter, jane: Actor, mallory: Actor, room: Channel, lobby: Channel
) -> None:
    inside, outside = await enter(jane), await enter(mallory)
    sent = await inside.do("message.send", channel=room.id, client_id="a", text="secret")
    message = sent["message"]["id"]
    await outside.do("channel.join", channel=lobby.id)
    for channel in (room.id, lobby.id, NOBODY):
        place = {"channel": channel, "message": message}
        for kind in ("message.get", "message.delete"):
            assert await outside.refused(kind, **place) == "not_found"
        assert await outside.refused("message.edit", **place, text="x") == "not_found"
        for kind in ("reaction.add", "reaction.remove"):
            assert await outside.refused(kind, **place, emoji="x") == "not_found"
    reply = {"channel": lobby.id, "client_id": "b", "text": "x", "reply_to": message}
    assert await outside.refused("message.send", **reply) == "not_found"


async def test_reactions_are_told_and_counted(
    enter: Enter, jane: Actor, john: Actor, room: Channel
) -> None:
    author, reader = await enter(jane), await enter(john)
    sent = await author.do("message.send", channel=room.id, client_id="a", text="one")
    place = {"channel": room.id, "message": sent["message"]["id"]}
    assert await reader.do("reaction.add", **place, emoji="👍") == {}
    push = await author.told("reaction.added")
    assert (push["emoji"], push["user"]["name"], push["message"]) == (
        "👍",
        "john",
        place["message"],
    )
    [message] = (await author.do("history", channel=room.id))["messages"]
    assert message["reactions"] == [{"emoji": "👍", "count": 1, "users": [id_of(john)]}]
    await reader.do("reaction.remove", **place, emoji="👍")
    await author.told("reaction.removed")
    assert await reader.refused("reaction.add", **place, emoji="") == "invalid"


async def test_history_pages_in_offset_order(enter: Enter, jane: Actor, room: Channel) -> None:
    peer = await enter(jane)
    for number in range(5):
        await peer.do("message.send", channel=room.id, client_id=str(number), text=str(number))

    async def texts(**where: int) -> list[str]:
        found = await peer.do("history", channel=room.id, **where)
        return [message["text"] for message in found["messages"]]

    first = room.head + 1
    assert await texts() == ["0", "1", "2", "3", "4"]
    assert await texts(before=first + 3, limit=2) == ["1", "2"]
    assert await texts(after=first + 1, limit=2) == ["2", "3"]
    assert await texts(around=first + 2, limit=3) == ["1", "2", "3"]
    assert await peer.refused("history", channel=room.id, before=1, after=1) == "invalid"
    for limit in (0, 201, -1, 2**60):
        assert await peer.refused("history", channel=room.id, limit=limit) == "invalid"


async def test_reading_moves_the_mark_and_is_told(
    enter: Enter, jane: Actor, john: Actor, mallory: Actor, room: Channel
) -> None:
    author, reader, outsider = await enter(jane), await enter(john), await enter(mallory)
    sent = await author.do("message.send", channel=room.id, client_id="a", text="one")
    offset = sent["message"]["offset"]
    [place] = (await reader.do("channel.list"))["channels"]
    assert place["unread"] == 1
    assert await reader.do("read", channel=room.id, up_to=offset) == {"read": offset, "unread": 0}
    push = await author.told("read")
    assert (push["user"]["name"], push["read"]) == ("john", offset)
    assert await reader.do("read", channel=room.id, up_to=0) == {"read": offset, "unread": 0}
    assert await outsider.refused("read", channel=room.id, up_to=1) == "not_found"
    assert await outsider.heard() == []


async def test_a_channel_is_made_once_and_its_members_are_told(
    enter: Enter, jane: Actor, john: Actor, mallory: Actor
) -> None:
    maker, member, outsider = await enter(jane), await enter(john), await enter(mallory)
    wanted = {"kind": "private", "name": "den", "members": [id_of(john)], "properties": {"a": 1}}
    channel = (await maker.do("channel.create", **wanted))["channel"]
    assert (channel["kind"], channel["owner"], channel["properties"]) == (
        "private",
        id_of(jane),
        {"a": 1},
    )
    for peer in (maker, member):
        push = await peer.told("channel.created", channel=channel["id"])
        assert push["details"]["name"] == "den"
    again = (await maker.do("channel.create", **wanted))["channel"]
    assert again["id"] == channel["id"]
    assert await outsider.refused("channel.create", kind="private", name="den") == "conflict"
    assert await outsider.refused("channel.create", kind="public", name="den") == "conflict"
    assert await outsider.heard() == []
    await member.do("message.send", channel=channel["id"], client_id="a", text="hi")
    await maker.told("message.created")


async def test_a_direct_channel_needs_others_who_exist(
    enter: Enter, jane: Actor, john: Actor, stranger: Actor
) -> None:
    peer = await enter(jane)
    first = await peer.do("channel.create", kind="direct", members=[id_of(john)])
    again = await peer.do("channel.create", kind="direct", members=[id_of(john), id_of(jane)])
    assert first["channel"]["id"] == again["channel"]["id"]
    assert {member["name"] for member in first["channel"]["members"]} == {"jane", "john"}
    for members in ([], [id_of(jane)]):
        assert await peer.refused("channel.create", kind="direct", members=members) == "invalid"
    for nobody in (id_of(stranger), NOBODY):
        refusal = await peer.ask("channel.create", kind="direct", members=[nobody])
        assert (refusal["code"], refusal["message"]) == ("not_found", "A member does not exist.")


async def test_public_channels_are_joined_and_left_and_private_ones_are_not_seen(
    enter: Enter, jane: Actor, mallory: Actor, lobby: Channel, room: Channel
) -> None:
    inside, outside = await enter(jane), await enter(mallory)
    for channel in (room.id, NOBODY):
        for kind in ("channel.get", "channel.join", "channel.leave", "channel.delete"):
            assert await outside.refused(kind, channel=channel) == "not_found"
    assert (await outside.do("channel.get", channel=lobby.id))["channel"]["joined"] is False
    assert await outside.refused("channel.leave", channel=lobby.id) == "not_a_member"
    joined = (await outside.do("channel.join", channel=lobby.id))["channel"]
    assert joined["joined"] is True
    assert (await inside.told("member.joined"))["user"]["name"] == "mallory"
    await outside.told("channel.created", channel=lobby.id)
    await outside.do("channel.leave", channel=lobby.id)
    assert (await inside.told("member.left"))["user"]["name"] == "mallory"
    await outside.told("member.left")
    await inside.do("message.send", channel=lobby.id, client_id="a", text="hi")
    assert await outside.heard() == []


async def test_the_list_of_channels_has_pages(
    enter: Enter, jane: Actor, mallory: Actor, lobby: Channel, room: Channel
) -> None:
    inside, outside = await enter(jane), await enter(mallory)
    ids = sorted([lobby.id, room.id])
    first = await inside.do("channel.list", limit=1)
    assert ([c["id"] for c in first["channels"]], first["next"]) == ([ids[0]], ids[0])
    second = await inside.do("channel.list", limit=1, after=first["next"])
    assert ([c["id"] for c in second["channels"]], second["next"]) == ([ids[1]], None)
    assert [c["id"] for c in (await outside.do("channel.list"))["channels"]] == [lobby.id]
    assert await inside.refused("channel.list", limit=201) == "invalid"


async def test_only_moderators_change_a_channel_and_only_its_owner_deletes_it(
    enter: Enter, jane: Actor, john: Actor, room: Channel
) -> None:
    owner, member = await enter(jane), await enter(john)
    assert await member.refused("channel.update", channel=room.id, display_name="x") == "forbidden"
    assert await member.refused("channel.delete", channel=room.id) == "forbidden"
    changed = await owner.do("channel.update", channel=room.id, display_name="The den")
    assert changed["channel"]["display_name"] == "The den"
    assert (await member.told("channel.updated"))["details"]["display_name"] == "The den"
    await owner.do("channel.delete", channel=room.id)
    await member.told("channel.deleted", channel=room.id)
    assert await member.refused("channel.get", channel=room.id) == "not_found"
    assert await member.refused("keystrokes", channel=room.id, keys="x") == "not_found"


async def test_members_are_added_removed_and_listed(
    enter: Enter, jane: Actor, john: Actor, mallory: Actor, room: Channel
) -> None:
    owner, member, third = await enter(jane), await enter(john), await enter(mallory)
    place = {"channel": room.id, "user": id_of(mallory)}
    assert await member.refused("member.add", **place) == "forbidden"
    assert await third.refused("member.add", **place) == "not_found"
    assert await third.refused("member.list", channel=room.id) == "not_found"
    assert await owner.refused("member.add", channel=room.id, user=NOBODY) == "not_found"
    await owner.do("member.add", **place)
    await third.told("channel.created", channel=room.id)
    assert (await member.told("member.joined"))["user"]["name"] == "mallory"
    listed = await member.do("member.list", channel=room.id, limit=2)
    assert [m["user"]["name"] for m in listed["members"]] == ["jane", "john"]
    rest = await member.do("member.list", channel=room.id, after=listed["next"])
    assert [m["user"]["name"] for m in rest["members"]] == ["mallory"]
    assert await member.refused("member.remove", **place) == "forbidden"
    assert await owner.refused("member.remove", channel=room.id, user=NOBODY) == "not_found"
    await owner.do("member.remove", **place)
    await third.told("member.left")
    await owner.do("message.send", channel=room.id, client_id="a", text="secret")
    assert await third.heard() == []


async def test_an_invited_user_may_join_a_private_channel(
    enter: Enter, jane: Actor, john: Actor, mallory: Actor, room: Channel
) -> None:
    member, guest = await enter(john), await enter(mallory)
    assert await guest.refused("channel.join", channel=room.id) == "not_found"
    await member.do("channel.invite", channel=room.id, user=id_of(mallory))
    joined = await guest.do("channel.join", channel=room.id)
    assert joined["channel"]["joined"] is True
    invitation = {"channel": room.id, "user": id_of(mallory)}
    assert await member.refused("channel.invite", **invitation) == "invalid"


async def test_typing_and_keystrokes_reach_others_who_look(
    enter: Enter, jane: Actor, john: Actor, mallory: Actor, room: Channel, lobby: Channel
) -> None:
    author, reader, outsider = await enter(jane), await enter(john), await enter(mallory)
    await author.heard()
    await author.do("keystrokes", channel=room.id, keys="he")
    await author.do("keystrokes", channel=room.id, keys="hel")
    assert (await reader.told("typing.started"))["user"]["name"] == "jane"
    assert [(await reader.told("keystrokes"))["keys"] for _ in range(2)] == ["he", "hel"]
    await author.do("keystrokes", channel=room.id, keys="")
    await reader.told("typing.stopped")
    await reader.do("view", channels=[lobby.id])
    await author.do("keystrokes", channel=room.id, keys="h")
    assert "typing.started" not in await reader.heard()
    assert await author.heard() == []
    assert await outsider.heard() == []
    assert await outsider.refused("keystrokes", channel=room.id, keys="x") == "not_found"
    assert await author.refused("keystrokes", channel=room.id, keys="x" * 1001) == "invalid"


async def test_sending_and_leaving_stop_the_typing(
    enter: Enter, jane: Actor, john: Actor, room: Channel
) -> None:
    author, reader = await enter(jane), await enter(john)
    await author.do("keystrokes", channel=room.id, keys="h")
    await author.do("message.send", channel=room.id, client_id="a", text="h")
    await reader.told("typing.stopped")
    await author.do("keystrokes", channel=room.id, keys="h")
    await author.leave()
    await reader.told("typing.stopped")


async def test_a_custom_event_is_told_and_not_stored(
    enter: Enter, jane: Actor, john: Actor, mallory: Actor, room: Channel
) -> None:
    sender, reader, outsider = await enter(jane), await enter(john), await enter(mallory)
    head = (await sender.do("ping"))["heads"][str(room.id)]
    await sender.do("event", channel=room.id, name="wave", data={"n": 2**70})
    push = await reader.told("event")
    assert (push["name"], push["data"], push["user"]["name"]) == ("wave", {"n": 2**70}, "jane")
    assert (await sender.do("ping"))["heads"][str(room.id)] == head
    assert await outsider.refused("event", channel=room.id, name="x") == "not_found"
    assert await sender.refused("event", channel=room.id, name="") == "invalid"
    assert await sender.refused("event", channel=room.id, name="x", data="\x00") == "invalid"
    assert await outsider.heard() == []


async def test_a_status_is_told_to_those_who_share_a_channel(
    enter: Enter, jane: Actor, john: Actor, mallory: Actor, room: Channel
) -> None:
    speaker, reader, outsider = await enter(jane), await enter(john), await enter(mallory)
    await speaker.do("presence", status="at lunch")
    push = await reader.told("presence", status="at lunch")
    assert (push["user"]["name"], push["online"]) == ("jane", True)
    assert await outsider.heard() == []
    for status in ("\x00", "x" * 256):
        assert await speaker.refused("presence", status=status) == "invalid"


async def test_arriving_and_leaving_are_told(
    enter: Enter, jane: Actor, john: Actor, mallory: Actor, room: Channel
) -> None:
    witness, outsider = await enter(jane), await enter(mallory)
    guest = await enter(john)
    assert (await witness.told("presence", online=True))["user"]["name"] == "john"
    await guest.leave()
    assert (await witness.told("presence", online=False))["user"]["name"] == "john"
    assert await outsider.heard() == []


async def test_participants_are_those_who_look_at_the_channel(
    enter: Enter, jane: Actor, john: Actor, mallory: Actor, room: Channel
) -> None:
    first, second, outsider = await enter(jane), await enter(john), await enter(mallory)
    assert (await first.do("participants", channel=room.id))["users"] == []
    await second.do("view", channels=[room.id, NOBODY])
    [user] = (await first.do("participants", channel=room.id))["users"]
    assert user["name"] == "john"
    await outsider.do("view", channels=[room.id])
    assert len((await first.do("participants", channel=room.id))["users"]) == 1
    await second.do("view", channels=[])
    assert (await first.do("participants", channel=room.id))["users"] == []
    assert await outsider.refused("participants", channel=room.id) == "not_found"
    assert await first.refused("view", channels=list(range(1, 102))) == "invalid"


async def test_blocked_people_are_not_heard_typing(
    enter: Enter, chat: Chat, jane: Actor, john: Actor, mallory: Actor, room: Channel
) -> None:
    await chat.members.add(jane, room.id, id_of(mallory))
    await chat.users.block(john, id_of(jane))
    author, blocker, other = await enter(jane), await enter(john), await enter(mallory)
    await author.do("keystrokes", channel=room.id, keys="h")
    await author.do("event", channel=room.id, name="wave")
    await other.told("typing.started")
    assert not {"typing.started", "keystrokes", "event"} & set(await blocker.heard())
