"""Close codes: each says whether to come back, and none means two things."""

from protocol.errors import FROM_WEBSOCKET, RECONNECT, CloseCode, ProtocolError


def test_every_close_code_says_whether_to_reconnect() -> None:
    assert set(RECONNECT) == set(CloseCode)


def test_codes_of_our_own_are_in_the_private_range() -> None:
    ours = [code for code in CloseCode if code >= 4000]
    assert len(ours) == 7
    assert all(4000 <= code <= 4999 for code in ours)


def test_failures_of_the_websocket_layer_are_said_in_our_codes() -> None:
    assert FROM_WEBSOCKET[1009] is CloseCode.FRAME_TOO_LARGE
    assert {FROM_WEBSOCKET[1003], FROM_WEBSOCKET[1007]} == {CloseCode.MALFORMED}


def test_a_protocol_error_carries_its_code_and_reason() -> None:
    problem = ProtocolError(CloseCode.MALFORMED, "why")
    assert (problem.code, problem.reason, str(problem)) == (CloseCode.MALFORMED, "why", "why")
