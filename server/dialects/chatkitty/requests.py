"""Request bodies, named as their published schemas, and how they are read.

Rule: fields are spelt in camelCase here; `decode` accepts both spellings.
"""

from typing import Annotated, Any, Literal, NamedTuple, TypeVar, overload

from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.requests import Request

from chat.checks import MAX_ID, MAX_NAME_CHARACTERS
from chat.messages import File
from chat.organizations import OrganizationRole
from server.dialects.chatkitty.media import ACCEPTED
from server.dialects.chatkitty.spelling import to_camel
from server.http import convert, read_json

T = TypeVar("T")
Id = Annotated[int, Meta(ge=1, le=MAX_ID)]
Size = Annotated[int, Meta(ge=0, le=MAX_ID)]
Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME_CHARACTERS)]
Json = dict[str, Any]


@overload
async def decode(request: Request, wanted: type[T]) -> T: ...
@overload
async def decode(request: Request, wanted: Any) -> Any: ...
async def decode(request: Request, wanted: Any) -> Any:
    """Read the body as one of the types below. Raises Invalid, or HTTPException 413 or 415."""
    return convert(to_camel(await read_json(request, ACCEPTED)), wanted)


class PropertiesPatch(NamedTuple):
    """What a merge patch says of properties: to replace them all, to merge, or nothing."""

    properties: Json | None = None
    merge: Json | None = None


def properties_patch(patch: Json | UnsetType | None) -> PropertiesPatch:
    """RFC 7396: null takes all properties away, an object is merged into them."""
    if patch is UNSET:
        return PropertiesPatch()
    return PropertiesPatch(properties={}) if patch is None else PropertiesPatch(merge=patch)


def given(value: T | UnsetType) -> T | None:
    return None if value is UNSET else value


class Body(Struct, frozen=True, kw_only=True, rename="camel"):
    """Any request body."""


class ChatUserReference(Body, frozen=True, kw_only=True):
    """ChatUserIdReference or ChatUserUsernameReference."""

    id: Id | None = None
    username: str | None = None

    def __post_init__(self) -> None:
        if self.id is None and self.username is None:
            raise ValueError("A reference to a user needs id or username")


class UserBody(Body, frozen=True, kw_only=True):
    """CreateChannelInviteResource, and whatever else wraps one reference."""

    user: ChatUserReference


class CreatePersonChatUserResource(Body, frozen=True, kw_only=True):
    name: Name
    display_name: Name
    is_guest: bool = False
    properties: Json = {}


class ChatUserPresencePropertiesPatch(Body, frozen=True, kw_only=True):
    status: str | UnsetType = UNSET


class ChatUserPropertiesPatch(Body, frozen=True, kw_only=True):
    display_name: Name | UnsetType = UNSET
    is_guest: bool | UnsetType = UNSET
    presence: ChatUserPresencePropertiesPatch = ChatUserPresencePropertiesPatch()
    properties: Json | UnsetType | None = UNSET


class CreateChannelResource(Body, frozen=True, kw_only=True, tag_field="type"):
    creator: ChatUserReference | None = None
    members: list[ChatUserReference] = []
    properties: Json = {}


class CreateDirectChannelResource(CreateChannelResource, frozen=True, kw_only=True, tag="DIRECT"):
    pass


class CreateGroupChannelResource(CreateChannelResource, frozen=True, kw_only=True):
    name: Name | None = None
    display_name: Name | None = None


class CreatePublicChannelResource(
    CreateGroupChannelResource, frozen=True, kw_only=True, tag="PUBLIC"
):
    pass


class CreatePrivateChannelResource(
    CreateGroupChannelResource, frozen=True, kw_only=True, tag="PRIVATE"
):
    pass


AnyCreateChannelResource = (
    CreateDirectChannelResource | CreatePublicChannelResource | CreatePrivateChannelResource
)


class ChannelPropertiesPatch(Body, frozen=True, kw_only=True):
    display_name: Name | UnsetType = UNSET
    properties: Json | UnsetType | None = UNSET


