"""What every test of the client may ask for."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

import parlance
from tests.clients.python.peer import Peer, running_peer

Connect = Callable[..., parlance.Chat]


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with running_peer() as peer:
        yield peer


@pytest.fixture
def waits() -> list[float]:
    """The delays that the client slept, as it asked for them."""
    return []


@pytest.fixture
def connect(peer: Peer, waits: list[float]) -> Connect:
    """A client of the peer whose delays pass at once."""

    async def pass_at_once(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    def connect(**options: Any) -> parlance.Chat:
        identity = {} if "api_key" in options else {"token": "t0ken"}
        defaults = {"proxy": None, "_sleep": pass_at_once, **identity}
        return parlance.connect(peer.url, **{**defaults, **options})

    return connect
