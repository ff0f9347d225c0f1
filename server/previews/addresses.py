"""Which addresses may be connected to: those of the public internet, and none of ours."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable

import httpcore

PORTS = frozenset({80, 443})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]
Allow = Callable[[str, int], bool]


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, by the system's resolver. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))


def is_public(text: str, port: int) -> bool:
    """Whether this address and port belong to the public web."""
    if port not in PORTS:
        return False
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return all(_is_global(each) for each in _meant(address))


def _is_global(address: Address) -> bool:
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def _meant(address: Address) -> list[Address]:
    """Where an address leads: an IPv6 one may stand for an IPv4 one, or be reached through it."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    through = [address.sixtofour, *(address.teredo or ())]
    return [address, *(each for each in through if each is not None)]


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects by name to public addresses only. A name is resolved once, and what was checked is
    what is connected to; so a name cannot lead elsewhere between the two. TLS still asks for the
    name."""

    def __init__(self, resolve: Resolve = resolve, allow: Allow = is_public) -> None:
        self._resolve = resolve
        self._allow = allow
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError("The name cannot be resolved.") from None
        # A name that leads to both worlds is not to be trusted at all.
        if not addresses or not all(self._allow(address, port) for address in addresses):
            raise httpcore.ConnectError("The address is not public.")
        return await self._network.connect_tcp(
            addresses[0], port, timeout=timeout, socket_options=socket_options
        )

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise httpcore.ConnectError("Only the internet is connected to.")

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)
