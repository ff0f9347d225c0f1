"""What is said of the published tags about the application as a whole: `Application`, `Runtime`,
`Functions`, `FunctionVersions`, `Imports`, `Analytics` and `Jobs`."""

from server.dialects.chatkitty.models import ApplicationResource, ApplicationSettingsResource
from server.dialects.chatkitty.other_models import (
    ApplicationJobResource,
    ChatFunctionResource,
    ChatFunctionVersionResource,
    ChatRuntimeResource,
)
from server.dialects.chatkitty.reference import collections as lists
from server.dialects.chatkitty.reference.parameters import FILE_FORM, KEY, PAGE, RUNNING
from server.dialects.chatkitty.requests import (
    ApplicationSettingsProperties,
    ChatRuntimeDependencyProperties,
    ChatRuntimeScriptProperties,
    CreateChatFunctionResource,
    CreateChatFunctionVersionResource,
)
from server.openapi import Operation


def _changes_runtime(summary: str, body: object) -> Operation:
    return Operation(
        tag="Runtime",
        summary=summary,
        answers=ChatRuntimeResource,
        body=body,
    )


def _begins_job(tag: str, summary: str, form: dict[str, object] | None) -> Operation:
    return Operation(
        tag=tag,
        summary=summary,
        description="Answers a job; it is done when its state is FINISHED.",
        answers=ApplicationJobResource,
        form=form,
        status=202,
    )


def _downloads(summary: str, media_type: str) -> Operation:
    return Operation(
        tag="Jobs",
        summary=summary,
        description="The rows of an export, or what an import did not store and why. The address "
        "that a job answers holds the key; with a token it is not needed.",
        content=(media_type,),
        query=(KEY,),
        public=True,
    )


OPERATIONS = {
    "retrieveApplication": Operation(
        tag="Application",
        summary="Retrieve the application",
        answers=ApplicationResource,
    ),
    "retrieveApplicationSettings": Operation(
        tag="Application",
        summary="Retrieve the settings of the application",
        answers=ApplicationSettingsResource,
    ),
    "updateApplicationSettings": Operation(
        tag="Application",
        summary="Change the settings of the application",
        answers=ApplicationSettingsResource,
        body=ApplicationSettingsProperties,
    ),
    "retrieveApplicationMessageReadReceiptSummaries": Operation(
        tag="Application",
        summary="List how much each user has read in each channel",
        answers=lists.SUMMARIES,
        query=PAGE,
    ),
    "retrieveNodejsRuntime": Operation(
        tag="Runtime",
        summary="Retrieve the runtime of chat functions",
        answers=ChatRuntimeResource,
    ),
    "updateNodejsRuntimeDependencies": _changes_runtime(
        "Replace the npm packages of the runtime", list[ChatRuntimeDependencyProperties]
    ),
    "updateNodejsRuntimeEnvironmentVariables": _changes_runtime(
        "Replace the environment variables of the runtime", dict[str, str]
    ),
    "updateNodejsRuntimeInitializationScript": _changes_runtime(
        "Replace the initialization script of the runtime", ChatRuntimeScriptProperties
    ),
    "listNodejsRuntimeFunctions": Operation(
        tag="Runtime",
        summary="List chat functions",
        answers=lists.FUNCTIONS,
        query=PAGE,
    ),
    "createNodejsRuntimeFunction": Operation(
        tag="Runtime",
        summary="Create a chat function",
        answers=ChatFunctionResource,
        body=CreateChatFunctionResource,
    ),
    "retrieveFunction": Operation(
        tag="Functions",
        summary="Retrieve a chat function",
        answers=ChatFunctionResource,
    ),
    "retrieveFunctionCurrentVersion": Operation(
        tag="Functions",
        summary="Retrieve the current version of a chat function",
        answers=ChatFunctionVersionResource,
    ),
    "listFunctionInvocations": Operation(
        tag="Functions",
        summary="List the runs of a chat function, newest first",
        answers=lists.INVOCATIONS,
        query=PAGE,
    ),
    "listFunctionVersions": Operation(
        tag="Functions",
        summary="List the versions of a chat function, newest first",
        answers=lists.VERSIONS,
        query=PAGE,
    ),
    "createFunctionVersion": Operation(
        tag="Functions",
        summary="Add a version of a chat function, which becomes the current one",
        answers=ChatFunctionVersionResource,
        body=CreateChatFunctionVersionResource,
    ),
    "retrieveFunctionVersion": Operation(
        tag="FunctionVersions",
        summary="Retrieve a version of a chat function",
        answers=ChatFunctionVersionResource,
    ),
    "importChannels": _begins_job("Imports", "Import channels", FILE_FORM),
    "importChannelMembers": _begins_job("Imports", "Import members of a channel", FILE_FORM),
    "importMessages": _begins_job("Imports", "Import messages", FILE_FORM),
    "importUsers": _begins_job("Imports", "Import users", FILE_FORM),
    "exportMessageAnalytics": _begins_job("Analytics", "Export a row for each message", None),
    "exportUserAnalytics": _begins_job("Analytics", "Export a row for each user", None),
    "listJobs": Operation(
        tag="Jobs",
        summary="List imports and exports",
        answers=lists.JOBS,
        query=(*PAGE, RUNNING),
    ),
    "retrieveJob": Operation(
        tag="Jobs",
        summary="Retrieve an import or export",
        answers=ApplicationJobResource,
    ),
    "retrieveJobFile": _downloads(
        "Download what a job made, as JSON lines", "application/x-ndjson"
    ),
    "retrieveJobCsv": _downloads("Download what a job made, as CSV", "text/csv"),
}
