"""HAL collections: pages by number and by cursor, with the links that lead on from them."""

import math
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request

from chat.pages import CursorPage, Page
from server.dialects.chatkitty.view import View

Resource = dict[str, Any]
_PAGE = frozenset({"page", "size"})
_CURSOR = frozenset({"size", "start", "next", "relation"})


def page_resource(
    request: Request, view: View, name: str, items: Sequence[Resource], page: Page[Any]
) -> Resource:
    """A page by number. One that holds everything links to itself only."""
    number, size = page.request.number, page.request.size
    pages = math.ceil(page.total / size)
    numbers = {"self": number}
    if pages > 1 or number > 0:
        numbers |= {"first": 0, "last": max(pages - 1, 0)}
    if number > 0:
        numbers["prev"] = number - 1
    if number + 1 < pages:
        numbers["next"] = number + 1
    return {
        "_embedded": {name: list(items)},
        "_links": {
            relation: {"href": _href(request, view, _PAGE, page=target, size=size)}
            for relation, target in numbers.items()
        },
        "page": {"size": size, "totalElements": page.total, "totalPages": pages, "number": number},
    }


def cursor_resource(
    request: Request,
    view: View,
    items: Sequence[Resource],
    page: CursorPage[Any],
    name: str = "messages",
) -> Resource:
    """A page of what has ids, by cursor: `start` is its newest one's, `next` its oldest one's,
    or where an unfilled page ends."""
    size = page.request.size
    cursor = {"start": page.items[0].id, "next": page.items[-1].id} if page.items else {}
    if page.end is not None:
        cursor = {"start": cursor.get("start", page.end), "next": page.end}
    relations = {"self": "SELF"}
    if cursor and page.newer:
        relations["prev"] = "PREVIOUS"
    if cursor and page.older:
        relations["next"] = "NEXT"
    metadata: Resource = {"size": size}
    if cursor:
        metadata["start"] = str(cursor["start"])
    if "next" in relations:
        metadata["next"] = str(cursor["next"])
    return {
        "_embedded": {name: list(items)},
        "_links": {
            relation: {
                "href": _href(
                    request, view, _CURSOR, **cursor, size=size, **_relation(cursor, value)
                )
            }
            for relation, value in relations.items()
        },
        "page": metadata,
    }


def collection(request: Request, view: View, name: str, items: Sequence[Resource]) -> Resource:
    """A list that is always whole."""
    return {
        "_embedded": {name: list(items)},
        "_links": {"self": {"href": _href(request, view, frozenset())}},
    }


def _relation(cursor: dict[str, int], relation: str) -> dict[str, str]:
    return {"relation": relation} if cursor else {}


def _href(request: Request, view: View, replaced: frozenset[str], **query: int | str) -> str:
    """This request's own address with its filters, and these parameters instead of `replaced`."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    filters = [item for item in request.query_params.multi_items() if item[0] not in replaced]
    text = urlencode([*filters, *query.items()])
    return view.href(quote(path)) + (f"?{text}" if text else "")
