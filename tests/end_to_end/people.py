"""The back end's side: users, tokens and rooms are made over REST, and a few things that no
published path offers yet by the core itself, as one more node beside those of the server."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from chat.actors import Actor
from chat.chat import Chat
from storage.postgres.store import open_store
from storage.redis.broker import RedisBroker

from .serving import Serving


class Person:
    """A user with a token."""

    def __init__(self, user_id: int, name: str, token_id: int, token: str) -> None:
        self.id = user_id
        self.name = name
        self.token_id = token_id
        self.token = token


class Backend:
    """A client of the Platform API, authorized."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Call and expect success; the decoded body."""
        answer = await self._http.request(method, f"/v1{path}", json=body, headers=headers)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def person(self, name: str) -> Person:
        unique = f"{name}-{secrets.token_hex(4)}"
        user = await self.call("POST", "/users", {"name": unique, "displayName": name.title()})
        made = await self.call("POST", f"/users/{user['id']}/tokens")
        return Person(user["id"], unique, made["id"], made["token"])

    async def room(self, *members: Person, kind: str = "PUBLIC") -> int:
        """A group in which these people are members, made by nobody."""
        room = await self.call(
            "POST",
            "/channels",
            {
                "type": kind,
                "name": f"room-{secrets.token_hex(4)}",
                "members": [{"id": member.id} for member in members],
            },
        )
        channel_id: int = room["id"]
        return channel_id

    async def is_online(self, person: Person) -> bool:
        user = await self.call("GET", f"/users/{person.id}")
        online: bool = user["presence"]["online"]
        return online


class Core:
    """The core over the server's own PostgreSQL and Valkey."""

    def __init__(self, chat: Chat, application_id: int) -> None:
        self._chat = chat
        self._application = Actor(application_id=application_id)

    async def put_out(self, room: int, person: Person, *, ban: bool) -> None:
        await self._chat.members.remove(self._application, room, person.id, ban=ban)

    async def block(self, who: Person, whom: Person) -> None:
        user = await self._chat.users.get(self._application, who.id)
        actor = Actor(application_id=self._application.application_id, user=user)
        await self._chat.users.block(actor, whom.id)


@asynccontextmanager
async def core_of(server: Serving) -> AsyncIterator[Core]:
    node = secrets.token_hex(8)
    broker = RedisBroker(server.redis_url, node, lambda _: None, lambda: None)
    running = asyncio.create_task(broker.run())
    try:
        async with open_store(server.database_url, node, size=4) as store:
            await broker.first_connected.wait()
            yield Core(Chat(store, broker), server.credentials()["application_id"])
    finally:
        running.cancel()
        await asyncio.wait([running])


@asynccontextmanager
async def backend_of(server: Serving) -> AsyncIterator[Backend]:
    """Sign in with the credentials of the server's first start."""
    saved = server.credentials()
    # No connection is kept: the next call may meet any node, and a killed one leaves no trace.
    async with httpx.AsyncClient(
        base_url=server.url,
        limits=httpx.Limits(max_keepalive_connections=0),
        timeout=30.0,
        trust_env=False,
    ) as http:
        answer = await http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(saved["client_id"], saved["client_secret"]),
        )
        answer.raise_for_status()
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield Backend(http)
