"""How to get a connection: where, as whom, in which encoding. Knows of one attempt at a time."""

import asyncio
import ssl as tls
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

import msgspec
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from .codec import Codec
from .connection import FINAL_CODES, PROTOCOL_ERROR, Connection
from .errors import Closed, ConnectFailed, ConnectionLost, ParlanceError, Refused, Unreadable
from .models import Greeting

UNAUTHORIZED = 4001
CLOSE_SECONDS = 2.0
# The server's own limit is on what clients send; 200 long messages of history are one frame.
MAX_FRAME_BYTES = 64 * 1024 * 1024


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    codec: Codec
    identity: dict[str, str | None]
    open_timeout: float
    ssl: tls.SSLContext | None
    proxy: str | Literal[True] | None

    async def open(self, positions: Mapping[int, int]) -> tuple[Connection, Greeting]:
        """Connect and say hello.

        Raises ConnectFailed where another attempt may help, and Closed where none will.
        """
        try:
            async with asyncio.timeout(self.open_timeout):
                connection = await self._connect()
                return connection, await self._introduce(connection, positions)
        except TimeoutError:
            raise ConnectFailed(f"{self.url}: no answer in {self.open_timeout} s") from None

    async def _connect(self) -> Connection:
        # websockets takes its own default only where `ssl` is not given at all.
        secure: dict[str, Any] = {} if self.ssl is None else {"ssl": self.ssl}
        try:
            websocket = await open_websocket(
                self.url,
                subprotocols=[Subprotocol(self.codec.subprotocol)],
                compression=None,
                proxy=self.proxy,
                open_timeout=None,
                ping_interval=None,
                close_timeout=CLOSE_SECONDS,
                max_size=MAX_FRAME_BYTES,
                **secure,
            )
        except InvalidStatus as refused:
            status, headers = refused.response.status_code, refused.response.headers
            text = f"{self.url}: no websocket but HTTP status {status}"
            raise ConnectFailed(text, _seconds(headers.get("Retry-After"))) from refused
        except (OSError, WebSocketException) as error:
            raise ConnectFailed(f"{self.url}: {error}") from error
        if websocket.subprotocol != self.codec.subprotocol:
            websocket.transport.abort()
            raise ConnectFailed(f"{self.url}: does not speak {self.codec.subprotocol}")
        return Connection(websocket, self.codec)

    async def _introduce(self, connection: Connection, positions: Mapping[int, int]) -> Greeting:
        known = {str(channel): offset for channel, offset in positions.items()}
        try:
            return await connection.hello({**self.identity, "positions": known})
        except Refused as refusal:
            raise await _verdict(connection, refusal) from refusal
        except ConnectionLost as lost:
            raise ConnectFailed(f"{self.url}: {lost}", lost.retry_after) from lost
        except Unreadable as error:
            connection.abort()
            raise Closed(PROTOCOL_ERROR, str(error)) from error
        except BaseException:
            connection.abort()
            raise


def socket_url(url: str) -> str:
    """The address of the socket of the server at `url`; raises ValueError for another scheme."""
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}.get(parts.scheme)
    if scheme is None or not parts.netloc:
        raise ValueError(f"{url!r} is not an http:// or https:// address")
    path = parts.path.rstrip("/").removesuffix("/socket") + "/socket"
    return urlunsplit((scheme, parts.netloc, path, "", ""))


async def _verdict(connection: Connection, refusal: Refused) -> ParlanceError:
    await connection.close()
    if refusal.retry_after is not None:
        return ConnectFailed(str(refusal), refusal.retry_after)
    code = connection.close_code
    told = code is not None and code in FINAL_CODES and code != 1000
    return Closed(code if told and code else UNAUTHORIZED, str(refusal))


def _seconds(header: str | None) -> float | None:
    return float(header) if header is not None and header.isdigit() else None
