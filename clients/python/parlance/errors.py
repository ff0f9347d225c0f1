"""Everything the client raises.

ParlanceError
├── ConnectFailed (also ConnectionError): no socket, or not one of a Parlance server
├── ConnectionLost (also ConnectionError): broke while a command was under way
├── CommandTimeout (also TimeoutError): no answer in time
├── Refused: the server understood the command and declined it
├── Unreadable: the answer to a command made no sense
└── Closed: the conversation is over for good
"""


class ParlanceError(Exception):
    """The root. `code` is a stable word to switch on; `retry_after` is in seconds and is given
    only where trying again can help."""

    code: str = "error"
    retry_after: float | None = None


class ConnectFailed(ParlanceError, ConnectionError):
    """A socket could not be opened.

    Only `async with connect(...)` raises it, for its first attempt; later ones are repeated.
    """

    code = "connect_failed"

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class ConnectionLost(ParlanceError, ConnectionError):
    """The connection broke after the command left and before its answer came.

    Whether the server carried it out is unknown. The client itself reconnects.
    """

    code = "connection_lost"

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class CommandTimeout(ParlanceError, TimeoutError):
    """No answer within the `timeout` of the client. Whether it was carried out is unknown."""

    code = "timeout"


class Refused(ParlanceError):
    """The server's refusal: its code, such as `not_a_member`, and its text for people."""

    def __init__(self, code: str, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{super().__str__()} ({self.code})"


class Unreadable(ParlanceError):
    """The command was carried out and its answer is of a shape this client does not know: client
    and server are of versions too far apart."""

    code = "unreadable"


class Closed(ParlanceError):
    """The conversation ended and coming back would not help, or the client was closed.

    `close_code` is the WebSocket close code: 4001 unauthorized, 4003 revoked, 4004 malformed
    frame, 4005 frame too large, 1000 closed in good order.
    """

    code = "closed"

    def __init__(self, close_code: int, reason: str) -> None:
        super().__init__(f"{reason or 'closed'} ({close_code})")
        self.close_code = close_code
        self.reason = reason
