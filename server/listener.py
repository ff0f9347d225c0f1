"""The listening socket, made once and shared by all nodes, so that none of them can lose it."""

import socket

from server.settings import SettingsError

# Connections wait here while a node is replaced; the kernel cuts it to net.core.somaxconn.
_BACKLOG = 4096


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; SettingsError says in one line why there is none."""
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(f"cannot listen on {where}: {reason}") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise SettingsError(f"cannot listen on {where}: {error.strerror}") from None
    return listener
