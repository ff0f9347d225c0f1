"""A person or a bot in the terminal: what `parlance send` and `parlance tail` do, on the client.

Rule: text of others reaches the terminal through `plain` only, so that nobody's message moves
the cursor of whoever reads it.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import TextIO

import msgspec

import parlance

# Lines read ahead of what the server has acknowledged.
LINES_AHEAD = 16
JOINER = "\u200d"


class TerminalError(Exception):
    """The command cannot be carried out; the text is one line for the person who typed it."""


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server is, and as whom to speak: with a token, or as a guest."""

    base_url: str
    token: str | None = None
    api_key: str | None = None
    username: str | None = None

    def connect(self) -> parlance.Chat:
        if self.token is not None:
            return parlance.connect(self.base_url, token=self.token)
        return parlance.connect(self.base_url, api_key=self.api_key, username=self.username)


class _Credentials(msgspec.Struct, frozen=True, kw_only=True):
    base_url: str
    api_key: str


def read_access(
    data: Path, *, url: str | None = None, token: str | None = None, username: str | None = None
) -> Access:
    """Take what was given, and the rest from the credentials in the data directory.

    Raises TerminalError when they are needed and cannot be read.
    """
    if url is not None and token is not None:
        return Access(base_url=url, token=token)
    file = data / "credentials.json"
    try:
        credentials = msgspec.json.decode(file.read_bytes(), type=_Credentials)
    except OSError as error:
        raise TerminalError(f"{file}: {error.strerror}; is this the server's data?") from None
    except msgspec.DecodeError as error:
        raise TerminalError(f"{file}: {error}") from None
    base_url = url or credentials.base_url
    if token is not None:
        return Access(base_url=base_url, token=token)
    return Access(base_url=base_url, api_key=credentials.api_key, username=username or "terminal")


async def send(
    *, access: Access, channel: str, text: str | None, source: TextIO, output: TextIO
) -> None:
    """Send the text, or each line of the source, and print the id of each message once stored.

    The channel is an id or a name, and joined if need be. Raises TerminalError and ParlanceError.
    """
    async with access.connect() as chat:
        place = await _enter(chat, channel)
        async for line in _lines(source) if text is None else _only(text):
            message = await chat.send(place, line)
            output.write(f"{message.id}\n")
            output.flush()


async def tail(
    *, access: Access, channel: str | None, output: TextIO, as_json: bool = False
) -> None:
    """Print the events of one channel, or of all of the user's, until cancelled.

    As lines to read, or each as a line of JSON. Raises TerminalError and ParlanceError.
    """
    async with access.connect() as chat:
        place = None if channel is None else await _enter(chat, channel)
        names = {each.id: _name(each) for each in chat.channels.values()}
        async for event in chat:
            if isinstance(event, parlance.ChannelCreated | parlance.ChannelUpdated):
                names[event.channel] = _name(event.details)
            if place is not None and getattr(event, "channel", None) != place:
                continue
            line = msgspec.json.encode(event).decode() if as_json else render(event, names)
            if line is not None:
                output.write(f"{line}\n")
                output.flush()


def render(event: parlance.Event, names: dict[int, str]) -> str | None:
    """A line for people; None for what they need not see."""
    told = _told(event)
    if told is None:
        return None
    time = "--:--:--"
    if isinstance(event, parlance.MessageCreated) and event.message.created:
        time = f"{datetime.fromisoformat(event.message.created).astimezone():%H:%M:%S}"
    channel = getattr(event, "channel", None)
    place = "" if channel is None else f" #{names.get(channel, channel)}"
    return plain(f"{time}{place} {told}")


def plain(text: str) -> str:
    """The text on one line, without anything a terminal would act upon."""
    return "".join(each if each.isprintable() or each == JOINER else " " for each in text)


def _told(event: parlance.Event) -> str | None:
    match event:
        case parlance.MessageCreated(message=message):
            return f"{_who(message.user)}: {_content(message)}"
        case parlance.MessageUpdated(message=message):
            return f"{_who(message.user)} (edited {message.id}): {_content(message)}"
        case parlance.MessageDeleted(message=message):
            return f"* message {message.id} was deleted"
        case parlance.ReactionAdded(user=user, emoji=emoji, message=number):
            return f"* {_who(user)} reacted {emoji} to {number}"
        case parlance.ReactionRemoved(user=user, emoji=emoji, message=number):
            return f"* {_who(user)} took {emoji} from {number}"
        case parlance.MemberJoined(user=user):
            return f"* {_who(user)} joined"
        case parlance.MemberLeft(user=user):
            return f"* {_who(user)} left"
        case parlance.ChannelCreated():
            return "* is yours to read now"
        case parlance.ChannelDeleted():
            return "* was deleted"
        case parlance.CustomEvent(user=user, name=name, data=payload):
            return f"* {_who(user)}: {name} {msgspec.json.encode(payload).decode()}"
        case parlance.Shed(count=count):
            return f"* {count} passing events were left out"
        case parlance.Reset():
            return "* too much was missed: see the history"
    return None


def _who(user: parlance.Sender | None) -> str:
    return "*" if user is None else user.display_name or user.name


def _content(message: parlance.Message) -> str:
    return " ".join([message.text or "", *(f"[{file.name}]" for file in message.files)]).strip()


def _name(channel: parlance.Channel) -> str:
    others = " ".join(member.name for member in channel.members)
    return channel.name or channel.display_name or others or str(channel.id)


async def _enter(chat: parlance.Chat, wanted: str) -> int:
    """The id of the channel with this id or name, which the user is a member of afterwards."""
    channel = await _find(chat, wanted)
    if not channel.joined:
        await chat.join(channel.id)
    return channel.id


async def _find(chat: parlance.Chat, wanted: str) -> parlance.Channel:
    if wanted.isdecimal():
        return await chat.get_channel(int(wanted))
    name = wanted.removeprefix("#")
    after: int | None = 0
    while after is not None:
        page = await chat.list_channels(limit=200, after=after)
        for channel in page.channels:
            if name in (channel.name, channel.display_name):
                return channel
        after = page.next
    raise TerminalError(f"there is no channel {wanted} here")


async def _only(text: str) -> AsyncIterator[str]:
    yield text


async def _lines(source: TextIO) -> AsyncIterator[str]:
    """The lines of the source that are not blank, read ahead a little.

    A daemon thread reads: what blocks in a terminal can be neither awaited nor cancelled, and
    must not keep the process from ending. Raises TerminalError when the source is not text.
    """
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | TerminalError | None] = asyncio.Queue()
    room = threading.Semaphore(LINES_AHEAD)

    def read() -> None:
        end: TerminalError | None = None
        with contextlib.suppress(RuntimeError):  # the loop ended before the source did
            try:
                for line in source:
                    room.acquire()
                    loop.call_soon_threadsafe(lines.put_nowait, line.rstrip("\r\n"))
            except (OSError, UnicodeDecodeError) as error:
                end = TerminalError(f"the input cannot be read: {error}")
            loop.call_soon_threadsafe(lines.put_nowait, end)

    threading.Thread(target=read, name="parlance send", daemon=True).start()
    while (line := await lines.get()) is not None:
        if isinstance(line, TerminalError):
            raise line
        room.release()
        if line.strip():
            yield line
