"""Organizations: only the back end runs them, and their rooms follow their members."""

from datetime import UTC, datetime, timedelta

import pytest

from chat.actors import Actor
from chat.applications import ORGANIZATION_TOKEN_PREFIX, secret_hash
from chat.channels import NewChannel
from chat.chat import Chat
from chat.errors import ChatError, Conflict, Forbidden, Invalid, NotFound
from chat.messages import Draft
from chat.organizations import NewOrganization, Organization, OrganizationChanges
from chat.organizations import OrganizationMember as Member
from chat.pages import PageRequest
from storage.postgres.store import PostgresStore

NOW = datetime.now(UTC)


def id_of(person: Actor) -> int:
    return person.require_user().id


@pytest.fixture
async def brigade(chat: Chat, actor: Actor, jane: Actor, john: Actor) -> Organization:
    """An organization of jane, who administers it, and john; it wants event rooms."""
    members = [Member(id_of(jane), "administrator"), Member(id_of(john), "chat")]
    new = NewOrganization(name="Brigade", members=members, event_rooms=True)
    return await chat.organizations.create(actor, new)


def default_room(organization: Organization) -> int:
    assert organization.default_channel_id is not None
    return organization.default_channel_id


async def names(chat: Chat, actor: Actor, channel_id: int) -> list[str]:
    found, _ = await chat.members.after(actor, channel_id)
    return sorted(user.name for user, _ in found)


async def open_room(chat: Chat, actor: Actor, brigade: Organization, *people: Actor) -> int:
    """The room of an event that these people accepted."""
    accepted = [id_of(person) for person in people]
    event = await chat.organizations.open_event(actor, brigade.id, "Fire", accepted)
    assert event.channel_id is not None
    return event.channel_id


async def test_an_organization_has_a_room_of_its_name_for_all_its_members(
    chat: Chat, actor: Actor, jane: Actor, mallory: Actor, brigade: Organization
) -> None:
    room = await chat.channels.get(jane, default_room(brigade))
    assert (room.kind, room.display_name, room.owner_id) == ("PRIVATE", "Brigade", None)
    assert room.organization_id == brigade.id
    assert await names(chat, actor, room.id) == ["jane", "john"]
    with pytest.raises(NotFound):
        await chat.channels.get(mallory, room.id)


async def test_only_the_application_runs_organizations(
    chat: Chat, jane: Actor, brigade: Organization
) -> None:
    organizations = chat.organizations
    for refused in (
        organizations.create(jane, NewOrganization(name="Other")),
        organizations.update(jane, brigade.id, OrganizationChanges(name="Other")),
        organizations.set_member(jane, brigade.id, id_of(jane), "member"),
        organizations.remove_member(jane, brigade.id, id_of(jane)),
        organizations.create_token(jane, brigade.id, now=NOW),
        organizations.revoke_token(jane, brigade.id, 1),
        organizations.open_event(jane, brigade.id, "Fire", []),
        organizations.close_event(jane, brigade.id, 1, NOW),
        organizations.delete(jane, brigade.id),
    ):
        with pytest.raises(Forbidden):
            await refused


async def test_nothing_of_an_organization_is_seen_from_another_application(
    chat: Chat, actor: Actor, brigade: Organization
) -> None:
    other = await chat.applications.create(f"other {brigade.id} {NOW.timestamp()}")
    elsewhere = Actor(application_id=other.application_id)
    for refused in (
        chat.organizations.get(elsewhere, brigade.id),
        chat.organizations.list_tokens(elsewhere, brigade.id),
        chat.organizations.delete(elsewhere, brigade.id),
    ):
        with pytest.raises(NotFound):
            await refused
    assert (await chat.organizations.page(elsewhere, PageRequest())).items == []
    page = await chat.organizations.page(actor, PageRequest(sort=(("name", True),)))
    assert page.items == [brigade]


@pytest.mark.parametrize(
    ("new", "refusal"),
    [
        (NewOrganization(name=""), Invalid),
        (NewOrganization(name="x", close_after_seconds=-1), Invalid),
        (NewOrganization(name="x", close_after_seconds=2**40), Invalid),
        (NewOrganization(name="x", members=[Member(1, "chat"), Member(1, "chat")]), Invalid),
        (NewOrganization(name="x", members=[Member(2**50, "chat")]), NotFound),
        (NewOrganization(name="Brigade"), Conflict),
    ],
    ids=range(6),
)
@pytest.mark.usefixtures("brigade")
async def test_what_is_no_organization_is_refused(
    chat: Chat, actor: Actor, new: NewOrganization, refusal: type[ChatError]
) -> None:
    with pytest.raises(refusal):
        await chat.organizations.create(actor, new)


async def test_who_was_deleted_is_taken_in_nowhere(
    chat: Chat, actor: Actor, john: Actor, brigade: Organization
) -> None:
    await chat.users.delete(actor, id_of(john))
    left = await chat.organizations.get(actor, brigade.id)
    assert [member.role for member in left.members] == ["administrator"]
    for refused in (
        chat.organizations.create(
            actor, NewOrganization(name="x", members=[Member(id_of(john), "chat")])
        ),
        chat.organizations.set_member(actor, brigade.id, id_of(john), "chat"),
        chat.organizations.remove_member(actor, brigade.id, id_of(john)),
        chat.channels.create(actor, NewChannel(kind="PUBLIC", members=[id_of(john)])),
    ):
        with pytest.raises(NotFound):
            await refused


