"""Imports and exports of many messages: rows per second, memory, and what others notice meanwhile.

The file is uploaded as a form, imported into 100 channels on behalf of 1,000 users, imported once
more (every row is known by then) and exported. Another client asks for the application all the
while; how long it waits says how busy the node's loop is.
"""

import argparse
import http.client
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.people import People
from benchmarks.processes import Failed, cpu_seconds
from benchmarks.report import Cell, report
from benchmarks.server import Parlance, parlance

_USERS = 1000
_CHANNELS = 100
_BOUNDARY = "an-import-of-a-benchmark"
_WORDS = (Path(__file__).parent / "README.md").read_text().split()
_POLL_SECONDS = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    count = parser.parse_args().messages
    with parlance() as server:
        back_end = BackEnd(server)
        back_end.run("/v1/imports/users", _users())
        back_end.run("/v1/imports/channels", _channels())
        ids = [channel["id"] for channel in back_end.channels()]
        rows = [
            _measure(server, back_end, what, path, lambda: _messages(ids, count))
            for what, path in (("import", "messages"), ("import again", "messages"))
        ]
        rows.append(_measure(server, back_end, "export", None, None))
        report("imports", rows, {"peak_rss_mib": _peak_rss_mib(server.nodes[0])})


def _measure(
    server: Parlance, back_end: "BackEnd", what: str, path: str | None, content: Any
) -> dict[str, Cell]:
    node = server.nodes[0]
    with Bystander(server) as bystander:
        spent = cpu_seconds(node)
        if path is None:
            job, uploading = back_end.post("/v1/analytics/messages"), 0.0
        else:
            job, uploading = back_end.upload(f"/v1/imports/{path}", content())
        job, seconds = back_end.wait(job)
        spent = cpu_seconds(node) - spent
    progress = job["progress"]
    return {
        "what": what,
        "rows": progress["rowsRead"],
        "stored": progress["rowsStored"],
        "refused": progress["rowsRefused"],
        "upload_s": uploading,
        "job_s": seconds,
        "rows_per_second": progress["rowsRead"] / seconds,
        "server_core": spent / (uploading + seconds),
        "others_p50_ms": bystander.quantile(50),
        "others_p99_ms": bystander.quantile(99),
        "rss_mib": _rss_mib(node),
    }


class BackEnd:
    """The application's own client, one request at a time."""

    def __init__(self, server: Parlance) -> None:
        self._port = server.port
        self._headers = People(server)._headers

    def run(self, path: str, content: Iterator[bytes]) -> None:
        job, _ = self.upload(path, content)
        self.wait(job)

    def upload(self, path: str, content: Iterator[bytes]) -> tuple[Any, float]:
        form = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
        started = time.perf_counter()
        return self._ask("POST", path, _form(content), form), time.perf_counter() - started

    def post(self, path: str) -> Any:
        return self._ask("POST", path)

    def channels(self) -> list[Any]:
        channels: list[Any] = self._ask("GET", f"/v1/channels?size={_CHANNELS * 2}")["_embedded"][
            "channels"
        ]
        return [channel for channel in channels if channel["name"].startswith("import-")]

    def wait(self, job: Any) -> tuple[Any, float]:
        """Wait for a job's end: how it ended, and after how many seconds."""
        started = time.perf_counter()
        while job["state"] in ("PENDING", "RUNNING"):
            time.sleep(_POLL_SECONDS)
            job = self._ask("GET", f"/v1/jobs/{job['id']}")
        if job["state"] != "FINISHED":
            raise Failed(f"a job failed: {job}")
        return job, time.perf_counter() - started

    def _ask(self, method: str, path: str, body: Any = None, more: Any = ()) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port)
        headers = {**self._headers, **dict(more)}
        connection.request(method, path, body, headers, encode_chunked=body is not None)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 300:
            raise Failed(f"{method} {path}: {answer.status} {text[:300]!r}")
        return msgspec.json.decode(text)


class Bystander:
    """Asks for the application, a hundred times a second at most, and notes how long it takes."""

    def __init__(self, server: Parlance) -> None:
        self._port = server.port
        self._headers = People(server)._headers
        self._stop = threading.Event()
        self._took: list[float] = []
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Bystander":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def quantile(self, percent: int) -> float:
        return statistics.quantiles(self._took, n=100)[percent - 1] * 1000

    def _run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port)
        while not self._stop.wait(0.01):
            started = time.perf_counter()
            connection.request("GET", "/v1/application", headers=self._headers)
            connection.getresponse().read()
            self._took.append(time.perf_counter() - started)
        connection.close()


def _form(content: Iterator[bytes]) -> Iterator[bytes]:
    yield f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"\r\n\r\n'.encode()
    yield from content
    yield f"\r\n--{_BOUNDARY}--\r\n".encode()


def _users() -> Iterator[bytes]:
    names = (f"import-{n}" for n in range(_USERS))
    return _array({"name": name, "displayName": name, "guest": False} for name in names)


def _channels() -> Iterator[bytes]:
    names = (f"import-{n}" for n in range(_CHANNELS))
    return _array({"type": "PUBLIC", "name": name, "members": ["import-1"]} for name in names)


def _messages(channels: list[int], count: int) -> Iterator[bytes]:
    """Ten words each, all different, since the search index weighs every part of a text."""
    return _array(
        {
            "type": "TEXT",
            "channelId": channels[n % len(channels)],
            "user": f"import-{n * 7 % _USERS}",
            "body": " ".join(_WORDS[n * step % len(_WORDS)] for step in range(1, 11)),
            "idempotencyKey": f"message-{n}",
            "createdTime": "2024-01-02T03:04:05Z",
        }
        for n in range(count)
    )


def _array(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    piece = bytearray(b"[")
    for number, row in enumerate(rows):
        piece += (b"," if number else b"") + msgspec.json.encode(row)
        if len(piece) > 65536:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece + b"]")


def _status_mib(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise Failed(f"no {field} of process {pid}")


def _rss_mib(pid: int) -> float:
    return _status_mib(pid, "VmRSS")


def _peak_rss_mib(pid: int) -> float:
    return _status_mib(pid, "VmHWM")


if __name__ == "__main__":
    main()
