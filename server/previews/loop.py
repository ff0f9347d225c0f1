"""The loop of a node that fetches the previews somebody asked for."""

import asyncio
import logging

from chat.errors import Unavailable
from chat.previews import PreviewStore
from server.previews.fetch import Fetcher

logger = logging.getLogger("parlance.previews")

PAUSE_SECONDS = 1.0
AT_ONCE = 8


async def fetch_previews(store: PreviewStore) -> None:
    """Fetch what is due until cancelled. Outlives an absent database."""
    async with Fetcher() as fetcher:
        while True:
            try:
                claimed = await fetch_due(store, fetcher)
            except Unavailable as problem:
                logger.debug("previews are put off: %s", problem)
                claimed = 0
            if claimed < AT_ONCE:
                await asyncio.sleep(PAUSE_SECONDS)


async def fetch_due(store: PreviewStore, fetcher: Fetcher) -> int:
    """Fetch a few previews that are due, side by side; answer how many there were."""
    sources = await store.claim(AT_ONCE)
    found = await asyncio.gather(*(fetcher.fetch(source) for source in sources))
    await store.save(dict(zip(sources, found, strict=True)))
    return len(sources)
