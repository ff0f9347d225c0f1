"""Session: one native conversation on one socket, from hello to close.

Rule: commands take effect in the order they were sent. Sends go out together and are stored in
that order; any other command waits for what came before it, and holds back what comes after.
"""

import asyncio
import logging
import math
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from chat.actors import Actor
from chat.errors import ChatError, GuestsDisabled, Unauthorized
from chat.messages import Draft, File, Sent
from chat.store import Outcome
from protocol.errors import CloseCode, ProtocolError
from protocol.native import frames as native
from protocol.native.connection import Connection, State
from server.realtime.client import Client
from server.realtime.limits import Bucket
from server.realtime.views import message_view

if TYPE_CHECKING:
    from server.realtime.node import Realtime

logger = logging.getLogger("parlance.session")

MOST_WAITING = 256
"""Commands of one socket in hand; beyond this its reading is paused."""
PATIENCE_SECONDS = 10.0
"""How far ahead of its rate a socket may run, refused, before it is closed (4009)."""


class Session:
    """Reads commands, answers them, and keeps what the conversation has established."""

    __slots__ = (
        "_bucket",
        "_connection",
        "_hello_timer",
        "_inbox",
        "_sends",
        "_task",
        "actor",
        "background",
        "client",
        "credentials",
        "pausing",
        "realtime",
        "typing",
        "user_agent",
    )

    def __init__(
        self, realtime: "Realtime", client: Client, credentials: str | None, user_agent: str | None
    ) -> None:
        self.realtime = realtime
        self.client = client
        self.credentials = credentials
        self.user_agent = user_agent
        self.actor: Actor | None = None
        self.typing: dict[tuple[int, int | None], asyncio.TimerHandle] | None = None
        self.background: set[asyncio.Task[None]] | None = None
        self.pausing = False
        self._connection = Connection(client.wire.codec)
        loop = asyncio.get_running_loop()
        self._bucket = Bucket(realtime.settings.commands_per_second, loop.time())
        self._inbox: deque[native.AnyCommand] | None = None
        self._sends = 0
        self._task: asyncio.Task[None] | None = None
        self._hello_timer: asyncio.TimerHandle | None = loop.call_later(
            realtime.settings.hello_seconds, self._no_hello
        )

    # What comes in

    def receive(self, payload: bytes | bytearray, *, binary: bool) -> None:
        """Take in one message of the socket; never waits."""
        command = self._connection.receive(payload, binary=binary)
        if command is None:
            return
        wait = self._bucket.take(self.realtime.loop.time())
        if isinstance(command, ProtocolError):
            self.close(command.code, command.reason)
        elif wait > PATIENCE_SECONDS:
            self.close(CloseCode.RATE_LIMITED, "too many commands")
        elif isinstance(command, native.Error):
            self._say(command)
        elif wait:
            after = math.ceil(wait * 1000) / 1000  # never a moment before there is one
            self.refuse(command.id, "rate_limited", "Too many commands.", after)
            if isinstance(command, native.Hello):
                self._connection.decide(welcome=False)
        elif type(command) is native.MessageSend and not self._inbox and self._may_send(command):
            self._send(command)
        else:
            self._enqueue(command)

    def _enqueue(self, command: native.AnyCommand) -> None:
        if self._inbox is None:
            self._inbox = deque()
        self._inbox.append(command)
        self._pump()

    def _pump(self) -> None:
        """Start whatever may start now."""
        while self._inbox and self._task is None and not self.client.closed:
            command = self._inbox[0]
            if type(command) is native.MessageSend and command.reply_to is None:
                self._inbox.popleft()
                self._send(command)
            elif self._sends:
                break
            else:
                self._inbox.popleft()
                self._task = self.realtime.loop.create_task(self._run(command))
        if not self._inbox:
            self._inbox = None
        waiting = len(self._inbox or ()) + self._sends
        if waiting > MOST_WAITING and not self.pausing:
            self.pausing = True
            self.realtime.pause_reading(self.client)
        elif self.pausing and waiting < MOST_WAITING // 2:
            self.pausing = False
            self.realtime.resume_reading(self.client)

    # Sends: no task, no future

    def _may_send(self, command: native.MessageSend) -> bool:
        return self._task is None and command.reply_to is None and self._sends < MOST_WAITING

    def _send(self, command: native.MessageSend) -> None:
        if self.actor is None:
            self._refuse(command.id, Unauthorized())
            return
        done = partial(self._sent, command.id)
        try:
            self.realtime.chat.messages.submit(self.actor, command.channel, draft_of(command), done)
        except ChatError as refusal:
            self._refuse(command.id, refusal)
            return
        self._sends += 1
        if self.typing:
            self.stop_typing(command.channel)

    def _sent(self, command_id: int | None, outcome: Outcome) -> None:
        self._sends -= 1
        if isinstance(outcome, Sent):
            self.reply(
                command_id,
                native.SendResult(
                    message=message_view(outcome.message), duplicate=outcome.duplicate
                ),
            )
        else:
            self._refuse(command_id, outcome)
        if self._inbox or self.pausing:
            self._pump()

    # All other commands: one at a time

    async def _run(self, command: native.AnyCommand) -> None:
        try:
            result = await self.realtime.handler_of(command)(self, command)
            self.reply(command.id, result)
        except ChatError as refusal:
            self._refuse(command.id, refusal)
            if isinstance(command, native.Hello):
                self._unwelcome(refusal)
        except Exception:  # the edge of a client's loop: it hears of it, and the socket goes on
            logger.exception("a %s command failed", type(command).__name__)
            self.refuse(command.id, "internal", "The server failed.", None)
        finally:
            self._task = None
            if isinstance(command, native.Hello) and not self.is_open:
                self._connection.decide(welcome=False)
                self.realtime.part(self.client)
            if not self.client.closed:
                self._pump()

    def _unwelcome(self, refusal: ChatError) -> None:
        """Close for credentials that will not do; after any other refusal another hello may
        follow."""
        if isinstance(refusal, Unauthorized | GuestsDisabled):
            self.close(CloseCode.UNAUTHORIZED, "the credentials are not valid")

    def _refuse(self, command_id: int | None, refusal: ChatError) -> None:
        self.refuse(command_id, refusal.code, str(refusal), refusal.retry_after)

    def refuse(
        self, command_id: int | None, code: str, text: str, retry_after: float | None
    ) -> None:
        self._say(native.Error(id=command_id, code=code, message=text, retry_after=retry_after))

    def reply(self, command_id: int | None, result: Any) -> None:
        if command_id is not None and result is not None:
            self._say(native.Reply(id=command_id, result=result))

    def _say(self, frame: Any) -> None:
        if not self.client.closed:
            self.client.push(self.client.wire.frame(frame))

    # States

    @property
    def is_open(self) -> bool:
        return self._connection.state is State.OPEN

    def greeted(self, actor: Actor) -> None:
        """Hello was accepted: from here on this is a conversation of that user."""
        self.actor = actor
        self.credentials = None
        self._connection.decide(welcome=True)
        if self._hello_timer is not None:
            self._hello_timer.cancel()
            self._hello_timer = None

    def _no_hello(self) -> None:
        self._hello_timer = None
        self.close(CloseCode.HELLO_TIMEOUT, "no hello in time")

    def start(self, work: Any) -> None:
        """Run something beside the commands for as long as the socket lives."""
        task = self.realtime.loop.create_task(work)
        if self.background is None:
            self.background = set()
        self.background.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        if self.background is not None:
            self.background.discard(task)
            if not self.background:
                self.background = None
        if not task.cancelled() and (problem := task.exception()) is not None:
            logger.error("catching up failed", exc_info=problem)
            self.close(CloseCode.GOING_AWAY, "the server failed; come back and resume")

    def close(self, code: CloseCode, reason: str) -> None:
        self._connection.close()
        self.client.close(code, reason)

    def gone(self) -> None:
        """The socket is closed: let go of everything. A command in hand is finished, since it
        may have been stored already, and nobody is told."""
        self._connection.close()
        if self._hello_timer is not None:
            self._hello_timer.cancel()
            self._hello_timer = None
        for task in list(self.background or ()):
            task.cancel()
        self._inbox = None
        for channel_id in {channel for channel, _ in self.typing or ()}:
            self.stop_typing(channel_id)

    # Typing

    def stop_typing(self, channel_id: int) -> None:
        """Say that the user stopped typing in a channel, in whichever thread."""
        for key in [key for key in self.typing or () if key[0] == channel_id]:
            self.realtime.stop_typing(self, *key)


def draft_of(command: native.MessageSend) -> Draft:
    return Draft(
        text=command.text,
        files=[File(f.url, f.name, f.content_type, f.size) for f in command.files],
        properties=command.properties,
        client_id=command.client_id,
        reply_to=command.reply_to,
    )
