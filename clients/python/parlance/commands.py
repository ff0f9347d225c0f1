"""Every command of the protocol as a method. Rule: no state here; how a command travels and what
survives a lost connection is decided in `client.py`."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import uuid4

from .models import (
    Channel,
    ChannelAnswer,
    ChannelPage,
    Done,
    File,
    HeadsAnswer,
    MemberPage,
    Message,
    MessageAnswer,
    MessagesAnswer,
    ReadMark,
    User,
    UsersAnswer,
)

T = TypeVar("T")


class Commands(ABC):
    """Methods raise Refused when the server declines, CommandTimeout and Closed.

    Those that only look, `read`, `view`, `set_presence` and `send` are repeated after a lost
    connection, and after a refusal with a `retry_after` that is no longer than the timeout. The
    others then raise: ConnectionLost, because they may or may not have been carried out, or
    Refused. Cancelling any of them is safe for the client, and leaves open whether the server
    did it.
    """

    async def send(
        self,
        channel: int,
        text: str | None = None,
        *,
        files: Sequence[File] = (),
        reply_to: int | None = None,
        properties: dict[str, Any] | None = None,
        client_id: str | None = None,
    ) -> Message:
        """Send a message and return it as stored.

        It is sent again until the server acknowledges it, across reconnects and without a time
        limit, and stored once: the server knows it by `client_id`, which is made up unless
        given. Sends to one channel keep the order of the calls. Cancelling may leave it sent;
        calling again with the same `client_id` then gives the same message.
        """
        fields = {
            "channel": channel,
            "client_id": client_id or uuid4().hex,
            "text": text,
            "files": list(files) or None,
            "reply_to": reply_to,
            "properties": properties,
        }
        return (await self._send("message.send", MessageAnswer, fields)).message

    async def edit(
        self,
        channel: int,
        message: int,
        text: str | None = None,
        *,
        properties: dict[str, Any] | None = None,
    ) -> Message:
        fields = {"channel": channel, "message": message, "text": text, "properties": properties}
        return (await self._do("message.edit", MessageAnswer, fields)).message

    async def delete(self, channel: int, message: int) -> Message:
        """Delete a message; it keeps its place in the history, without content."""
        fields = {"channel": channel, "message": message}
        return (await self._do("message.delete", MessageAnswer, fields)).message

    async def get_message(self, channel: int, message: int) -> Message:
        fields = {"channel": channel, "message": message}
        return (await self._ask("message.get", MessageAnswer, fields)).message

    async def react(self, channel: int, message: int, emoji: str) -> None:
        fields = {"channel": channel, "message": message, "emoji": emoji}
        await self._do("reaction.add", Done, fields)

    async def unreact(self, channel: int, message: int, emoji: str) -> None:
        fields = {"channel": channel, "message": message, "emoji": emoji}
        await self._do("reaction.remove", Done, fields)

    async def history(
        self,
        channel: int,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        limit: int = 50,
    ) -> list[Message]:
        """Messages in offset order: the latest, or those next to one offset (itself excluded,
        except for `around`)."""
        place = {"before": before, "after": after, "around": around}
        fields = {"channel": channel, **place, "limit": limit}
        return (await self._ask("history", MessagesAnswer, fields)).messages

    async def read(self, channel: int, up_to: int) -> ReadMark:
        """Say that everything up to this offset was read."""
        return await self._ask("read", ReadMark, {"channel": channel, "up_to": up_to})

    async def create_channel(
        self,
        kind: str,
        *,
        name: str | None = None,
        display_name: str | None = None,
        members: Sequence[int] = (),
        properties: dict[str, Any] | None = None,
    ) -> Channel:
        """Create a `direct`, `public` or `private` channel, or get the equal one that exists."""
        fields = {
            "kind": kind,
            "name": name,
            "display_name": display_name,
            "members": list(members) or None,
            "properties": properties,
        }
        return (await self._do("channel.create", ChannelAnswer, fields)).channel

    async def get_channel(self, channel: int) -> Channel:
        return (await self._ask("channel.get", ChannelAnswer, {"channel": channel})).channel

    async def list_channels(self, *, limit: int = 50, after: int = 0) -> ChannelPage:
        """A page of the channels that this user may see, joined or not."""
        return await self._ask("channel.list", ChannelPage, {"limit": limit, "after": after})

    async def update_channel(
        self,
        channel: int,
        *,
        display_name: str | None = None,
        properties: dict[str, Any] | None = None,
    ) -> Channel:
        fields = {"channel": channel, "display_name": display_name, "properties": properties}
        return (await self._do("channel.update", ChannelAnswer, fields)).channel

    async def delete_channel(self, channel: int) -> None:
        await self._do("channel.delete", Done, {"channel": channel})

    async def join(self, channel: int) -> Channel:
        return (await self._do("channel.join", ChannelAnswer, {"channel": channel})).channel

    async def leave(self, channel: int) -> None:
        await self._do("channel.leave", Done, {"channel": channel})

    async def invite(self, channel: int, user: int) -> None:
        await self._do("channel.invite", Done, {"channel": channel, "user": user})

    async def add_member(self, channel: int, user: int) -> None:
        await self._do("member.add", Done, {"channel": channel, "user": user})

    async def remove_member(self, channel: int, user: int) -> None:
        await self._do("member.remove", Done, {"channel": channel, "user": user})

    async def list_members(self, channel: int, *, limit: int = 50, after: int = 0) -> MemberPage:
        fields = {"channel": channel, "limit": limit, "after": after}
        return await self._ask("member.list", MemberPage, fields)

    async def participants(self, channel: int) -> list[User]:
        """Who is in the channel right now."""
        return (await self._ask("participants", UsersAnswer, {"channel": channel})).users

    async def view(self, channels: Sequence[int]) -> None:
        """Say which channels are on screen: presence, typing and keystrokes are told of those.

        Said again by the client after each reconnect.
        """
        await self._declare("view", {"channels": list(channels)})

    async def set_presence(self, status: str) -> None:
        """Set the status that others see. Said again by the client after each reconnect."""
        await self._declare("presence", {"status": status})

    async def keystrokes(self, channel: int, keys: str, *, thread: int | None = None) -> None:
        """Show what is being typed; "" says that it stopped."""
        await self._do("keystrokes", Done, {"channel": channel, "keys": keys, "thread": thread})

    async def send_event(self, channel: int, name: str, data: Any = None) -> None:
        """Tell an event of the application's own making to who is there now; it is not stored."""
        await self._do("event", Done, {"channel": channel, "name": name, "data": data})

    async def ping(self) -> dict[int, int]:
        """The head of each of this user's channels, as the server knows it."""
        return (await self._ask("ping", HeadsAnswer, {})).heads

    @abstractmethod
    async def _send(self, kind: str, answer: type[T], fields: dict[str, Any]) -> T:
        """In order per channel, until acknowledged."""

    @abstractmethod
    async def _ask(self, kind: str, answer: type[T], fields: dict[str, Any]) -> T:
        """Repeated after a lost connection, within the timeout."""

    @abstractmethod
    async def _do(self, kind: str, answer: type[T], fields: dict[str, Any]) -> T:
        """Once."""

    @abstractmethod
    async def _declare(self, kind: str, fields: dict[str, Any]) -> None:
        """Once, and again on every later connection."""
