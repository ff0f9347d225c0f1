"""A conversation goes on while everything under it is killed, one thing after the other."""

import os
import signal
from pathlib import Path

import pytest

import parlance

from .peers import peer_of
from .people import backend_of
from .serving import serving, signalled
from .talkers import conversation


@pytest.fixture
def settings() -> dict[str, object]:
    return {"presence_grace_seconds": 1, "drain_seconds": 1, "commands_per_second": 1000}


async def test_a_conversation_survives_the_death_of_everything(
    tmp_path: Path, settings: dict[str, object]
) -> None:
    data = tmp_path / "data"
    async with serving(data, "--workers", "2", **settings) as first, backend_of(first) as backend:
        jane, john = await backend.person("jane"), await backend.person("john")
        room = await backend.room(jane, john)
        async with conversation(first, jane, john, room) as talking:
            await talking.goes_on()
            async with signalled(first, talking.john.chat.node):
                await talking.goes_on()
            for server in ("Valkey", "PostgreSQL"):
                known = len(first.lines)
                os.kill(first.pid_of(server), signal.SIGKILL)
                await first.said(f"{server} restarted", after=known)
                await talking.goes_on()
            first.signal(signal.SIGKILL)
            await first.ended()
            async with serving(data, "--workers", "2", port=first.port, **settings) as second:
                await talking.goes_on()
                history = await talking.ends()
                said = talking.jane.said[0]
                assert said in history
                assert await _resend_is_a_duplicate(second.url, jane.token, room, said)


async def _resend_is_a_duplicate(url: str, token: str, room: int, first: parlance.Message) -> bool:
    """Whether sending it again, to a server started since, is answered with the first."""
    fields = {"channel": room, "client_id": first.client_id, "text": "something else"}
    async with peer_of(url, token) as peer:
        answer = await peer.ask("message.send", **fields)
    assert answer["message"]["id"] == first.id
    assert answer["message"]["text"] == first.text
    duplicate: bool = answer["duplicate"]
    return duplicate
