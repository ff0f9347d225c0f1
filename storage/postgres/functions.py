"""Runtimes, functions, their versions and invocations."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from chat.errors import NotFound
from chat.functions import (
    Function,
    FunctionVersion,
    Invocation,
    NewFunction,
    Runtime,
    RuntimeChanges,
)
from chat.pages import Page, PageRequest
from storage.postgres.database import Database
from storage.postgres.paging import order
from storage.postgres.rows import Row

RUNTIME = "id, application_id, dependencies, variables, initialization"
FUNCTION = """id, application_id, runtime_id, trigger, name, description, initialized_later,
    enabled, current_version"""
VERSION = "id, function_id, number, script"
INVOCATION = "id, version_number, status, args, result, created"

FUNCTION_SORT = {"id": "id", "name": "name", "type": "trigger", "createdTime": "created"}
VERSION_SORT = {"id": "id", "versionNumber": "number", "createdTime": "created"}
INVOCATION_SORT = {
    "id": "id",
    "versionNumber": "version_number",
    "status": "status",
    "createdTime": "created",
}

T = TypeVar("T")


class Functions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def runtime(self, application_id: int) -> Runtime:
        find = f"SELECT {RUNTIME} FROM runtimes WHERE application_id = $1"
        row = await self._database.row(find, application_id)
        if row is None:
            await self._database.execute(
                """INSERT INTO runtimes (application_id) VALUES ($1)
                   ON CONFLICT (application_id) DO NOTHING""",
                application_id,
            )
            row = await self._database.row(find, application_id)
        return _as(Runtime, row)

    async def update_runtime(self, runtime_id: int, changes: RuntimeChanges) -> None:
        dependencies = changes.dependencies
        await self._database.execute(
            """UPDATE runtimes SET dependencies = coalesce($2, dependencies),
                   variables = coalesce($3, variables),
                   initialization = coalesce($4, initialization) WHERE id = $1""",
            runtime_id,
            dependencies and msgspec.to_builtins(dependencies),
            changes.variables,
            changes.initialization,
        )

    async def add(self, runtime: Runtime, new: NewFunction) -> Function:
        row = await self._database.row(
            f"""INSERT INTO functions (application_id, runtime_id, trigger, name, description,
                                       initialized_later)
                VALUES ($1, $2, $3, $4, $5, $6) RETURNING {FUNCTION}""",
            runtime.application_id,
            runtime.id,
            new.trigger,
            new.name,
            new.description,
            new.initialized_later,
        )
        return _as(Function, row)

    async def get(self, application_id: int, function_id: int) -> Function:
        row = await self._database.row(
            f"SELECT {FUNCTION} FROM functions WHERE id = $2 AND application_id = $1",
            application_id,
            function_id,
        )
        return _as(Function, row)

    async def page(self, application_id: int, request: PageRequest) -> Page[Function]:
        source = f"SELECT {FUNCTION} FROM functions WHERE application_id = $1"
        last = order(request, FUNCTION_SORT, "id")
        return await self._page(Function, source, application_id, request, last)

    async def add_version(self, function_id: int, script: str) -> FunctionVersion:
        # The update holds the row of the function until the version is there.
        row = await self._database.row(
            f"""WITH raised AS (
                    UPDATE functions SET current_version = current_version + 1,
                        enabled = enabled OR current_version = 0
                    WHERE id = $1 RETURNING id, current_version)
                INSERT INTO function_versions (function_id, number, script)
                SELECT id, current_version, $2 FROM raised RETURNING {VERSION}""",
            function_id,
            script,
        )
        return _as(FunctionVersion, row)

    async def get_version(self, application_id: int, version_id: int) -> FunctionVersion:
        row = await self._database.row(
            """SELECT v.id, v.function_id, v.number, v.script
               FROM function_versions v JOIN functions f ON f.id = v.function_id
               WHERE v.id = $2 AND f.application_id = $1""",
            application_id,
            version_id,
        )
        return _as(FunctionVersion, row)

    async def current_version(self, function: Function) -> FunctionVersion:
        row = await self._database.row(
            f"""SELECT {VERSION} FROM function_versions
                WHERE function_id = $1 ORDER BY number DESC LIMIT 1""",
            function.id,
        )
        return _as(FunctionVersion, row)

    async def versions(self, function_id: int, request: PageRequest) -> Page[FunctionVersion]:
        source = f"SELECT {VERSION} FROM function_versions WHERE function_id = $1"
        last = order(request, VERSION_SORT, "number DESC")
        return await self._page(FunctionVersion, source, function_id, request, last)

    async def invocations(self, function_id: int, request: PageRequest) -> Page[Invocation]:
        source = f"SELECT {INVOCATION} FROM function_invocations WHERE function_id = $1"
        last = order(request, INVOCATION_SORT, "id DESC")
        return await self._page(Invocation, source, function_id, request, last)

    async def _page(
        self, kind: type[T], source: str, scope: int, request: PageRequest, last: str
    ) -> Page[T]:
        total = await self._database.value(f"SELECT count(*) FROM ({source}) AS x", scope)
        found = await self._database.rows(
            f"{source} ORDER BY {last} LIMIT {request.size} OFFSET {request.skip}", scope
        )
        return Page(items=[_as(kind, row) for row in found], total=total, request=request)


def _as(kind: type[T], row: Row | Mapping[str, object] | None) -> T:
    if row is None:
        raise NotFound
    return msgspec.convert(dict(row), kind)
