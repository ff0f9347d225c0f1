"""Gateway: where websockets enter. A protocol class for uvicorn's `ws` option.

Rule: websockets' sans-IO ServerProtocol does the handshake and reads what comes in; what goes
out is finished frames, written straight to the transport. No task, no queue object per message.
"""

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from protocol.errors import FROM_WEBSOCKET, CloseCode
from protocol.native.codecs import CODECS
from server.realtime.client import HIGH_WATER, LOW_WATER, Client
from server.realtime.node import Realtime
from server.realtime.session import Session
from server.realtime.wire import wire_for

logger = logging.getLogger("parlance.gateway")

PATH = "/socket"
CLOSE_SECONDS = 5.0
"""How long a peer may take to answer a close frame before the connection is cut."""


class NativeServerProtocol(ServerProtocol):
    """Fails connections with the close codes of docs/protocol.md instead of RFC 6455's own."""

    def fail(self, code: int, reason: str = "") -> None:
        super().fail(FROM_WEBSOCKET.get(code, code), reason)

    def select_subprotocol(self, subprotocols: Any) -> Subprotocol | None:
        """Take the first offered one we know; with none of ours, go on without: JSON."""
        return next((offered for offered in subprotocols if offered in CODECS), None)


class Gateway:
    """The sockets of one node, the flush at the end of each tick, and their keep-alive."""

    def __init__(self, realtime: Realtime) -> None:
        self.realtime = realtime
        self.loop = realtime.loop
        self._owed: list[Client] = []
        self.sockets: set[Socket] = set()

    def protocol(self, **_: Any) -> "Socket":
        """Make the protocol of one upgraded connection; uvicorn's own arguments are not needed."""
        return Socket(self)

    def later(self, client: Client) -> None:
        """Flush a client at the end of this tick."""
        if not self._owed:
            self.loop.call_soon(self._flush)
        self._owed.append(client)

    def _flush(self) -> None:
        owed, self._owed = self._owed, []
        for client in owed:
            client.flush()

    async def keep_alive(self) -> None:
        """Ping who has been silent for a heartbeat, drop who stays silent, until cancelled."""
        heartbeat = self.realtime.settings.heartbeat_seconds
        while True:
            await asyncio.sleep(heartbeat / 2)
            now = self.loop.time()
            for socket in list(self.sockets):
                socket.check_alive(now, heartbeat)


