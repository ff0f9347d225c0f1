"""A bot that answers !ping in the lobby. TOKEN holds its token, PARLANCE_URL the server."""

import asyncio
import os

import parlance


async def main() -> None:
    url = os.environ.get("PARLANCE_URL", "http://127.0.0.1:8000")
    async with parlance.connect(url, token=os.environ["TOKEN"]) as chat:
        lobby = await chat.create_channel("public", name="lobby")  # the one there is, if any
        await chat.join(lobby.id)
        async for event in chat:
            if isinstance(event, parlance.MessageCreated) and event.message.text == "!ping":
                await chat.send(event.channel, "pong", reply_to=event.message.id)


asyncio.run(main())
