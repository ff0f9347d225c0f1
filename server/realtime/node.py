"""Realtime: the live side of one node. It greets sockets, follows what becomes of their users,
and keeps what belongs to no single socket: typing, departures, keep-alive, drain.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from chat.actors import Actor
from chat.chat import Chat
from chat.checks import MAX_ID, check_text
from chat.errors import NotFound, Unauthorized, Unavailable
from chat.events import Typed
from chat.operations.messages import HISTORY_LIMIT
from chat.sessions import Opening
from protocol.errors import CloseCode
from protocol.native import frames as native
from server.realtime.client import Client
from server.realtime.commands import HANDLERS
from server.realtime.departures import Departures
from server.realtime.hub import Hub, LocalUser
from server.realtime.session import Session
from server.realtime.views import place_view, user_view
from server.settings import Settings
from storage.postgres.store import PostgresStore

logger = logging.getLogger("parlance.realtime")

TYPING_SECONDS = 6.0
"""Somebody who was typing and says nothing more for so long has stopped."""
USER_AGENT_BYTES = 1024
ID_DIGITS = len(str(MAX_ID))
DRAIN_SPREAD = 0.8
"""The share of the drain period over which clients are told to come back."""


class Realtime:
    def __init__(
        self, settings: Settings, node: str, chat: Chat, store: PostgresStore, hub: Hub
    ) -> None:
        self.settings = settings
        self.node = node
        self.chat = chat
        self.store = store
        self.hub = hub
        self.slow_closed = 0
        self.loop = asyncio.get_running_loop()
        self.clients: set[Client] = set()
        self.departures = Departures(chat, settings.presence_grace_seconds)
        self.draining = False
        self._drain_at: dict[Client, float] = {}
        self.limits = native.Limits(
            frame_bytes=settings.max_frame_bytes,
            text_bytes=65_536,
            history=HISTORY_LIMIT,
            commands_per_second=settings.commands_per_second,
        )

    @staticmethod
    def handler_of(command: native.AnyCommand) -> Callable[..., Awaitable[Any]]:
        return HANDLERS[type(command)]

    # Arriving

    async def greet(self, session: Session, command: native.Hello) -> None:
        """Say hello: who is it, what has he missed, and what comes from now on."""
        client = session.client
        user_agent = command.client or session.user_agent
        if user_agent is not None:
            check_text("client", user_agent, limit_bytes=USER_AGENT_BYTES)
        actor = await self._authenticate(session, command)
        user = actor.require_user()
        client.token_id = actor.token_id
        local = await self.hub.enter(user, client)
        # Asked again now that this node hears of it: a token revoked in between is found here.
        if actor.token_id is not None and await self.store.tokens.dead_user_tokens(
            [actor.token_id]
        ):
            raise Unauthorized
        if client.closed:
            return
        opening = await self.chat.presence.open(actor, user_agent)
        client.session_id = opening.session_id
        if client.closed:
            return
        local.user, local.blocked = opening.user, opening.blocked
        channels = [place.channel.id for place in opening.places]
        await self.hub.open(channels)
        if client.closed:
            return
        session.greeted(
            Actor(application_id=actor.application_id, user=opening.user, token_id=actor.token_id)
        )
        session.reply(command.id, self._welcome(opening))
        self._resume(session, opening, _positions(command.positions))
        self._told_while_greeting(client)

    async def _authenticate(self, session: Session, command: native.Hello) -> Actor:
        token = command.token or session.credentials
        if token is not None:
            return await self.chat.users.authenticate(token)
        if command.api_key is not None and command.username is not None:
            return await self.chat.users.admit_guest(command.api_key, command.username)
        raise Unauthorized("hello needs a token, or an api_key and a username.")

    def _welcome(self, opening: Opening) -> native.HelloResult:
        return native.HelloResult(
            user=user_view(opening.user),
            session=opening.session_id,
            node=self.node,
            heartbeat_seconds=self.settings.heartbeat_seconds,
            limits=self.limits,
            channels=[place_view(place) for place in opening.places],
        )

    def _resume(self, session: Session, opening: Opening, positions: dict[int, int]) -> None:
        """Join every channel at once where the client is level; catch up beside, where not."""
        client = session.client
        behind: list[tuple[int, int]] = []
        heads: dict[str, int] = {}
        for place in opening.places:
            channel_id = place.channel.id
            position = positions.pop(channel_id, place.channel.head)
            if position <= place.channel.head and self.hub.join(client, channel_id, position):
                heads[str(channel_id)] = position
            else:
                behind.append((channel_id, position))
        for channel_id in positions:
            client.push(client.wire.frame(native.Reset(channel=channel_id, offset=0)))
        if behind:
            session.start(self._catch_up(client, behind, heads))
        else:
            client.push(client.wire.frame(native.HeadsPush(heads=heads)))

    async def _catch_up(
        self, client: Client, behind: Sequence[tuple[int, int]], heads: dict[str, int]
    ) -> None:
        # All at once: what several channels and sockets miss is read together.
        joined = await asyncio.gather(
            *(self.hub.catch_up(client, channel_id, position) for channel_id, position in behind)
        )
        for (channel_id, _), position in zip(behind, joined, strict=True):
            if position is not None:
                heads[str(channel_id)] = position
        client.push(client.wire.frame(native.HeadsPush(heads=heads)))

    def _told_while_greeting(self, client: Client) -> None:
        gained, client.gained = client.gained, None
        for channel_id, offset in gained or ():
            self.channel_gained(client, channel_id, offset)

    # What concerns a user (the hub calls these)

    def channel_gained(self, client: Client, channel_id: int, offset: int) -> None:
        """A channel became the user's: tell him, and join it."""
        if client.gained is not None:
            client.gained.append((channel_id, offset))
        elif client.session is not None and not self.hub.hears(client, channel_id):
            client.session.start(self._join_gained(client.session, channel_id, offset))

    async def _join_gained(self, session: Session, channel_id: int, offset: int) -> None:
        actor, client = session.actor, session.client
        if actor is None:
            return
        try:
            await self.hub.open([channel_id])
            place = await self.chat.channels.place(actor, channel_id)
        except NotFound:
            return  # it was lost again meanwhile
        except Unavailable as problem:
            await asyncio.sleep(problem.retry_after or 1.0)
            self.channel_gained(client, channel_id, offset)
            return
        if not place.joined or self.hub.hears(client, channel_id):
            return
        push = native.ChannelCreated(channel=channel_id, offset=offset, details=place_view(place))
        client.push(client.wire.frame(push))
        await self.hub.catch_up(client, channel_id, offset)

    def token_revoked(self, client: Client) -> None:
        client.push(client.wire.frame(native.Revoked()))
        self._close(client, CloseCode.REVOKED, "the token was revoked")

    def user_changed(self, user: LocalUser) -> None:
        """What this node remembers of the user is out of date; any of his sockets refreshes it."""
        session = next((c.session for c in user.clients if c.session is not None), None)
        if session is not None:
            session.start(self._refresh(user))

    async def _refresh(self, local: LocalUser) -> None:
        user = local.user
        try:
            local.blocked = await self.store.users.blocked_by(user.id)
            local.user = await self.store.users.get(user.application_id, user.id)
        except (NotFound, Unavailable):
            return
        for client in local.clients:
            if client.session is not None and client.session.actor is not None:
                client.session.actor = Actor(
                    application_id=user.application_id, user=local.user, token_id=client.token_id
                )

    # Typing

    def typed(
        self, session: Session, channel_id: int, thread_id: int | None, going_on: bool
    ) -> None:
        """Keep track of who types: told when he begins, stops, or falls silent."""
        key = (channel_id, thread_id)
        if not going_on:
            self.stop_typing(session, *key)
            return
        if session.typing is None:
            session.typing = {}
        timer = session.typing.pop(key, None)
        if timer is not None:
            timer.cancel()
        else:
            self._tell_typing(session, key, started=True)
        session.typing[key] = self.loop.call_later(
            TYPING_SECONDS, self.stop_typing, session, channel_id, thread_id
        )

    def stop_typing(self, session: Session, channel_id: int, thread_id: int | None) -> None:
        timer = (session.typing or {}).pop((channel_id, thread_id), None)
        if timer is not None:
            timer.cancel()
            self._tell_typing(session, (channel_id, thread_id), started=False)

    def _tell_typing(self, session: Session, key: tuple[int, int | None], *, started: bool) -> None:
        if session.actor is not None and session.actor.user is not None:
            author = session.actor.user.author
            self.chat.channels.publish(Typed(key[0], author, started, key[1]))

    # Leaving

    def add(self, client: Client) -> None:
        self.clients.add(client)
        if self.draining:
            self._drain(client)

    def remove(self, client: Client) -> None:
        """A socket has closed, for whatever reason."""
        self.clients.discard(client)
        self._drain_at.pop(client, None)
        client.gone()
        if client.session is not None:
            client.session.gone()
        self.part(client)

    def part(self, client: Client) -> None:
        """Undo what a hello did: the socket is nobody's any more, or nobody's yet."""
        self.hub.leave(client)
        if client.session_id and client.user is not None:
            self.departures.add(client.session_id, client.user.user.id)
        client.session_id, client.token_id = 0, None

    @staticmethod
    def pause_reading(client: Client) -> None:
        client.outlet.pause_reading()

    @staticmethod
    def resume_reading(client: Client) -> None:
        client.outlet.resume_reading()

    @staticmethod
    def _close(client: Client, code: CloseCode, reason: str) -> None:
        if client.session is not None:
            client.session.close(code, reason)
        else:
            client.close(code, reason)

    async def drain(self) -> None:
        """Send everybody away, each at a time of his own, and see them off."""
        self.draining = True
        started = self.loop.time()
        for client in list(self.clients):
            self._drain(client)
        while self.clients and self.loop.time() < started + self.settings.drain_seconds:
            now = self.loop.time()
            for client in [c for c, at in self._drain_at.items() if at <= now]:
                del self._drain_at[client]
                self._close(client, CloseCode.RESTARTING, "the server restarts")
            await asyncio.sleep(0.05)
        for client in list(self.clients):
            self._close(client, CloseCode.RESTARTING, "the server restarts")

    def _drain(self, client: Client) -> None:
        # Jittered by the server per client, so that they do not all come back in one moment.
        after = round(
            random.uniform(0, self.settings.drain_seconds * DRAIN_SPREAD),  # noqa: S311
            3,
        )
        self._drain_at[client] = self.loop.time() + after
        if client.session is not None and client.session.is_open:
            client.push(client.wire.frame(native.Drain(reconnect_after=after)))

    # Repair

    async def resync(self) -> None:
        """After events may have been missed: heads, revoked tokens, channels gained, blocks."""
        await self.hub.audit()
        await self.check_tokens()
        for local in self.hub.users():
            await self._refresh(local)
            heads = await self.store.channels.heads_of(local.user.id)
            for client in list(local.clients):
                if client.gained is None:
                    for channel_id in heads.keys() - client.channels:
                        self.channel_gained(client, channel_id, heads[channel_id])

    async def check_tokens(self) -> None:
        """Close sockets whose token has expired, or was revoked while nobody could tell."""
        held = [client.token_id for client in self.clients if client.token_id is not None]
        if not held:
            return
        dead = await self.store.tokens.dead_user_tokens(held)
        for client in [c for c in self.clients if c.token_id in dead]:
            self.token_revoked(client)


def _positions(given: dict[str, int]) -> dict[int, int]:
    """Positions by channel; what cannot be the id of a channel is left out."""
    return {
        int(channel): offset
        for channel, offset in given.items()
        if channel.isdecimal() and len(channel) <= ID_DIGITS
    }