class CreateChannelGenericEventResource(Body, frozen=True, kw_only=True):
    type: Name
    properties: Json


class CreateDelegatedReplyThreadKeystrokesResource(UserBody, frozen=True, kw_only=True):
    keys: str


class CreateExternalFileProperties(Body, frozen=True, kw_only=True):
    content_type: Name
    name: Name
    size: Size
    url: str


def file_of(file: CreateExternalFileProperties) -> File:
    return File(url=file.url, name=file.name, content_type=file.content_type, size=file.size)


class FileMessageForm(Body, frozen=True, kw_only=True):
    """What may stand beside the file of an uploaded message."""

    group_tag: str | None = None
    username: str | None = None
    properties: str | None = None


class CreateMessageResource(Body, frozen=True, kw_only=True, tag_field="type"):
    group_tag: str | None = None
    properties: Json = {}
    user: ChatUserReference | None = None


class CreateTextMessageResource(CreateMessageResource, frozen=True, kw_only=True, tag="TEXT"):
    body: str


class CreateFileMessageResource(CreateMessageResource, frozen=True, kw_only=True, tag="FILE"):
    file: CreateExternalFileProperties


AnyCreateMessageResource = CreateTextMessageResource | CreateFileMessageResource


class MessagePropertiesPatch(Body, frozen=True, kw_only=True):
    body: str | UnsetType = UNSET
    properties: Json | UnsetType | None = UNSET


class CreateTokenResource(Body, frozen=True, kw_only=True):
    name: Name | None = None
    expires_in: int | None = None


class UserIdReference(Body, frozen=True, kw_only=True):
    id: Id


class OrganizationMemberProperties(Body, frozen=True, kw_only=True):
    user: UserIdReference
    role: OrganizationRole = "member"


class OrganizationSettings(Body, frozen=True, kw_only=True):
    event_rooms: bool | None = None
    close_after_seconds: Size | None = None


class CreateOrganizationResource(Body, frozen=True, kw_only=True):
    name: Name
    members: list[OrganizationMemberProperties] = []
    settings: OrganizationSettings = OrganizationSettings()


class OrganizationPropertiesPatch(Body, frozen=True, kw_only=True):
    name: Name | None = None
    settings: OrganizationSettings = OrganizationSettings()


class OrganizationMemberRole(Body, frozen=True, kw_only=True):
    role: OrganizationRole


class CreateOrganizationEventResource(Body, frozen=True, kw_only=True):
    name: Name
    accepted: list[Id] = []


class ChatRuntimeDependencyProperties(Body, frozen=True, kw_only=True):
    name: Name
    version: Name
    default_dependency: bool = False


class ChatRuntimeScriptProperties(Body, frozen=True, kw_only=True):
    script: str


class CreateChatFunctionResource(Body, frozen=True, kw_only=True):
    type: Name
    name: Name
    description: str | None = None
    initialize_asynchronously: bool = False


class CreateChatFunctionVersionResource(Body, frozen=True, kw_only=True):
    handler_script: str


class SecretResource(Body, frozen=True, kw_only=True):
    secret: Json


Switch = Literal["ENABLED", "DISABLED"]


class FeaturesProperties(Body, frozen=True, kw_only=True):
    guest_users: Switch | None = None
    user_created_channels: Switch | None = None


class ApplicationSettingsProperties(FeaturesProperties, frozen=True, kw_only=True):
    """Both settings, flat or, as in the published examples, under `features`."""

    features: FeaturesProperties = FeaturesProperties()

    def __post_init__(self) -> None:
        if self.guests is None or self.channels is None:
            raise ValueError("Settings need guestUsers and userCreatedChannels")

    @property
    def guests(self) -> Switch | None:
        return self.guest_users or self.features.guest_users

    @property
    def channels(self) -> Switch | None:
        return self.user_created_channels or self.features.user_created_channels
