"""What a page says of itself: Open Graph tags, and else its title, description and icon. Pure."""

import contextlib
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from chat.links import Preview

MAX_TITLE_CHARACTERS = 300
MAX_DESCRIPTION_CHARACTERS = 1000
MAX_ADDRESS_CHARACTERS = 2000


def read_page(url: str, html: str) -> Preview | None:
    """The preview of a page found at this address, or None when it has no title."""
    head = _Head()
    # So html.parser refuses a declaration it does not know; what came before it counts.
    with contextlib.suppress(AssertionError):
        head.feed(html)
    title = _short(head.tags.get("og:title") or head.title, MAX_TITLE_CHARACTERS)
    if title is None:
        return None
    description = head.tags.get("og:description") or head.tags.get("description")
    image = _address(url, head.tags.get("og:image")) or _address(url, head.icon)
    return Preview(
        url=url,
        title=title,
        image=image or urljoin(url, "/favicon.ico"),
        description=_short(description, MAX_DESCRIPTION_CHARACTERS),
        site_name=_short(head.tags.get("og:site_name"), MAX_TITLE_CHARACTERS),
    )


class _Head(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: dict[str, str] = {}
        self.title = ""
        self.icon: str | None = None
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._in_title = tag == "title" and not self.title
        if tag == "meta":
            name = given.get("property") or given.get("name") or ""
            self.tags.setdefault(name.lower(), given.get("content", ""))
        elif tag == "link" and "icon" in given.get("rel", "").lower().split():
            self.icon = self.icon or given.get("href")

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title and len(self.title) < MAX_TITLE_CHARACTERS:
            self.title += data


def _short(text: str | None, limit: int) -> str | None:
    """One line of what can be stored, or None when nothing is left."""
    clean = " ".join((text or "").replace("\x00", "").split())
    storable = clean.encode("utf-8", "replace").decode()
    return storable[:limit] or None


def _address(base: str, text: str | None) -> str | None:
    if not text or len(text) > MAX_ADDRESS_CHARACTERS:
        return None
    try:
        address = urljoin(base, text.strip())
        usable = urlsplit(address).scheme in ("http", "https")
    except ValueError:
        return None
    return _short(address, MAX_ADDRESS_CHARACTERS) if usable else None
