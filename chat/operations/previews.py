"""Previews of the links in messages. They are fetched in the background, for links that somebody
looks at: the first look asks for them, a later one shows them."""

from collections.abc import Sequence

from chat.links import Preview, find_links
from chat.messages import Message
from chat.store import Store

MAX_PREVIEWS = 4
"""Of one message: the first links that are in it."""


class Previews:
    def __init__(self, store: Store, *, enabled: bool) -> None:
        self._store = store
        self._enabled = enabled

    async def of(self, messages: Sequence[Message]) -> dict[str, Preview]:
        """The previews known of links in these messages, by address. Unknown ones are asked for."""
        if not self._enabled:
            return {}
        sources = {
            link.source
            for message in messages
            if message.text and "://" in message.text
            for link in find_links(message.text)[:MAX_PREVIEWS]
        }
        if not sources:
            return {}
        known, missing = await self._store.previews.known(sorted(sources))
        if missing:
            await self._store.previews.ask(sorted(missing))
        return known
