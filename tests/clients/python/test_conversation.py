"""Two hundred sends through a peer that keeps what it acknowledges and breaks off all the time."""

import asyncio
import random

import pytest

import parlance
from tests.clients.python.conftest import Connect
from tests.clients.python.peer import PATIENCE, Frame, Peer, Socket, channel, created

CHANNELS = (7, 8)
EACH = 100


class Store:
    """What a server remembers: the messages of each channel, one per client id."""

    def __init__(self) -> None:
        self.messages: dict[int, list[Frame]] = {number: [] for number in CHANNELS}

    def add(self, command: Frame) -> tuple[Frame, bool]:
        """The event of the message, and whether it is a new one."""
        events = self.messages[command["channel"]]
        for event in events:
            if event["message"]["client_id"] == command["client_id"]:
                return event, False
        event = created(len(events) + 1, command["text"], command["channel"])
        event["message"]["client_id"] = command["client_id"]
        events.append(event)
        return event, True

    def texts(self, number: int) -> list[str]:
        return [event["message"]["text"] for event in self.messages[number]]


async def misbehave(peer: Peer, store: Store, chance: random.Random) -> None:
    """Serve one socket after the other, each breaking off at some point of some command."""
    while True:
        socket = await peer.accept()
        for _ in range(chance.randrange(1, 30)):
            command = await socket.commands.get()
            if chance.random() < 0.1:
                break
            event, is_new = store.add(command)
            steps = [event] if is_new else []
            steps += [{"type": "reply", "id": command["id"], "result": answer(event, is_new)}]
            chance.shuffle(steps)
            reached = chance.choice([0, 1, 2, 2, 2, 2, 2, 2])
            await socket.push(*steps[:reached])
            if reached < len(steps):
                break
        prepare(peer, store, chance)
        await end(socket, chance)


def answer(event: Frame, is_new: bool) -> Frame:
    return {"message": event["message"], "duplicate": not is_new}


def prepare(peer: Peer, store: Store, chance: random.Random) -> None:
    """Let the next hello be answered with everything stored, more than was missed."""
    peer.channels = [channel(each, len(store.messages[each])) for each in CHANNELS]
    peer.missed = [event for each in CHANNELS for event in store.messages[each]]


async def end(socket: Socket, chance: random.Random) -> None:
    if chance.random() < 0.5:
        socket.break_off()
    else:
        await socket.close(chance.choice([1001, 1012, 4008]))


@pytest.mark.parametrize("seed", range(4))
async def test_every_message_is_stored_once_and_told_once_and_in_order(
    peer: Peer, connect: Connect, seed: int
):
    store = Store()
    prepare(peer, store, chance := random.Random(seed))
    told: dict[int, list[str | None]] = {number: [] for number in CHANNELS}
    async with asyncio.timeout(3 * PATIENCE), asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(misbehave(peer, store, chance))
        async with connect(max_queue=8, timeout=0.2) as chat:
            sends = [
                tasks.create_task(chat.send(number, f"{number}.{count}"))
                for count in range(EACH)
                for number in CHANNELS
            ]
            async for event in chat:
                if isinstance(event, parlance.MessageCreated):
                    told[event.channel].append(event.message.text)
                if all(len(texts) == EACH for texts in told.values()):
                    break
            stored = await asyncio.gather(*sends)
        serving.cancel()
    for number in CHANNELS:
        assert told[number] == store.texts(number) == [f"{number}.{n}" for n in range(EACH)]
    assert len({(message.channel, message.offset) for message in stored}) == 2 * EACH
