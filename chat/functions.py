"""Chat functions: scripts of an application that run when something happens, and their runtime.

Rule: this module knows scripts as texts only; whoever runs them stands behind FunctionRunner.
"""

import re
from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec

from chat.checks import MAX_TEXT_BYTES, check_json, check_name, check_text
from chat.errors import Invalid
from chat.pages import Page, PageRequest

RUNTIME_VERSION = "v1.0.0"
"""The version of what scripts are given, not of the engine they run on."""
BLOCKING = frozenset({"user.attempted.start_session"})
"""Triggers whose function decides: what happens waits for its result."""

MAX_SCRIPT_BYTES = 262_144
MAX_DEPENDENCIES = 100
MAX_VARIABLES = 100
MAX_VARIABLE_BYTES = 32_768
MAX_PACKAGE_CHARACTERS = 214  # the limit of the npm registry
MAX_TRIGGER_CHARACTERS = 100

_PACKAGE = re.compile(r"(@[a-z0-9~-][a-z0-9._~-]*/)?[a-z0-9~-][a-z0-9._~-]*", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_TRIGGER = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", re.ASCII)

InvocationStatus = Literal["RUNNING", "SUCCEEDED", "FAILED"]


class Dependency(msgspec.Struct, frozen=True, kw_only=True):
    """A package of npm. `default` ones come with the runtime."""

    name: str
    version: str
    default: bool = False


class Runtime(msgspec.Struct, frozen=True, kw_only=True):
    """What all functions of an application share; there is one, made when first asked for."""

    id: int
    application_id: int
    dependencies: list[Dependency]
    variables: dict[str, str]
    initialization: str | None
    version: str = RUNTIME_VERSION


class RuntimeChanges(msgspec.Struct, frozen=True, kw_only=True):
    """Each one given replaces what was there; None leaves it."""

    dependencies: list[Dependency] | None = None
    variables: dict[str, str] | None = None
    initialization: str | None = None


class NewFunction(msgspec.Struct, frozen=True, kw_only=True):
    trigger: str
    name: str
    description: str | None = None
    initialized_later: bool = False


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """`current_version` 0 is a function without a script, which is not enabled."""

    id: int
    application_id: int
    runtime_id: int
    trigger: str
    name: str
    description: str | None
    initialized_later: bool
    enabled: bool
    current_version: int


class FunctionVersion(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    function_id: int
    number: int
    script: str


class Invocation(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    version_number: int
    status: InvocationStatus
    args: dict[str, Any]
    result: dict[str, Any]
    created: datetime


class FunctionRunner(Protocol):
    """The door to whatever executes scripts."""

    async def run(
        self,
        runtime: Runtime,
        version: FunctionVersion,
        args: dict[str, Any],
        *,
        deadline_seconds: float,
    ) -> dict[str, Any]:
        """Call the handler of a version and answer its result. Raises Unavailable when it fails
        or is not done in time. Cancelling is safe: the script is stopped."""
        ...


class FunctionStore(Protocol):
    async def runtime(self, application_id: int) -> Runtime:
        """The runtime of an application, made if there is none yet."""
        ...

    async def update_runtime(self, runtime_id: int, changes: RuntimeChanges) -> None: ...
    async def add(self, runtime: Runtime, new: NewFunction) -> Function: ...
    async def get(self, application_id: int, function_id: int) -> Function: ...
    async def page(self, application_id: int, request: PageRequest) -> Page[Function]: ...
    async def add_version(self, function_id: int, script: str) -> FunctionVersion:
        """Number a script next after the current version and make it current. Numbers of a
        function are dense, whoever else adds at the same time."""
        ...

    async def get_version(self, application_id: int, version_id: int) -> FunctionVersion: ...
    async def current_version(self, function: Function) -> FunctionVersion:
        """Raises NotFound when there is none yet."""
        ...

    async def versions(self, function_id: int, request: PageRequest) -> Page[FunctionVersion]: ...
    async def invocations(self, function_id: int, request: PageRequest) -> Page[Invocation]: ...


def check_runtime(changes: RuntimeChanges) -> RuntimeChanges:
    if changes.dependencies is not None:
        _check_dependencies(changes.dependencies)
    if changes.variables is not None:
        _check_variables(changes.variables)
    if changes.initialization is not None:
        check_script("script", changes.initialization)
    return changes


def check_function(new: NewFunction) -> NewFunction:
    check_name("name", new.name)
    if len(new.trigger) > MAX_TRIGGER_CHARACTERS or not _TRIGGER.fullmatch(new.trigger):
        raise Invalid("type must be words joined by dots, like user.sent.message.")
    if new.description is not None:
        check_text("description", new.description, limit_bytes=MAX_TEXT_BYTES)
    return new


def check_script(field: str, script: str) -> str:
    return check_text(field, script, limit_bytes=MAX_SCRIPT_BYTES)


def _check_dependencies(dependencies: list[Dependency]) -> None:
    if len(dependencies) > MAX_DEPENDENCIES:
        raise Invalid(f"A runtime has at most {MAX_DEPENDENCIES} dependencies.")
    if len({dependency.name for dependency in dependencies}) < len(dependencies):
        raise Invalid("The dependencies name a package twice.")
    for dependency in dependencies:
        name = dependency.name
        if len(name) > MAX_PACKAGE_CHARACTERS or not _PACKAGE.fullmatch(name):
            raise Invalid("The name of a dependency must be a name of an npm package.")
        check_name("version", dependency.version)


def _check_variables(variables: dict[str, str]) -> None:
    if len(variables) > MAX_VARIABLES:
        raise Invalid(f"A runtime has at most {MAX_VARIABLES} environment variables.")
    for name, value in variables.items():
        check_name("The name of a variable", name)
        if not _VARIABLE.fullmatch(name):
            raise Invalid("Names of variables are letters, digits and _, without a digit first.")
        check_text("The value of a variable", value, limit_bytes=MAX_VARIABLE_BYTES)
    check_json("The environment variables", variables)
