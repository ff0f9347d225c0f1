"""The document against the server: whatever is sent, only what is described comes back."""

import asyncio
import copy
import json
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from chat.actors import Actor
from chat.applications import Credentials
from chat.broker import Broker
from chat.channels import NewChannel
from chat.chat import Chat
from chat.functions import NewFunction
from chat.messages import Draft
from chat.organizations import NewOrganization
from chat.users import NewUser
from server.dialects import chatkitty
from server.dialects.chatkitty.reference import document
from server.keyring import Keyring
from server.listener import listen
from storage.files.disk import DiskFiles
from storage.postgres.store import PostgresStore

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
EXAMPLES = 5


@pytest.fixture
def chat(store: PostgresStore, broker: Broker, file_store: DiskFiles) -> Chat:
    """A core that lacks nothing."""
    return Chat(store, broker, file_store, vault=Keyring([secrets.token_bytes(32)]))


@asynccontextmanager
async def _serving(chat: Chat) -> AsyncIterator[str]:
    app = Starlette(routes=chatkitty.routes(chat))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, http="httptools"))
    with listen("127.0.0.1", 0) as listener:
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve(sockets=[listener]))
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            server.should_exit = True


async def _nouns(chat: Chat, actor: Actor) -> dict[str, int]:
    """One of each noun that paths name, so that not all answers are 404."""
    name = secrets.token_hex(4)
    user = await chat.users.create(actor, NewUser(name=name, display_name=name))
    new = NewChannel(kind="PUBLIC", name=name, display_name=name, members=[user.id])
    channel = await chat.channels.create(actor, new)
    sent = await chat.messages.send(actor, channel.id, Draft(text="Hello"), on_behalf_of=user)
    function = await chat.functions.create(actor, NewFunction(trigger="user.sent", name=name))
    version = await chat.functions.create_version(actor, function.id, "true")
    organization = await chat.organizations.create(actor, NewOrganization(name=name))
    return {
        "users": user.id,
        "channels": channel.id,
        "messages": sent.message.id,
        "threads": channel.main_thread_id,
        "functions": function.id,
        "function-versions": version.id,
        "organizations": organization.id,
    }


def _about(nouns: dict[str, int], doomed: dict[str, int]) -> dict[str, Any]:
    """The document with ids that exist; what is deleted is not what all others ask for."""
    narrowed = copy.deepcopy(document())
    for path, item in narrowed["paths"].items():
        noun = path.split("/")[2]
        for method, operation in item.items():
            known = doomed if method == "delete" and path.endswith("{id}") else nouns
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "id" and noun in known:
                    parameter["schema"] = {"type": "integer", "enum": [known[noun], 1]}
                if parameter["name"] == "user_id":
                    parameter["schema"] = {"type": "integer", "enum": [nouns["users"], 1]}
    return narrowed


async def _token(base: str, application: Credentials) -> str:
    async with httpx.AsyncClient() as client:
        granted = await client.post(
            f"{base}/oauth/token",
            auth=(application.client_id, application.client_secret),
            data={"grant_type": "client_credentials"},
        )
    token: str = granted.json()["access_token"]
    return token


async def test_nothing_that_is_sent_is_answered_otherwise_than_described(
    chat: Chat, actor: Actor, application: Credentials, tmp_path: Path
) -> None:
    described = tmp_path / "openapi.json"
    described.write_text(json.dumps(_about(await _nouns(chat, actor), await _nouns(chat, actor))))
    async with _serving(chat) as base:
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("schemathesis")),
            *("run", str(described), "--url", base, "--no-color", "--no-shrink"),
            *("--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing"),
            *("--max-examples", str(EXAMPLES), "--continue-on-failure"),
            "--generation-deterministic",
            *(
                "--warnings",
                "off",
                "-H",
                f"Authorization: Bearer {await _token(base, application)}",
            ),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
    if process.returncode:
        pytest.fail(output.decode()[-20_000:], pytrace=False)
