"""Organizations, their members, tokens and events."""

from collections.abc import Sequence
from datetime import datetime

from chat.applications import Token
from chat.errors import Conflict, NotFound
from chat.organizations import (
    NewOrganization,
    Organization,
    OrganizationChanges,
    OrganizationEvent,
    OrganizationMember,
    OrganizationRole,
)
from chat.pages import Page, PageRequest
from storage.postgres.database import Database
from storage.postgres.paging import order
from storage.postgres.rows import Row

SORT = {"id": "o.id", "name": "o.name", "createdTime": "o.created"}

ORGANIZATION = """o.id, o.application_id, o.name, o.event_rooms, o.close_after_seconds,
    o.default_channel_id, o.created"""


class Organizations:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, application_id: int, organization: NewOrganization) -> Organization:
        async with self._database.transaction() as tx:
            try:
                organization_id = await tx.value(
                    """INSERT INTO organizations (application_id, name, event_rooms,
                                                  close_after_seconds)
                       VALUES ($1, $2, $3, $4) RETURNING id""",
                    application_id,
                    organization.name,
                    organization.event_rooms,
                    organization.close_after_seconds,
                )
            except Conflict:
                raise Conflict("An organization of this name exists.") from None
            await tx.execute(
                """INSERT INTO organization_members (organization_id, user_id, role)
                   SELECT $1, u, r FROM unnest($2::bigint[], $3::text[]) AS x (u, r)""",
                organization_id,
                [member.user_id for member in organization.members],
                [member.role for member in organization.members],
            )
        return await self.get(application_id, organization_id)

    async def get(self, application_id: int, organization_id: int) -> Organization:
        row = await self._database.row(
            f"""SELECT {ORGANIZATION} FROM organizations o
                WHERE o.id = $2 AND o.application_id = $1""",
            application_id,
            organization_id,
        )
        if row is None:
            raise NotFound
        members = await self._members([organization_id])
        return _organization(row, members.get(organization_id, []))

    async def _members(self, ids: Sequence[int]) -> dict[int, list[OrganizationMember]]:
        found = await self._database.rows(
            """SELECT organization_id, user_id, role FROM organization_members
               WHERE organization_id = ANY ($1::bigint[]) ORDER BY user_id""",
            list(ids),
        )
        members: dict[int, list[OrganizationMember]] = {}
        for row in found:
            member = OrganizationMember(row["user_id"], row["role"])
            members.setdefault(row["organization_id"], []).append(member)
        return members

    async def page(self, application_id: int, request: PageRequest) -> Page[Organization]:
        total = await self._database.value(
            "SELECT count(*) FROM organizations WHERE application_id = $1", application_id
        )
        found = await self._database.rows(
            f"""SELECT {ORGANIZATION} FROM organizations o WHERE o.application_id = $1
                ORDER BY {order(request, SORT, "o.id")}
                LIMIT {request.size} OFFSET {request.skip}""",
            application_id,
        )
        members = await self._members([row["id"] for row in found])
        items = [_organization(row, members.get(row["id"], [])) for row in found]
        return Page(items=items, total=total, request=request)

    async def update(self, organization_id: int, changes: OrganizationChanges) -> None:
        await self._database.execute(
            """UPDATE organizations SET name = coalesce($2, name),
                   event_rooms = coalesce($3, event_rooms),
                   close_after_seconds = coalesce($4, close_after_seconds) WHERE id = $1""",
            organization_id,
            changes.name,
            changes.event_rooms,
            changes.close_after_seconds,
        )

    async def set_default_channel(self, organization_id: int, channel_id: int | None) -> None:
        await self._database.execute(
            "UPDATE organizations SET default_channel_id = $2 WHERE id = $1",
            organization_id,
            channel_id,
        )

    async def claim_channel(self, channel_id: int, organization_id: int) -> None:
        await self._database.execute(
            "UPDATE channels SET organization_id = $2 WHERE id = $1", channel_id, organization_id
        )

    async def delete(self, organization_id: int) -> None:
        await self._database.execute("DELETE FROM organizations WHERE id = $1", organization_id)

    async def channels(self, organization_id: int) -> list[int]:
        found = await self._database.rows(
            "SELECT id FROM channels WHERE organization_id = $1 AND deleted IS NULL ORDER BY id",
            organization_id,
        )
        return [row["id"] for row in found]

    async def find_member(self, organization_id: int, user_id: int) -> OrganizationMember | None:
        row = await self._database.row(
            """SELECT user_id, role FROM organization_members
               WHERE organization_id = $1 AND user_id = $2""",
            organization_id,
            user_id,
        )
        return OrganizationMember(row["user_id"], row["role"]) if row is not None else None

    async def set_member(self, organization_id: int, user_id: int, role: OrganizationRole) -> None:
        await self._database.execute(
            """INSERT INTO organization_members (organization_id, user_id, role)
               VALUES ($1, $2, $3)
               ON CONFLICT (organization_id, user_id) DO UPDATE SET role = $3""",
            organization_id,
            user_id,
            role,
        )

    async def remove_member(self, organization_id: int, user_id: int) -> bool:
        return (
            await self._database.execute(
                "DELETE FROM organization_members WHERE organization_id = $1 AND user_id = $2",
                organization_id,
                user_id,
            )
            == 1
        )

    async def add_token(
        self, organization_id: int, token: bytes, name: str | None, expires: datetime | None
    ) -> int:
        token_id: int = await self._database.value(
            """INSERT INTO organization_tokens (organization_id, hash, name, expires)
               VALUES ($1, $2, $3, $4) RETURNING id""",
            organization_id,
            token,
            name,
            expires,
        )
        return token_id

    async def list_tokens(self, organization_id: int) -> list[Token]:
        found = await self._database.rows(
            """SELECT id, name, created, expires FROM organization_tokens
               WHERE organization_id = $1 ORDER BY id""",
            organization_id,
        )
        return [Token(**dict(row)) for row in found]

    async def delete_token(self, organization_id: int, token_id: int) -> bool:
        return (
            await self._database.execute(
                "DELETE FROM organization_tokens WHERE organization_id = $1 AND id = $2",
                organization_id,
                token_id,
            )
            == 1
        )

    async def find_by_token(self, token: bytes) -> Organization | None:
        row = await self._database.row(
            f"""SELECT {ORGANIZATION} FROM organization_tokens t
                JOIN organizations o ON o.id = t.organization_id
                WHERE t.hash = $1 AND (t.expires IS NULL OR t.expires > now())""",
            token,
        )
        return _organization(row, []) if row is not None else None

    async def add_event(
        self, organization_id: int, name: str, channel_id: int | None
    ) -> OrganizationEvent:
        event_id = await self._database.value(
            """INSERT INTO organization_events (organization_id, name, channel_id)
               VALUES ($1, $2, $3) RETURNING id""",
            organization_id,
            name,
            channel_id,
        )
        return await self.get_event(organization_id, event_id)

    async def get_event(self, organization_id: int, event_id: int) -> OrganizationEvent:
        row = await self._database.row(
            """SELECT id, organization_id, name, channel_id, created, closed
               FROM organization_events WHERE organization_id = $1 AND id = $2""",
            organization_id,
            event_id,
        )
        if row is None:
            raise NotFound
        return OrganizationEvent(**dict(row))

    async def close_event(self, event_id: int, delete_channel_at: datetime) -> None:
        await self._database.execute(
            """WITH closed AS (UPDATE organization_events SET closed = now() WHERE id = $1
                               RETURNING channel_id)
               UPDATE channels SET delete_after = $2 FROM closed
               WHERE channels.id = closed.channel_id""",
            event_id,
            delete_channel_at,
        )


def _organization(row: Row, members: list[OrganizationMember]) -> Organization:
    fields = {field: row[field] for field in Organization.__struct_fields__ if field != "members"}
    return Organization(**fields, members=members)
