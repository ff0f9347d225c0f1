"""The Platform API over a real core: a back end's client, and one that brings no token."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette

from chat.actors import Actor
from chat.applications import Credentials
from chat.channels import Channel, NewChannel
from chat.chat import Chat
from server.dialects import chatkitty
from server.dialects.chatkitty.reference import document

from .conformance import Conformance

BASE = "http://chat.test"
CONFORMANCE = Conformance(document())
HOOKS = {"response": [CONFORMANCE.check]}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What all tests called is known after the last of them."""
    items.sort(key=lambda item: item.name == "test_every_operation_was_called")


@pytest.fixture
async def anonymous(chat: Chat) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token."""
    transport = httpx.ASGITransport(Starlette(routes=chatkitty.routes(chat)))
    async with httpx.AsyncClient(transport=transport, base_url=BASE, event_hooks=HOOKS) as client:
        yield client


@asynccontextmanager
async def _back_end(chat: Chat, credentials: Credentials) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=chatkitty.routes(chat)))
    async with httpx.AsyncClient(
        transport=transport, base_url=f"{BASE}/v1", event_hooks=HOOKS
    ) as client:
        granted = await client.post(
            f"{BASE}/oauth/token",
            auth=(credentials.client_id, credentials.client_secret),
            data={"grant_type": "client_credentials"},
        )
        client.headers["Authorization"] = f"Bearer {granted.json()['access_token']}"
        yield client


@pytest.fixture
async def api(chat: Chat, application: Credentials) -> AsyncIterator[httpx.AsyncClient]:
    """The back end of the application."""
    async with _back_end(chat, application) as client:
        yield client


@pytest.fixture
async def stranger(chat: Chat) -> AsyncIterator[httpx.AsyncClient]:
    """The back end of another application."""
    credentials = await chat.applications.create(f"other-{secrets.token_hex(8)}")
    async with _back_end(chat, credentials) as client:
        yield client


@pytest.fixture
async def room(chat: Chat, actor: Actor, jane: Actor, john: Actor) -> Channel:
    """A private channel of jane and john."""
    members = [jane.require_user().id, john.require_user().id]
    new = NewChannel(
        kind="PRIVATE", name="room", display_name="The room", members=members, owner_id=members[0]
    )
    return await chat.channels.create(actor, new)