async def test_changes_leave_the_rest(chat: Chat, actor: Actor, brigade: Organization) -> None:
    changed = await chat.organizations.update(actor, brigade.id, OrganizationChanges(name="Watch"))
    assert (changed.name, changed.event_rooms, changed.members) == ("Watch", True, brigade.members)
    off = OrganizationChanges(event_rooms=False, close_after_seconds=0)
    changed = await chat.organizations.update(actor, brigade.id, off)
    assert (changed.event_rooms, changed.close_after_seconds) == (False, 0)
    with pytest.raises(Invalid):
        await chat.organizations.update(actor, brigade.id, OrganizationChanges(name=" "))


async def test_members_come_and_change_role_and_the_default_room_follows(
    chat: Chat, actor: Actor, mallory: Actor, brigade: Organization
) -> None:
    for role in ("member", "administrator"):
        taken = await chat.organizations.set_member(actor, brigade.id, id_of(mallory), role)
        assert Member(id_of(mallory), role) in taken.members
        assert len(taken.members) == 3
    assert await names(chat, actor, default_room(brigade)) == ["jane", "john", "mallory"]


@pytest.mark.parametrize("hindrance", ["banned", "deleted"])
async def test_a_member_comes_even_where_the_default_room_cannot_follow(
    chat: Chat, actor: Actor, mallory: Actor, brigade: Organization, hindrance: str
) -> None:
    if hindrance == "banned":
        await chat.members.remove(actor, default_room(brigade), id_of(mallory), ban=True)
    else:
        await chat.channels.delete(actor, default_room(brigade))
    taken = await chat.organizations.set_member(actor, brigade.id, id_of(mallory), "chat")
    assert Member(id_of(mallory), "chat") in taken.members


async def test_who_goes_leaves_every_room_whatever_his_place_in_one_of_them(
    chat: Chat, actor: Actor, jane: Actor, john: Actor, brigade: Organization
) -> None:
    banned = await open_room(chat, actor, brigade, jane, john)
    absent = await open_room(chat, actor, brigade, jane)
    last = await open_room(chat, actor, brigade, jane, john)
    await chat.members.remove(actor, banned, id_of(john), ban=True)
    left = await chat.organizations.remove_member(actor, brigade.id, id_of(john))
    assert left.members == [Member(id_of(jane), "administrator")]
    for room in (default_room(brigade), banned, absent, last):
        assert await names(chat, actor, room) == ["jane"]
    with pytest.raises(NotFound):
        await chat.organizations.remove_member(actor, brigade.id, id_of(john))
    with pytest.raises(ChatError):
        await chat.members.add(actor, banned, id_of(john))


async def test_an_event_has_a_room_for_who_accepted_until_it_is_due_for_deletion(
    chat: Chat, actor: Actor, jane: Actor, brigade: Organization
) -> None:
    event = await chat.organizations.open_event(actor, brigade.id, "Fire", [id_of(jane)])
    assert event.channel_id is not None
    assert await names(chat, actor, event.channel_id) == ["jane"]
    await chat.messages.send(jane, event.channel_id, Draft(text="on my way"))
    closed = await chat.organizations.close_event(actor, brigade.id, event.id, NOW)
    assert closed.closed is not None
    assert await chat.organizations.close_event(actor, brigade.id, event.id, NOW) == closed
    with pytest.raises(NotFound):
        await chat.organizations.close_event(actor, brigade.id, event.id + 1, NOW)


async def test_an_event_is_for_members_and_has_no_room_where_none_is_wanted(
    chat: Chat, actor: Actor, mallory: Actor, brigade: Organization
) -> None:
    with pytest.raises(Invalid):
        await chat.organizations.open_event(actor, brigade.id, "Fire", [id_of(mallory)])
    with pytest.raises(Invalid):
        await chat.organizations.open_event(actor, brigade.id, "", [])
    await chat.organizations.update(actor, brigade.id, OrganizationChanges(event_rooms=False))
    event = await chat.organizations.open_event(actor, brigade.id, "Fire", [])
    assert event.channel_id is None
    closed = await chat.organizations.close_event(actor, brigade.id, event.id, NOW)
    assert closed.closed is not None


async def test_tokens_open_the_organization_until_they_expire_or_are_revoked(
    chat: Chat, store: PostgresStore, actor: Actor, brigade: Organization
) -> None:
    create = chat.organizations.create_token
    lasting = await create(actor, brigade.id, name="app", now=NOW)
    expired = await create(actor, brigade.id, expires_in=60, now=NOW - timedelta(minutes=2))
    assert lasting.token.startswith(ORGANIZATION_TOKEN_PREFIX)
    listed = await chat.organizations.list_tokens(actor, brigade.id)
    assert [(token.id, token.name) for token in listed] == [(lasting.id, "app"), (expired.id, None)]
    find = store.organizations.find_by_token
    found = await find(secret_hash(lasting.token))
    assert found is not None
    assert found.id == brigade.id
    assert await find(secret_hash(expired.token)) is None
    await chat.organizations.revoke_token(actor, brigade.id, lasting.id)
    assert await find(secret_hash(lasting.token)) is None
    with pytest.raises(NotFound):
        await chat.organizations.revoke_token(actor, brigade.id, lasting.id)
    for seconds in (0, -1, 2**40):
        with pytest.raises(Invalid):
            await create(actor, brigade.id, expires_in=seconds, now=NOW)
    with pytest.raises(Invalid):
        await create(actor, brigade.id, name="", now=NOW)


async def test_a_deleted_organization_takes_its_rooms_with_it(
    chat: Chat, actor: Actor, jane: Actor, brigade: Organization
) -> None:
    room = await open_room(chat, actor, brigade, jane)
    await chat.organizations.delete(actor, brigade.id)
    for channel_id in (room, default_room(brigade)):
        with pytest.raises(NotFound):
            await chat.channels.get(jane, channel_id)
    with pytest.raises(NotFound):
        await chat.organizations.get(actor, brigade.id)
