"""`parlance send` and `parlance tail`, against the scripted peer."""

import asyncio
import io
import json
from pathlib import Path

import pytest

import parlance
from server.terminal import Access, TerminalError, plain, read_access, render, send, tail
from tests.clients.python.peer import GENERAL, JANE, Peer, Socket, channel, created


class Screen(io.StringIO):
    """What was printed, line by line, as it is flushed."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: asyncio.Queue[str] = asyncio.Queue()

    def flush(self) -> None:
        self.lines.put_nowait(self.getvalue())
        self.seek(0)
        self.truncate()


async def list_channels(socket: Socket, *channels: dict[str, object]) -> None:
    await socket.reply(await socket.command("channel.list"), {"channels": list(channels)})


async def test_send_prints_the_id_of_the_stored_message(peer: Peer):
    screen = Screen()
    access = Access(base_url=peer.url, token="t")
    sending = asyncio.create_task(
        send(access=access, channel="#general", text="hi", source=io.StringIO(), output=screen)
    )
    socket = await peer.accept()
    await list_channels(socket, channel(5, name="other"), channel())
    command = await socket.command("message.send")
    await socket.store(command, 1)
    await sending
    assert (command["channel"], command["text"]) == (GENERAL, "hi")
    assert await screen.lines.get() == "1001\n"


async def test_send_takes_each_line_of_its_input_in_order_and_joins_first(peer: Peer):
    screen, source = Screen(), io.StringIO("one\n\ntwo\nthree")
    access = Access(base_url=peer.url, api_key="k", username="jane")
    sending = asyncio.create_task(
        send(access=access, channel=str(GENERAL), text=None, source=source, output=screen)
    )
    socket = await peer.accept()
    unjoined = {**channel(), "joined": False}
    await socket.reply(await socket.command("channel.get"), {"channel": unjoined})
    await socket.reply(await socket.command("channel.join"), {"channel": channel()})
    texts = []
    for offset in (1, 2, 3):
        command = await socket.command("message.send")
        texts.append(command["text"])
        await socket.store(command, offset)
    await sending
    assert texts == ["one", "two", "three"]
    assert [screen.lines.get_nowait() for _ in texts] == ["1001\n", "1002\n", "1003\n"]


async def test_an_input_that_is_not_text_is_told(peer: Peer):
    source = io.TextIOWrapper(io.BytesIO(b"\xff\xfe\n"), encoding="utf-8")
    access = Access(base_url=peer.url, token="t")
    sending = asyncio.create_task(
        send(access=access, channel="general", text=None, source=source, output=Screen())
    )
    await list_channels(await peer.accept(), channel())
    with pytest.raises(TerminalError, match="cannot be read"):
        await sending


async def test_an_unknown_channel_is_told(peer: Peer):
    access = Access(base_url=peer.url, token="t")
    tailing = asyncio.create_task(tail(access=access, channel="nowhere", output=Screen()))
    await list_channels(await peer.accept(), channel())
    with pytest.raises(TerminalError, match="no channel nowhere"):
        await tailing


async def test_tail_shows_one_channel_across_a_reconnect(peer: Peer):
    screen = Screen()
    access = Access(base_url=peer.url, token="t")
    peer.channels = [channel(), channel(8, name="noise")]
    tailing = asyncio.create_task(tail(access=access, channel="general", output=screen))
    first = await peer.accept()
    await list_channels(first, *peer.channels)
    await first.push(created(1, "noise", number=8), created(1, "hello"))
    shown = await screen.lines.get()
    peer.missed = [created(2, "missed")]
    first.break_off()
    await peer.accept()
    later = await screen.lines.get()
    tailing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await tailing
    assert shown.endswith(" #general John: hello\n")
    assert later.endswith(" #general John: missed\n")


async def test_tail_as_json_prints_every_event_as_it_came(peer: Peer):
    screen = Screen()
    access = Access(base_url=peer.url, token="t")
    tailing = asyncio.create_task(tail(access=access, channel=None, output=screen, as_json=True))
    socket = await peer.accept()
    await socket.push({"type": "typing.started", "channel": GENERAL, "user": JANE})
    lines = [json.loads(await screen.lines.get()) for _ in range(2)]
    tailing.cancel()
    assert lines[0] == {"type": "heads", "heads": {"7": 0}}
    assert (lines[1]["type"], lines[1]["user"]["name"]) == ("typing.started", "jane")


def test_a_message_cannot_act_upon_the_terminal():
    assert plain("a\x1b[2J\r\nb\u202ec\tfamily 👩\u200d👧") == "a [2J  b c family 👩\u200d👧"


def test_what_people_need_not_see_is_not_shown():
    assert render(parlance.CaughtUp(heads={}), {}) is None


def test_access_comes_from_the_credentials_unless_given(tmp_path: Path):
    file = tmp_path / "credentials.json"
    file.write_text('{"base_url": "http://127.0.0.1:1", "api_key": "k", "client_secret": "s"}')
    assert read_access(tmp_path, username="jane") == Access(
        base_url="http://127.0.0.1:1", api_key="k", username="jane"
    )
    assert read_access(tmp_path, token="t") == Access(base_url="http://127.0.0.1:1", token="t")
    nowhere = tmp_path / "nowhere"
    assert read_access(nowhere, url="http://h", token="t") == Access(base_url="http://h", token="t")


@pytest.mark.parametrize("content", [None, "{", '{"base_url": 3}'])
def test_unusable_credentials_are_told_in_one_line(tmp_path: Path, content: str | None):
    if content is not None:
        (tmp_path / "credentials.json").write_text(content)
    with pytest.raises(TerminalError, match=r"credentials\.json") as error:
        read_access(tmp_path)
    assert "\n" not in str(error.value)