class Socket(asyncio.Protocol):
    """One websocket connection."""

    __slots__ = (
        "_close_timer",
        "_fragments",
        "_gateway",
        "_heard",
        "_pong",
        "_text",
        "_transport",
        "_ws",
        "client",
        "receive",
        "session",
    )

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        settings = gateway.realtime.settings
        extensions = None
        if settings.deflate:
            # Without context takeover on our side, or a broadcast could not be compressed once.
            extensions = [
                ServerPerMessageDeflateFactory(
                    server_no_context_takeover=True, client_no_context_takeover=True
                )
            ]
        self._ws = NativeServerProtocol(
            subprotocols=[Subprotocol(name) for name in CODECS],
            extensions=extensions,
            max_size=settings.max_frame_bytes,
            logger=logger,
        )
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._fragments: list[Any] | None = None
        self._text = False
        self._pong: bytes | None = None
        self._heard = gateway.loop.time()
        self._close_timer: asyncio.TimerHandle | None = None
        self.client: Client | None = None
        self.session: Session | None = None
        self.receive: Callable[..., None] | None = None

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=HIGH_WATER, low=LOW_WATER)

    def data_received(self, data: bytes) -> None:
        ws = self._ws
        self._heard = self._gateway.loop.time()
        ws.receive_data(data)
        for event in ws.events_received():
            if isinstance(event, Frame):
                self._take(event)
            elif isinstance(event, Request):
                self._accept(event)
        self._write_ours()

    def eof_received(self) -> None:
        self._ws.receive_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gateway.sockets.discard(self)
        if self._close_timer is not None:
            self._close_timer.cancel()
        if self.client is not None:
            self._gateway.realtime.remove(self.client)
        self.client = self.session = self.receive = None

    def pause_writing(self) -> None:
        if self.client is not None:
            self.client.paused()

    def resume_writing(self) -> None:
        if self.client is not None:
            self.client.resumed()
        if self._pong is not None and self._ws.state is State.OPEN:
            pong, self._pong = self._pong, None
            self._transport.write(pong)

    # The handshake

    def _accept(self, request: Request) -> None:
        response = self._response(request)
        self._ws.send_response(response)
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            return
        realtime = self._gateway.realtime
        wire = wire_for(self._ws.subprotocol, deflate=bool(self._ws.extensions))
        client = Client(self, wire, realtime.settings.outgoing_buffer_bytes)
        self.session = client.session = Session(
            realtime, client, _credentials(request), _user_agent(request)
        )
        self.receive = self.session.receive
        self.client = client
        self._gateway.sockets.add(self)
        self._write_ours()
        realtime.add(client)

    def _response(self, request: Request) -> Response:
        if urlsplit(request.path).path.rstrip("/") != PATH:
            return self._ws.reject(HTTPStatus.NOT_FOUND, "There is no socket here.\n")
        if self._gateway.realtime.draining:
            response = self._ws.reject(HTTPStatus.SERVICE_UNAVAILABLE, "Restarting.\n")
            response.headers["Retry-After"] = "1"
            return response
        return self._ws.accept(request)

    # What comes in

    def _take(self, frame: Frame) -> None:
        opcode = frame.opcode
        if opcode is Opcode.TEXT or opcode is Opcode.BINARY:
            if frame.fin:
                self._pass_on(frame.data, binary=opcode is Opcode.BINARY)
            else:
                self._fragments = [frame.data]
                self._text = opcode is Opcode.TEXT
        elif opcode is Opcode.CONT and self._fragments is not None:
            if frame.data:  # empty ones count for no limit, and are kept by nobody
                self._fragments.append(frame.data)
            if frame.fin:
                fragments, self._fragments = self._fragments, None
                self._pass_on(b"".join(fragments), binary=not self._text)
        # Pings are answered and closes echoed by the protocol; a pong has been heard already.

    def _pass_on(self, data: Any, *, binary: bool) -> None:
        if self.receive is not None:
            self.receive(data, binary=binary)

    def _write_ours(self) -> None:
        """Write what the websocket protocol itself has to say: handshake, pongs, closes."""
        ours = self._ws.data_to_send()
        if ours and self._ws.state is State.OPEN and self.client is not None and self.client.slow:
            # RFC 6455 5.5.3 allows to answer the latest ping only; all would be held without limit.
            self._pong = ours[-1]
            return
        for data in ours:
            if data:
                self._transport.write(data)
            else:
                self._shut()
        if self._ws.state is State.CLOSING or self._ws.close_expected():
            self._expect_close()

    # Outlet

    def later(self, client: Client) -> None:
        self._gateway.later(client)

    def write(self, data: bytes) -> int:
        self._transport.write(data)
        return self._transport.get_write_buffer_size()

    def close(self, code: CloseCode, reason: str) -> None:
        """Send a close frame and give the peer a moment to answer it."""
        if code is CloseCode.TOO_SLOW:
            self._gateway.realtime.slow_closed += 1
        if self._ws.state is State.OPEN:
            self._ws.send_close(code, reason)
        self._write_ours()
        self._expect_close()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def _expect_close(self) -> None:
        if self.client is not None and not self.client.closed:
            self.client.gone()
        if self._close_timer is None:
            self._close_timer = self._gateway.loop.call_later(CLOSE_SECONDS, self._cut)

    def _shut(self) -> None:
        # RFC 6455 7.1.1: the server closes the TCP connection, after what was written.
        self._transport.close()

    def _cut(self) -> None:
        self._transport.abort()

    def check_alive(self, now: float, heartbeat: float) -> None:
        """Ping a silent peer; cut one that stays silent for two heartbeats."""
        silent = now - self._heard
        if silent > 2 * heartbeat:
            self._cut()
        elif silent > heartbeat and self._ws.state is State.OPEN:
            self._ws.send_ping(b"")
            self._write_ours()


def _user_agent(request: Request) -> str | None:
    """What the client calls itself, as far as it can be stored."""
    given = request.headers.get("User-Agent")
    return given.encode("ascii", "replace").decode() if given is not None else None


def _credentials(request: Request) -> str | None:
    """A token given with the upgrade: `?token=`, or an Authorization header."""
    header = request.headers.get("Authorization")
    if header is not None and header[:7].lower() == "bearer ":
        return header[7:].strip()
    query = parse_qs(urlsplit(request.path).query)
    return query["token"][0] if "token" in query else None
