"""Which addresses previews may connect to."""

import httpcore
import pytest

from server.previews.addresses import GuardedBackend, is_public


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address, 80)
    assert is_public(address, 443)
    assert not is_public(address, 8080)
    assert not is_public(address, 22)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%lo",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::1",
        "2001:0:7f00:1::1",
        "localhost",
        "",
    ],
)
def test_addresses_of_ours_are_not(address: str) -> None:
    assert not is_public(address, 80)


async def _names(*addresses: str) -> httpcore.AsyncNetworkStream:
    async def resolve(host: str, port: int) -> list[str]:
        assert (host, port) == ("a.test", 80)
        return list(addresses)

    return await GuardedBackend(resolve).connect_tcp("a.test", 80, timeout=1.0)


async def test_a_name_that_leads_home_is_not_connected_to() -> None:
    for addresses in (["127.0.0.1"], ["1.1.1.1", "127.0.0.1"], ["::1"], []):
        with pytest.raises(httpcore.ConnectError):
            await _names(*addresses)


async def test_a_name_that_leads_nowhere_is_a_refusal() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise OSError(host)

    with pytest.raises(httpcore.ConnectError):
        await GuardedBackend(resolve).connect_tcp("a.test", 80)


async def test_the_systems_resolver_finds_home_in_any_disguise() -> None:
    for host in ("localhost", "127.0.0.1", "127.1", "0x7f000001", "2130706433", "::1"):
        with pytest.raises(httpcore.ConnectError):
            await GuardedBackend().connect_tcp(host, 80, timeout=1.0)


async def test_sockets_of_this_machine_are_not_the_internet() -> None:
    with pytest.raises(httpcore.ConnectError):
        await GuardedBackend().connect_unix_socket("/tmp/socket")
