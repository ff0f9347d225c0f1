"""Ranges and validators of HTTP (RFC 9110, sections 13 and 14). Pure.

Rule: a condition or range that cannot be read is ignored, as the norm wants it.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Unsatisfiable(Exception):
    """The range lies outside of what there is."""


def http_date(time: datetime) -> str:
    return format_datetime(time.astimezone(UTC), usegmt=True)


def not_modified(headers: Mapping[str, str], etag: str, modified: datetime) -> bool:
    """Whether the client has this already."""
    known = headers.get("if-none-match")
    if known is not None:
        # Section 13.1.2: the comparison is weak, and takes precedence over dates.
        return known.strip() == "*" or etag in [
            each.strip().removeprefix("W/") for each in known.split(",")
        ]
    since = _date(headers.get("if-modified-since", ""))
    return since is not None and modified.replace(microsecond=0) <= since


def wanted_range(
    headers: Mapping[str, str], etag: str, modified: datetime, size: int
) -> tuple[int, int] | None:
    """Which bytes are asked for, as [start, end); None for all. Of several ranges none is taken,
    which the norm allows. Raises Unsatisfiable."""
    found = _RANGE.fullmatch(headers.get("range", "").replace(" ", "").lower())
    if found is None or not _holds(headers.get("if-range"), etag, modified):
        return None
    first, last = found.groups()
    if not first and not last:
        return None
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= end:
        raise Unsatisfiable
    return start, end


def _holds(condition: str | None, etag: str, modified: datetime) -> bool:
    """If-Range, section 13.1.5: a strong tag or the exact date."""
    if condition is None:
        return True
    if condition.startswith(('"', "W/")):
        return condition.strip() == etag
    return _date(condition) == modified.replace(microsecond=0)


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
