"""The guard: which addresses may be connected to, whatever a host name or a redirect says.

A feed's address comes from strangers, and so does every redirect. Without this, `http://x.example/`
that resolves to 127.0.0.1 or to a cloud's metadata service would be read, and published. A host is
resolved once; what is connected to is an address that was checked, never the name again.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import NamedTuple

from feedsvc.web.failures import NoNetworkError, RefusedError, UnreachableError
from feedsvc.web.resolver import Resolver

Address = IPv4Address | IPv6Address
Networks = tuple[IPv4Network | IPv6Network, ...]
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port -> addresses in the order to try them; raises OSError."""


class Origin(NamedTuple):
    """What a connection leads to (RFC 9110 §4.3.1)."""

    scheme: str
    host: str  # an IPv6 address in brackets
    port: int


class Way(NamedTuple):
    """Where a host may be reached: checked addresses, and whether they are the operator's own."""

    addresses: tuple[str, ...]
    own: bool  # only `sync.allow_networks` lets them through


class Guard:
    """Resolves hosts for one client and lets only permitted addresses through."""

    def __init__(self, allowed: Networks, resolve: Resolve | None = None) -> None:
        self._allowed = allowed
        self._resolve = resolve or Resolver()

    async def way(self, host: str, port: int) -> Way:
        """The permitted addresses of a host; raises UnreachableError or RefusedError."""
        found = await self.found(host, port)
        verdicts = [(address, refusal(address, self._allowed)) for address in found]
        fit = tuple(dict.fromkeys(address for address, why in verdicts if why is None))
        if not fit:
            address, why = verdicts[0]
            named = "" if host.strip("[]") == str(address) else f" ({address})"
            listed = f'["{_network(address)}"]'
            raise RefusedError(
                f"{host}{named} is {why}: such addresses are not asked",
                hint=f"if it is meant, list it: sync.allow_networks = {listed}, "
                f"or FEEDSVC_SYNC__ALLOW_NETWORKS='{listed}'",
            )
        return Way(tuple(map(str, fit)), own=_special(fit))

    async def found(self, host: str, port: int) -> list[Address]:
        """The addresses of a host, permitted or not; raises UnreachableError."""
        known = _without_asking(host) or await self._look_up(host, port)
        return [_plain(address) for address in known]

    def refuses(self, host: str) -> str | None:
        """Why a host that is itself an address is not asked; None for one that only has a name."""
        known = _without_asking(host)
        verdicts = [refusal(address, self._allowed) for address in known]
        return verdicts[0] if verdicts and all(verdicts) else None

    def own(self, host: str) -> bool:
        """Whether a host is known, without asking a name server, to be the operator's own."""
        return _special(_without_asking(host))

    async def _look_up(self, host: str, port: int) -> list[Address]:
        try:
            texts = await self._resolve(host, port)
            found = [ip_address(text.partition("%")[0]) for text in texts]
        except OSError as error:
            raise _unresolved(host, error) from error
        except ValueError as error:  # from another resolver: no address, or a UnicodeError
            raise UnreachableError(f"{host}: not a name that can be resolved") from error
        if not found:
            raise UnreachableError(f"{host}: the name has no address")
        return found


# RFC 6761 §6.3: never a question for a name server, also as `a.localhost` and `localhost.`
_LOCALHOST = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


def _unresolved(host: str, error: OSError) -> UnreachableError:
    if isinstance(error, socket.gaierror) and error.errno in _NO_SUCH_HOST:
        return UnreachableError(f"{host}: there is no such host", hint="is the name spelt right?")
    return NoNetworkError(f"{host}: the name cannot be resolved now ({error.strerror or error})")


_NO_SUCH_HOST = {socket.EAI_NONAME} | (
    {socket.EAI_NODATA} if hasattr(socket, "EAI_NODATA") else set()
)


def _without_asking(host: str) -> Sequence[Address]:
    """The addresses of a host that is an address itself, or this machine."""
    literal = literal_address(host)
    if literal is not None:
        return (literal,)
    return _LOCALHOST if f".{host.removesuffix('.')}".endswith(".localhost") else ()


