"""What is answered about functions, jobs, tokens and organizations."""

from typing import Literal

from msgspec import UNSET, UnsetType

from chat.functions import InvocationStatus
from chat.organizations import OrganizationRole
from server.dialects.chatkitty.models import (
    ChatUserProperties,
    Count,
    Id,
    Json,
    Model,
    Resource,
    Time,
)
from server.dialects.chatkitty.requests import (
    ChatRuntimeDependencyProperties,
    ChatRuntimeScriptProperties,
)


class ChatRuntimeResource(Resource, frozen=True, kw_only=True):
    id: Id
    type: Literal["NODEJS"]
    version: str
    dependencies: list[ChatRuntimeDependencyProperties]
    environment_variables: dict[str, str]
    initialization_script: ChatRuntimeScriptProperties | UnsetType = UNSET


class ChatFunctionChatRuntimeProperties(Model, frozen=True, kw_only=True):
    id: Id
    type: Literal["NODEJS"]
    version: str


class ChatFunctionResource(Resource, frozen=True, kw_only=True):
    id: Id
    type: str
    runtime: ChatFunctionChatRuntimeProperties
    name: str
    enabled: bool
    current_version_number: Count
    description: str | UnsetType = UNSET


class ChatFunctionVersionResource(Resource, frozen=True, kw_only=True):
    id: Id
    version_number: Count
    handler_script: str


class ChatFunctionInvocationResource(Resource, frozen=True, kw_only=True):
    id: Id
    version_number: Count
    args: Json
    status: InvocationStatus
    result: Json
    created_time: Time


class ApplicationJobProgressProperties(Model, frozen=True, kw_only=True):
    """Rows that were read and neither stored nor refused had been stored before."""

    rows_read: Count
    rows_stored: Count
    rows_refused: Count


class ApplicationJobResource(Resource, frozen=True, kw_only=True):
    id: Id
    type: Literal[
        "CHANNEL_IMPORT",
        "CHANNEL_MEMBERS_IMPORT",
        "MESSAGE_IMPORT",
        "USER_IMPORT",
        "MESSAGE_ANALYTICS_EXPORT",
        "USER_ANALYTICS_EXPORT",
    ]
    state: Literal["PENDING", "RUNNING", "FINISHED", "FAILED"]
    created_time: Time
    ended_time: Time | UnsetType = UNSET
    file: str | UnsetType = UNSET
    failure: str | UnsetType = UNSET
    progress: ApplicationJobProgressProperties


class NewTokenResource(Model, frozen=True, kw_only=True):
    """The only answer that ever shows the token."""

    id: Id
    token: str


class TokenResource(Model, frozen=True, kw_only=True):
    id: Id
    created_time: Time
    name: str | UnsetType = UNSET
    expires_time: Time | UnsetType = UNSET


class OrganizationSettingsProperties(Model, frozen=True, kw_only=True):
    event_rooms: bool
    close_after_seconds: Count


class OrganizationMemberResource(Model, frozen=True, kw_only=True):
    user: ChatUserProperties
    role: OrganizationRole


class OrganizationSummaryResource(Resource, frozen=True, kw_only=True):
    id: Id
    name: str
    settings: OrganizationSettingsProperties
    created_time: Time


class OrganizationResource(OrganizationSummaryResource, frozen=True, kw_only=True):
    members: list[OrganizationMemberResource]


class OrganizationEventResource(Resource, frozen=True, kw_only=True):
    id: Id
    name: str
    created_time: Time
    closed_time: Time | UnsetType = UNSET
    channel_id: Id | UnsetType = UNSET
