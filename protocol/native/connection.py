"""The state of one native conversation: what may be said now, and what becomes of bad frames.

Rule 1: everything that decides whether a frame is acceptable lives here and in `frames.py`.
Rule 2: a connection never raises on bad input; it answers with what has to be sent.
"""

import enum
from typing import Any

import msgspec

from protocol.errors import CloseCode, ProtocolError
from protocol.native.codecs import Codec
from protocol.native.frames import AnyCommand, Command, Error, Hello
from protocol.native.salvage import find_id

_MOST_TEXT = 200


class State(enum.Enum):
    GREETING = "greeting"
    GREETED = "greeted"
    OPEN = "open"
    CLOSED = "closed"


TYPES: dict[str, type[Command]] = {
    str(command.__struct_config__.tag): command for command in Command.__subclasses__()
}

# state: is a hello acceptable?, is anything else? GREETED: a hello is being looked at; what is
# sent behind it without waiting is accepted and has to be kept until it is decided.
ACCEPTS: dict[State, tuple[bool, bool]] = {
    State.GREETING: (True, False),
    State.GREETED: (False, True),
    State.OPEN: (False, True),
    State.CLOSED: (False, False),
}

Received = AnyCommand | Error | ProtocolError | None


class Connection:
    """One socket's side of the conversation; bytes in, commands or refusals out."""

    __slots__ = ("_codec", "state")

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self.state = State.GREETING

    def receive(self, payload: bytes | bytearray, *, binary: bool) -> Received:
        """Decode one frame: the command to carry out; the Error to send; the ProtocolError to
        close with, when there is no id to answer; None when closed."""
        if self.state is State.CLOSED:
            return None
        if binary != self._codec.binary:
            kind = "binary" if self._codec.binary else "text"
            return ProtocolError(
                CloseCode.MALFORMED, f"{self._codec.subprotocol} takes {kind} frames"
            )
        try:
            command = self._codec.decode(payload)
        except (ValueError, RecursionError) as problem:
            return self._refuse(payload, problem)
        return self._check_order(command)

    def decide(self, *, welcome: bool) -> None:
        """The hello was accepted, or it was not and another may follow."""
        if self.state is State.GREETED:
            self.state = State.OPEN if welcome else State.GREETING

    def close(self) -> None:
        self.state = State.CLOSED

    def _check_order(self, command: AnyCommand) -> Received:
        hello, others = ACCEPTS[self.state]
        if isinstance(command, Hello):
            if not hello:
                return Error(id=command.id, code="invalid", message="hello was said already.")
            self.state = State.GREETED
        elif not others:
            return Error(id=command.id, code="unauthorized", message="Say hello first.")
        return command

    def _refuse(self, payload: bytes | bytearray, problem: Exception) -> Error | ProtocolError:
        command_id, code, text = self._diagnose(payload, problem)
        if command_id is None:
            return ProtocolError(CloseCode.MALFORMED, "a frame that cannot be answered")
        return Error(id=command_id, code=code, message=text[:_MOST_TEXT])

    def _diagnose(
        self, payload: bytes | bytearray, problem: Exception
    ) -> tuple[int | None, str, str]:
        found = find_id(payload, binary=self._codec.binary)
        if isinstance(problem, RecursionError):
            return found, "malformed", "The frame is nested too deep."
        if not isinstance(problem, msgspec.ValidationError):
            return found, "malformed", "The frame cannot be decoded."
        frame = self._loosely(payload)
        if isinstance(frame, dict) and frame.get("type") not in TYPES:
            return found, "unknown_type", "There is no command of this type."
        # msgspec's text names the place and the types only, both the caller's own.
        return found, "invalid", str(problem)

    def _loosely(self, payload: bytes | bytearray) -> Any:
        try:
            return self._codec.decode_loosely(payload)
        except (ValueError, RecursionError):
            return None
