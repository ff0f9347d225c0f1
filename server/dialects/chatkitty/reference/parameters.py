"""The query parameters and headers of the Platform API, as the reference describes them."""

from chat.pages import MAX_PAGE_SIZE
from server.openapi import Json, header, query

_TEXT: Json = {"type": "string"}
_ID: Json = {"type": "integer", "format": "int64", "minimum": 0, "maximum": 2**53 - 1}
_SIZE: Json = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": 25}
_TIME: Json = {"type": "string", "format": "date-time"}


def _one_of(*values: str) -> Json:
    return {"type": "string", "enum": list(values)}


def text(name: str, description: str, *, required: bool = False) -> Json:
    return query(name, _TEXT, description, required=required)


SIZE = query("size", _SIZE, "How many items a page holds.")
PAGE = (
    query("page", {"type": "integer", "minimum": 0, "default": 0}, "The page, counted from 0."),
    SIZE,
    query(
        "sort",
        {"type": "array", "items": _TEXT},
        "What to sort by: property,(asc|desc). Ascending by default; may be repeated.",
    ),
)
CURSOR = (
    SIZE,
    query("start", _ID, "The cursor of the newest item of the page this one follows."),
    query("next", _ID, "The cursor of its oldest item."),
    query("relation", _one_of("SELF", "PREVIOUS", "NEXT"), "Which page, seen from that one."),
)
USERNAME = text("username", "Only messages of the user of this name.")
TEXT_SEARCH = text("query", "Only messages that contain this text.")
PROPERTIES = text("properties", "A JSON object that the properties must contain.")
STATE = query("state", _one_of("ACTIVE", "ENDED"), "Only sessions in this state.")
UNREAD = query("unread", {"type": "boolean"}, "Only what is unread.")
RUNNING = query("running", {"type": "boolean"}, "Only jobs that are, or are not, running.")
KEY = text("key", "The key of the file.")
CHANNEL_FILTERS = (
    query("type", _one_of("DIRECT", "PUBLIC", "PRIVATE"), "Only channels of this type."),
    query(
        "members",
        {"type": "array", "items": _TEXT, "maxItems": 100},
        "Only channels that have all these users, by name, among their members.",
    ),
    query("startTime", _TIME, "Only channels created at this time or later."),
    query("endTime", _TIME, "Only channels created before this time."),
    PROPERTIES,
)
IDEMPOTENCY_KEY = header(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255},
    "A request repeated with the same key is answered with the first result.",
)

FILE_FORM: Json = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary"}},
}
MESSAGE_FORM: Json = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary"},
        "groupTag": _TEXT,
        "username": _TEXT | {"description": "On whose behalf; without it, the system sends."},
        "properties": _TEXT | {"description": "A JSON object."},
    },
}
