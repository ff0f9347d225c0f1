"""Makes the users, tokens and channels a benchmark needs, through the Platform API."""

import base64
import http.client
import itertools
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from websockets.sync.client import connect

from benchmarks.processes import Failed
from benchmarks.server import Parlance

_PARALLEL = 8
_numbers = itertools.count(1)


class Person(msgspec.Struct, frozen=True):
    id: int
    token: str


class People:
    """Signed in to one server as its back end."""

    def __init__(self, server: Parlance) -> None:
        self._port = server.port
        self._local = threading.local()
        secret = base64.b64encode(f"{server.client_id}:{server.client_secret}".encode()).decode()
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        granted = self._post(
            "/oauth/token",
            b"grant_type=client_credentials",
            form | {"Authorization": f"Basic {secret}"},
        )
        self._headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {granted['access_token']}",
        }

    def make(self, count: int) -> list[Person]:
        """Make users, each with a token."""
        with ThreadPoolExecutor(_PARALLEL) as pool:
            return list(pool.map(self._make_one, [next(_numbers) for _ in range(count)]))

    def channels(self, groups: Sequence[Sequence[Person]]) -> list[str]:
        """Make one public channel for each group, with the group as its members: their ids."""
        with ThreadPoolExecutor(_PARALLEL) as pool:
            return list(pool.map(self._make_channel, groups))

    def heads(self, person: Person) -> dict[str, int]:
        """Say hello as the person: the last offset of each of his channels."""
        with connect(f"ws://127.0.0.1:{self._port}/socket", max_size=None) as socket:
            hello = {"type": "hello", "id": 1, "token": person.token}
            socket.send(msgspec.json.encode(hello).decode())
            answer = msgspec.json.decode(socket.recv())
        return {str(channel["id"]): channel["head"] for channel in answer["result"]["channels"]}

    def _make_one(self, number: int) -> Person:
        name = {"name": f"person-{number}", "displayName": f"Person {number}"}
        user = self._ask("/v1/users", name)["id"]
        return Person(user, self._ask(f"/v1/users/{user}/tokens", {})["token"])

    def _make_channel(self, members: Sequence[Person]) -> str:
        name = f"room-{next(_numbers)}"
        named = [{"id": member.id} for member in members]
        channel = {"type": "PUBLIC", "name": name, "members": named}
        return str(self._ask("/v1/channels", channel)["id"])

    def _ask(self, path: str, body: dict[str, Any]) -> Any:
        return self._post(path, msgspec.json.encode(body), self._headers)

    def _post(self, path: str, body: bytes, headers: dict[str, str]) -> Any:
        if not hasattr(self._local, "connection"):
            self._local.connection = http.client.HTTPConnection("127.0.0.1", self._port)
        self._local.connection.request("POST", path, body, headers)
        answer = self._local.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise Failed(f"POST {path}: {answer.status} {text[:300]!r}")
        return msgspec.json.decode(text)
