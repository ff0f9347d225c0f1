"""`parlance bench`: people in a room, and whether each heard everything once and in order."""

import asyncio
import secrets
import time
from typing import TextIO

import msgspec

import parlance
from server.terminal import Access


async def run(access: Access, people: int, messages: int, output: TextIO) -> bool:
    """Talk, listen, compare; print figures. True when nobody missed or doubled anything."""
    name = f"bench-{secrets.token_hex(4)}"
    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        founder = _as(access, f"{name}-0")
        async with founder.connect() as chat:
            room = (await chat.create_channel("public", name=name)).id
            arrived = asyncio.Barrier(people)
            guests = [_as(access, f"{name}-{n}") for n in range(people)]
            tasks = [
                group.create_task(_talk(guest, room, people, messages, arrived)) for guest in guests
            ]
            heard = [await task for task in tasks]
            await chat.delete_channel(room)
    seconds = time.perf_counter() - started
    total = people * messages
    agreed = all(each == heard[0] for each in heard) and len(set(heard[0])) == total
    output.write(
        f"{people} people, {total} messages, {total * people} deliveries in {seconds:.1f} s: "
        f"{total / seconds:.0f} messages/s; "
        f"{'all heard the same, once and in order' if agreed else 'NOT all heard the same'}\n"
    )
    return agreed


def _as(access: Access, username: str) -> Access:
    if access.api_key is None:
        return access
    return msgspec.structs.replace(access, username=username)


async def _talk(
    access: Access, room: int, people: int, messages: int, arrived: asyncio.Barrier
) -> list[str]:
    heard: list[str] = []
    async with access.connect() as chat:
        await chat.join(room)
        await arrived.wait()

        async def speak() -> None:
            for n in range(messages):
                await chat.send(room, f"{chat.user.name} {n}")

        speaking = asyncio.create_task(speak())
        async for event in chat:
            if isinstance(event, parlance.MessageCreated) and event.channel == room:
                heard.append(event.message.text or "")
                if len(heard) == people * messages:
                    break
        await speaking
    return heard
