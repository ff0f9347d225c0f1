"""Chat functions: the published tags `Runtime`, `Functions` and `FunctionVersions`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chat.actors import Actor
from chat.functions import (
    RUNTIME_VERSION,
    Dependency,
    Function,
    FunctionVersion,
    Invocation,
    NewFunction,
    Runtime,
    RuntimeChanges,
)
from server.dialects.chatkitty.authentication import actor_from
from server.dialects.chatkitty.hal import page_resource
from server.dialects.chatkitty.media import ACCEPTED, answer
from server.dialects.chatkitty.queries import page_request
from server.dialects.chatkitty.requests import (
    ChatRuntimeDependencyProperties,
    ChatRuntimeScriptProperties,
    CreateChatFunctionResource,
    CreateChatFunctionVersionResource,
    decode,
)
from server.dialects.chatkitty.resources import Resource, instant, links
from server.dialects.chatkitty.view import View, view_of
from server.http import chat_from, convert, path_id, read_json


async def retrieve_nodejs_runtime(request: Request) -> Response:
    actor = await actor_from(request)
    return await _runtime(request, actor, await chat_from(request).functions.runtime(actor))


async def update_nodejs_runtime_dependencies(request: Request) -> Response:
    actor = await actor_from(request)
    body = await decode(request, list[ChatRuntimeDependencyProperties])
    wanted = [
        Dependency(name=each.name, version=each.version, default=each.default_dependency)
        for each in body
    ]
    return await _update(request, actor, RuntimeChanges(dependencies=wanted))


async def update_nodejs_runtime_environment_variables(request: Request) -> Response:
    """The names belong to the application: they are not read in two spellings."""
    actor = await actor_from(request)
    variables = convert(await read_json(request, ACCEPTED), dict[str, str])
    return await _update(request, actor, RuntimeChanges(variables=variables))


async def update_nodejs_runtime_initialization_script(request: Request) -> Response:
    actor = await actor_from(request)
    body = await decode(request, ChatRuntimeScriptProperties)
    return await _update(request, actor, RuntimeChanges(initialization=body.script))


async def list_nodejs_runtime_functions(request: Request) -> Response:
    actor = await actor_from(request)
    page = await chat_from(request).functions.page(actor, page_request(request))
    view = await view_of(request, actor)
    functions = [function_resource(view, function) for function in page.items]
    return answer(request, page_resource(request, view, "functions", functions, page))


async def create_nodejs_runtime_function(request: Request) -> Response:
    actor = await actor_from(request)
    body = await decode(request, CreateChatFunctionResource)
    new = NewFunction(
        trigger=body.type,
        name=body.name,
        description=body.description,
        initialized_later=body.initialize_asynchronously,
    )
    function = await chat_from(request).functions.create(actor, new)
    return answer(request, function_resource(await view_of(request, actor), function))


async def retrieve_function(request: Request) -> Response:
    actor = await actor_from(request)
    function = await chat_from(request).functions.get(actor, path_id(request))
    return answer(request, function_resource(await view_of(request, actor), function))


async def retrieve_function_current_version(request: Request) -> Response:
    actor = await actor_from(request)
    version = await chat_from(request).functions.current_version(actor, path_id(request))
    return answer(request, version_resource(await view_of(request, actor), version))


async def list_function_versions(request: Request) -> Response:
    actor = await actor_from(request)
    page = await chat_from(request).functions.versions(
        actor, path_id(request), page_request(request)
    )
    view = await view_of(request, actor)
    versions = [version_resource(view, version) for version in page.items]
    return answer(request, page_resource(request, view, "versions", versions, page))


async def create_function_version(request: Request) -> Response:
    actor = await actor_from(request)
    body = await decode(request, CreateChatFunctionVersionResource)
    version = await chat_from(request).functions.create_version(
        actor, path_id(request), body.handler_script
    )
    return answer(request, version_resource(await view_of(request, actor), version))


async def list_function_invocations(request: Request) -> Response:
    actor = await actor_from(request)
    page = await chat_from(request).functions.invocations(
        actor, path_id(request), page_request(request)
    )
    view = await view_of(request, actor)
    invocations = [invocation_resource(view, invocation) for invocation in page.items]
    return answer(request, page_resource(request, view, "invocations", invocations, page))


async def retrieve_function_version(request: Request) -> Response:
    actor = await actor_from(request)
    version = await chat_from(request).functions.get_version(actor, path_id(request))
    return answer(request, version_resource(await view_of(request, actor), version))


async def _update(request: Request, actor: Actor, changes: RuntimeChanges) -> Response:
    runtime = await chat_from(request).functions.update_runtime(actor, changes)
    return await _runtime(request, actor, runtime)


async def _runtime(request: Request, actor: Actor, runtime: Runtime) -> Response:
    return answer(request, runtime_resource(await view_of(request, actor), runtime))


def runtime_resource(view: View, runtime: Runtime) -> Resource:
    resource: Resource = {
        "id": runtime.id,
        "type": "NODEJS",
        "version": runtime.version,
        "dependencies": [
            {"name": each.name, "version": each.version, "defaultDependency": each.default}
            for each in runtime.dependencies
        ],
        "environmentVariables": runtime.variables,
    }
    if runtime.initialization is not None:
        resource["initializationScript"] = {"script": runtime.initialization}
    path = "/runtimes/nodejs"
    return resource | links(
        view,
        self=path,
        dependencies=f"{path}/dependencies",
        initializationScript=f"{path}/initialization-script",
        functions=f"{path}/functions",
    )


def function_resource(view: View, function: Function) -> Resource:
    resource: Resource = {
        "id": function.id,
        "type": function.trigger,
        "runtime": {"id": function.runtime_id, "type": "NODEJS", "version": RUNTIME_VERSION},
        "name": function.name,
        "enabled": function.enabled,
        "currentVersionNumber": function.current_version,
    }
    if function.description is not None:
        resource["description"] = function.description
    path = f"/functions/{function.id}"
    return resource | links(
        view,
        self=path,
        versions=f"{path}/versions",
        invocations=f"{path}/invocations",
        currentVersion=f"{path}/current-version",
    )


def version_resource(view: View, version: FunctionVersion) -> Resource:
    return {
        "id": version.id,
        "versionNumber": version.number,
        "handlerScript": version.script,
    } | links(view, self=f"/function-versions/{version.id}")


def invocation_resource(view: View, invocation: Invocation) -> Resource:
    return {
        "id": invocation.id,
        "versionNumber": invocation.version_number,
        "args": invocation.args,
        "status": invocation.status,
        "result": invocation.result,
        "createdTime": instant(invocation.created),
    } | links(view)


_RUNTIME = "/runtimes/nodejs"
_ONE = "/functions/{id}"
routes = [
    Route(_RUNTIME, retrieve_nodejs_runtime),
    Route(f"{_RUNTIME}/dependencies", update_nodejs_runtime_dependencies, methods=["PUT"]),
    Route(
        f"{_RUNTIME}/environment-variables",
        update_nodejs_runtime_environment_variables,
        methods=["PUT"],
    ),
    Route(
        f"{_RUNTIME}/initialization-script",
        update_nodejs_runtime_initialization_script,
        methods=["PUT"],
    ),
    Route(f"{_RUNTIME}/functions", list_nodejs_runtime_functions),
    Route(f"{_RUNTIME}/functions", create_nodejs_runtime_function, methods=["POST"]),
    Route(_ONE, retrieve_function),
    Route(f"{_ONE}/current-version", retrieve_function_current_version),
    Route(f"{_ONE}/versions", list_function_versions),
    Route(f"{_ONE}/versions", create_function_version, methods=["POST"]),
    Route(f"{_ONE}/invocations", list_function_invocations),
    Route("/function-versions/{id}", retrieve_function_version),
]
