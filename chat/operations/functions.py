"""Chat functions: the runtime of an application, its functions and their versions."""

from chat.actors import Actor
from chat.errors import Forbidden
from chat.functions import (
    Function,
    FunctionVersion,
    Invocation,
    NewFunction,
    Runtime,
    RuntimeChanges,
    check_function,
    check_runtime,
    check_script,
)
from chat.pages import Page, PageRequest, check_page
from chat.store import Store

FUNCTION_FIELDS = frozenset({"id", "name", "type", "createdTime"})
VERSION_FIELDS = frozenset({"id", "versionNumber", "createdTime"})
INVOCATION_FIELDS = frozenset({"id", "versionNumber", "status", "createdTime"})


class Functions:
    """Only the application itself sees and changes its functions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def runtime(self, actor: Actor) -> Runtime:
        _check_application(actor)
        return await self._store.functions.runtime(actor.application_id)

    async def update_runtime(self, actor: Actor, changes: RuntimeChanges) -> Runtime:
        runtime = await self.runtime(actor)
        await self._store.functions.update_runtime(runtime.id, check_runtime(changes))
        return await self.runtime(actor)

    async def create(self, actor: Actor, new: NewFunction) -> Function:
        """Make a function, which does nothing until it has a version."""
        runtime = await self.runtime(actor)
        return await self._store.functions.add(runtime, check_function(new))

    async def get(self, actor: Actor, function_id: int) -> Function:
        _check_application(actor)
        return await self._store.functions.get(actor.application_id, function_id)

    async def page(self, actor: Actor, request: PageRequest) -> Page[Function]:
        _check_application(actor)
        check_page(request, FUNCTION_FIELDS)
        return await self._store.functions.page(actor.application_id, request)

    async def create_version(self, actor: Actor, function_id: int, script: str) -> FunctionVersion:
        """Store a script as the next version, the current one from now on."""
        function = await self.get(actor, function_id)
        check_script("handlerScript", script)
        return await self._store.functions.add_version(function.id, script)

    async def current_version(self, actor: Actor, function_id: int) -> FunctionVersion:
        """Raises NotFound while the function has no version."""
        return await self._store.functions.current_version(await self.get(actor, function_id))

    async def get_version(self, actor: Actor, version_id: int) -> FunctionVersion:
        _check_application(actor)
        return await self._store.functions.get_version(actor.application_id, version_id)

    async def versions(
        self, actor: Actor, function_id: int, request: PageRequest
    ) -> Page[FunctionVersion]:
        """Newest first, unless asked otherwise."""
        function = await self.get(actor, function_id)
        check_page(request, VERSION_FIELDS)
        return await self._store.functions.versions(function.id, request)

    async def invocations(
        self, actor: Actor, function_id: int, request: PageRequest
    ) -> Page[Invocation]:
        """Newest first, unless asked otherwise."""
        function = await self.get(actor, function_id)
        check_page(request, INVOCATION_FIELDS)
        return await self._store.functions.invocations(function.id, request)


def _check_application(actor: Actor) -> None:
    if not actor.is_application:
        raise Forbidden
