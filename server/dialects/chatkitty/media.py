"""Media types: what a body may come in as, and in which form it is answered."""

from typing import Any, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from server.dialects.chatkitty.spelling import to_snake

JSON = "application/json"
SNAKE_CASE = "application/vnd.chatkitty"
ANSWERED = (
    JSON,
    "application/hal+json",
    "application/vnd.hal+json",
    "application/vnd.chatkitty+json",
    "application/vnd.chatkitty.v1+json",
)
ACCEPTED = frozenset({*ANSWERED, "application/json+merge-patch", "application/merge-patch+json"})


class _Range(NamedTuple):
    type: str
    quality: float

    def fits(self, media_type: str) -> bool:
        kind = media_type.partition("/")[0]
        return self.type in (media_type, f"{kind}/*", "*/*")


def choose(accept: str | None) -> str | None:
    """The type to answer in, or None when nothing fits. Among equals what the client names first
    wins, then what this server would rather send."""
    if not accept or not accept.strip():
        return JSON
    ranges = [_range(part) for part in accept.split(",")]
    best: tuple[float, int] = (0.0, 0)
    chosen = None
    for media_type in ANSWERED:
        rank = _rank(media_type, ranges)
        if rank > best:
            best, chosen = rank, media_type
    return chosen


def _range(part: str) -> _Range:
    media_type, *parameters = (item.strip().lower() for item in part.split(";"))
    quality = next((item[2:] for item in parameters if item.startswith("q=")), "1")
    try:
        return _Range(media_type, min(max(float(quality), 0.0), 1.0))
    except ValueError:
        return _Range(media_type, 0.0)


def _rank(media_type: str, ranges: list[_Range]) -> tuple[float, int]:
    """Quality by the most specific range that fits, then how early that stands."""
    fitting = [(r.type.count("*"), n) for n, r in enumerate(ranges) if r.fits(media_type)]
    if not fitting:
        return (0.0, 0)
    _, place = min(fitting)
    quality = ranges[place].quality
    return (quality, -place) if quality > 0 else (0.0, 0)


def answer(
    request: Request, body: Any, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Encode a body in the type the client accepts best, and in the spelling of that type."""
    media_type = choose(request.headers.get("accept")) or JSON
    spelt = to_snake(body) if is_snake_case(media_type) else body
    return Response(
        msgspec.json.encode(spelt), status_code=status, headers=headers, media_type=media_type
    )


def is_snake_case(media_type: str) -> bool:
    return media_type.startswith(SNAKE_CASE)
