"""Request bodies, named as their published schemas, and how they are read.

Rule: fields are spelt in camelCase here; `decode` accepts both spellings.
"""

from typing import Annotated, Any, TypeVar, overload

from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.requests import Request

from chat.checks import MAX_ID, check_properties
from chat.organizations import OrganizationRole
from server.dialects.chatkitty.media import ACCEPTED
from server.dialects.chatkitty.spelling import to_camel
from server.http import convert, read_json

T = TypeVar("T")
Id = Annotated[int, Meta(ge=1, le=MAX_ID)]
Size = Annotated[int, Meta(ge=0, le=MAX_ID)]
Json = dict[str, Any]


@overload
async def decode(request: Request, wanted: type[T]) -> T: ...
@overload
async def decode(request: Request, wanted: Any) -> Any: ...
async def decode(request: Request, wanted: Any) -> Any:
    """Read the body as one of the types below. Raises Invalid, or HTTPException 413 or 415."""
    return convert(to_camel(await read_json(request, ACCEPTED)), wanted)


def merged(stored: Json, patch: Json | UnsetType | None) -> Json | None:
    """Properties after a merge patch (RFC 7396), or None when the patch does not name them."""
    if patch is UNSET:
        return None
    if patch is None:
        return {}
    check_properties("properties", patch)  # also bounds the depth of the merge
    result: Json = _merge(stored, patch)
    return result


def _merge(stored: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = dict(stored) if isinstance(stored, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merge(result.get(key), value)
    return result


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
    name: str
    display_name: str
    is_guest: bool = False
    properties: Json = {}


class ChatUserPresencePropertiesPatch(Body, frozen=True, kw_only=True):
    status: str | UnsetType = UNSET


class ChatUserPropertiesPatch(Body, frozen=True, kw_only=True):
    display_name: str | UnsetType = UNSET
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
    name: str | None = None
    display_name: str | None = None


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
    display_name: str | UnsetType = UNSET
    properties: Json | UnsetType | None = UNSET


class CreateChannelGenericEventResource(Body, frozen=True, kw_only=True):
    type: str
    properties: Json


class CreateDelegatedReplyThreadKeystrokesResource(UserBody, frozen=True, kw_only=True):
    keys: str


class CreateExternalFileProperties(Body, frozen=True, kw_only=True):
    content_type: str
    name: str
    size: Size
    url: str


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
    name: str | None = None
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
    name: str
    members: list[OrganizationMemberProperties] = []
    settings: OrganizationSettings = OrganizationSettings()


class OrganizationPropertiesPatch(Body, frozen=True, kw_only=True):
    name: str | None = None
    settings: OrganizationSettings = OrganizationSettings()


class OrganizationMemberRole(Body, frozen=True, kw_only=True):
    role: OrganizationRole


class CreateOrganizationEventResource(Body, frozen=True, kw_only=True):
    name: str
    accepted: list[Id] = []
