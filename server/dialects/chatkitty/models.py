"""What is answered about applications, users, channels and sessions, by its published names.

Rule: these Structs only describe: handlers answer the dictionaries of `resources`, and every
answer seen in a test is validated against the schemas that come from here. A field that may be
left out is UNSET by default; none is ever null.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct, field

from chat.checks import MAX_ID

Id = Annotated[int, Meta(ge=1, le=MAX_ID, extra_json_schema={"format": "int64"})]
Count = Annotated[int, Meta(ge=0, extra_json_schema={"format": "int64"})]
Number = Annotated[int, Meta(ge=0, extra_json_schema={"format": "int32"})]
Time = Annotated[datetime, Meta(tz=True)]
Json = dict[str, Any]


class Model(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    pass


class Link(Model, frozen=True, kw_only=True):
    href: str


Links = dict[str, Link]


class Resource(Model, frozen=True, kw_only=True):
    links: Links = field(name="_links")


class ApiError(Model, frozen=True, kw_only=True):
    """A refusal. `properties.code` is stable, texts are for people."""

    error: str
    message: str
    timestamp: Time
    explanation: str | UnsetType = UNSET
    properties: Json | UnsetType = UNSET


class AuthenticationError(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A refusal of who calls (401) or of what he may do (403)."""

    error: str
    error_description: str


class AccessToken(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    access_token: str
    token_type: Literal["bearer"]
    expires_in: Count
    scope: str


class PageMetadata(Model, frozen=True, kw_only=True):
    size: Count
    total_elements: Count
    total_pages: Count
    number: Count


class CursorPageMetadata(Model, frozen=True, kw_only=True):
    size: Count
    start: str | UnsetType = UNSET
    next: str | UnsetType = UNSET
    total: Count | UnsetType = UNSET


def paged(name: str, item: Any, called: str) -> Any:
    """The page by number of an item: `_embedded` holds a list of the given name."""
    return _collection("PagedModel", name, item, called, page=PageMetadata)


def cursor_paged(name: str, item: Any, called: str) -> Any:
    return _collection("CursorPagedModel", name, item, called, page=CursorPageMetadata)


def whole(name: str, item: Any, called: str) -> Any:
    """A list that has no pages."""
    return _collection("CollectionModel", name, item, called)


def _collection(kind: str, name: str, item: Any, called: str, **fields: Any) -> Any:
    title = f"{kind}{called}"
    embedded = defstruct(f"{title}Embedded", [(name, list[item])], bases=(Model,), frozen=True)
    own: list[Any] = [("embedded", embedded, field(name="_embedded")), *fields.items()]
    return defstruct(title, own, bases=(Resource,), frozen=True, kw_only=True)


class ApplicationResource(Resource, frozen=True, kw_only=True):
    id: Id
    key: str
    properties: Json
    created_time: Time


Switch = Literal["ENABLED", "DISABLED"]


class ApplicationFeatures(Model, frozen=True, kw_only=True):
    guest_users: Switch
    user_created_channels: Switch


class ApplicationSettingsResource(ApplicationFeatures, frozen=True, kw_only=True):
    """`features` repeats the settings in the older form."""

    features: ApplicationFeatures
    links: Links = field(name="_links")


class ChatUserPresenceProperties(Model, frozen=True, kw_only=True):
    status: str
    online: bool


class ChatUserProperties(Model, frozen=True, kw_only=True):
    id: Id
    type: Literal["PERSON", "BOT"]
    name: str
    display_name: str
    display_picture_url: str
    is_guest: bool
    presence: ChatUserPresenceProperties
    call_status: Literal["AVAILABLE", "IN_CALL"]
    properties: Json


class ChatUserResource(ChatUserProperties, frozen=True, kw_only=True):
    links: Links = field(name="_links")


class CountResource(Model, frozen=True, kw_only=True):
    count: Count


class ChatUserSessionProperties(Model, frozen=True, kw_only=True):
    id: Id
    state: Literal["ACTIVE", "ENDED"]
    user: ChatUserProperties
    created_time: Time
    end_time: Time | UnsetType = UNSET
    user_agent: str | UnsetType = UNSET


class ChatUserSessionResource(ChatUserSessionProperties, frozen=True, kw_only=True):
    links: Links = field(name="_links")


class ChatSessionResource(Resource, frozen=True, kw_only=True):
    id: Id
    state: Literal["ACTIVE", "ENDED"]
    session: ChatUserSessionProperties
    created_time: Time
    end_time: Time | UnsetType = UNSET


class ChannelMembershipResource(Resource, frozen=True, kw_only=True):
    created_time: Time


class ChannelInviteResource(Resource, frozen=True, kw_only=True):
    created_time: Time


class ChannelGenericEventResource(Resource, frozen=True, kw_only=True):
    type: str
    properties: Json
    user: ChatUserProperties | UnsetType = UNSET


class ReplyThreadKeystrokesResource(Resource, frozen=True, kw_only=True):
    keys: str
    username: str