def literal_address(host: str) -> Address | None:
    """The address a host is, in any spelling a resolver would take: `[::1]`, `0x7f.1`, `017700…`.

    WHATWG URL §3.5 reads octal, hexadecimal, short and trailing-dot forms as IPv4; reading them
    here keeps that from depending on the C library.
    """
    if host.startswith("["):
        return IPv6Address(host[1:-1])
    bare = host.removesuffix(".")
    if not bare[-1:].isalnum() or not bare.rpartition(".")[2][:1].isdigit():
        return None
    try:
        return IPv4Address(socket.inet_aton(bare))
    except OSError:
        return None


@lru_cache(maxsize=4096)
def refusal(address: Address, allowed: Networks) -> str | None:
    """Why an address is not connected to, or None if it may be."""
    address = _plain(address)
    if any(address.version == network.version and address in network for network in allowed):
        return None
    if isinstance(address, IPv6Address):
        return _refused_v6(address)
    return _named(address, _SPECIAL_V4)


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv4-mapped one stands for: the kernel connects to that."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def _special(addresses: Sequence[Address]) -> bool:
    """Whether it takes `sync.allow_networks` to ask one of these."""
    return any(refusal(address, ()) is not None for address in addresses)


def _refused_v6(address: IPv6Address) -> str | None:
    for network, at, kind in _CARRIERS:
        if address in network:
            carried = IPv4Address(int(address) >> at & 0xFFFFFFFF)
            why = _named(carried, _SPECIAL_V4)
            return None if why is None else f"{kind} of {carried}, {why}"
    return _named(address, _SPECIAL_V6) or (
        None if address in _UNICAST else "not a global unicast address"
    )


def _named(
    address: Address, table: tuple[tuple[IPv4Network | IPv6Network, str], ...]
) -> str | None:
    return next((kind for network, kind in table if address in network), None)


def _network(address: Address) -> str:
    """The network to list for an address: itself, and of loopback all, for that is one machine."""
    if address.version == 4 and address.is_loopback:
        return "127.0.0.0/8"
    return f"{address}/{address.max_prefixlen}"


def _table(text: str) -> tuple[tuple[IPv4Network | IPv6Network, str], ...]:
    rows = (line.split(None, 1) for line in text.strip().splitlines())
    return tuple((ip_network(network), kind.strip()) for network, kind in rows)


# The IANA registries of special-purpose addresses (RFC 6890), as a table of our own: what
# `ipaddress` calls global differs between the patch releases of Python.
_SPECIAL_V4 = _table("""
    127.0.0.0/8         a loopback address
    10.0.0.0/8          a private address
    172.16.0.0/12       a private address
    192.168.0.0/16      a private address
    169.254.0.0/16      a link-local address
    100.64.0.0/10       a carrier's shared address
    0.0.0.0/8           an address of "this network"
    192.0.0.0/24        an address for protocols
    192.0.2.0/24        an address for documentation
    198.51.100.0/24     an address for documentation
    203.0.113.0/24      an address for documentation
    192.88.99.0/24      a 6to4 relay
    198.18.0.0/15       an address for benchmarks
    168.63.129.16/32    a cloud's internal address
    224.0.0.0/4         a multicast address
    240.0.0.0/4         a reserved address
""")
_SPECIAL_V6 = _table("""
    ::1/128             a loopback address
    ::/128              the unspecified address
    fe80::/10           a link-local address
    fc00::/7            a private address
    fec0::/10           a private address
    ff00::/8            a multicast address
    2001:db8::/32       an address for documentation
    3fff::/20           an address for documentation
    2001::/23           an address for protocols
    3ffe::/16           a reserved address
""")
_UNICAST = ip_network("2000::/3")  # RFC 4291 §2.4; all that IANA has given out lies in it
# IPv6 addresses that carry an IPv4 address are as good as that: network, bits behind it, name.
_CARRIERS = (
    (ip_network("2002::/16"), 80, "the 6to4 form"),  # RFC 3056
    (ip_network("64:ff9b::/96"), 0, "the NAT64 form"),  # RFC 6052 §2.1
)
