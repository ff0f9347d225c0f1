"""Every reason a Parlance socket is closed for, and whether the client should come back.

Rule: a code is never given a second meaning; `docs/protocol.md` lists them and a test compares.
"""

import enum


class CloseCode(enum.IntEnum):
    """RFC 6455 section 7.4: 4000-4999 are private use, 1000-1015 belong to the protocol itself."""

    NORMAL = 1000
    GOING_AWAY = 1001
    RESTARTING = 1012
    UNAUTHORIZED = 4001
    HELLO_TIMEOUT = 4002
    REVOKED = 4003
    MALFORMED = 4004
    FRAME_TOO_LARGE = 4005
    TOO_SLOW = 4008
    RATE_LIMITED = 4009


RECONNECT: dict[CloseCode, str] = {
    CloseCode.NORMAL: "no",
    CloseCode.GOING_AWAY: "yes",
    CloseCode.RESTARTING: "yes, after the drain hint",
    CloseCode.UNAUTHORIZED: "no",
    CloseCode.HELLO_TIMEOUT: "yes",
    CloseCode.REVOKED: "no",
    CloseCode.MALFORMED: "no",
    CloseCode.FRAME_TOO_LARGE: "no",
    CloseCode.TOO_SLOW: "yes, resume",
    CloseCode.RATE_LIMITED: "yes, later",
}
"""The column "should the client reconnect?" of the close code table."""

# Codes that websockets' sans-IO parser fails a connection with, said in our terms. 1009 is
# "message too big", 1007 "inconsistent data", 1003 "cannot accept this type of data".
FROM_WEBSOCKET = {
    1009: CloseCode.FRAME_TOO_LARGE,
    1007: CloseCode.MALFORMED,
    1003: CloseCode.MALFORMED,
}


class ProtocolError(Exception):
    """A peer broke the protocol in a way no reply can mend: close with `code`."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
