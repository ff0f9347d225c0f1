"""Every refusal of the core, with its stable code. Dialects map the families, never the texts.

Rule: what the actor may not see is NotFound; Forbidden is for what it sees but may not do.
"""


class ChatError(Exception):
    """A refusal. `code` is stable; the text is for people and holds nothing they may not know."""

    code = "error"
    text = "The request was refused."
    retry_after: float | None = None

    def __init__(self, text: str | None = None, *, retry_after: float | None = None) -> None:
        super().__init__(text or self.text)
        if retry_after is not None:
            self.retry_after = retry_after


class Invalid(ChatError):
    code = "invalid"
    text = "The request is not valid."


class TooLarge(Invalid):
    code = "too_large"
    text = "The file or the request is too large."


class Unauthorized(ChatError):
    code = "unauthorized"
    text = "The credentials are missing, wrong, expired or revoked."


class NotFound(ChatError):
    code = "not_found"
    text = "There is no such thing here."


class Forbidden(ChatError):
    code = "forbidden"
    text = "This is not allowed."


class NotAMember(Forbidden):
    code = "not_a_member"
    text = "Only members of the channel may do this."


class Blocked(Forbidden):
    code = "blocked"
    text = "One of the two sides has blocked the other."


class Banned(Forbidden):
    code = "banned"
    text = "The user is banned from this channel."


class GuestsDisabled(Forbidden):
    code = "guests_disabled"
    text = "This application does not admit guests."


class Conflict(ChatError):
    code = "conflict"
    text = "This conflicts with what exists."


class TooMany(ChatError):
    code = "rate_limited"
    text = "Too many requests."
    retry_after = 1.0


class Unavailable(ChatError):
    """Storage or fan-out is away. Nothing was acknowledged; trying again is safe."""

    code = "unavailable"
    text = "The server cannot do this right now; try again."
    retry_after = 1.0
