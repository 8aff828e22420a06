"""Who asks: the address of a client behind trusted proxies, and whether it may see inside.

A proxy that we trust says for whom it asks, in `X-Forwarded-For`, `Forwarded` (RFC 7239) or
`X-Real-IP`. Each proxy adds the address that it saw at the right, so the client is the rightmost
one that is no trusted proxy itself: what stands left of it, anybody can write.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Sequence
from hashlib import sha256
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from typing import TypeAlias

from feedsvc.serve.rsgi import Headers, Scope

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_MOST_HOPS = 32  # looked at, from the right

# Who passes a request on says so in one of these, or in some other field like them.
_PASSED_ON = frozenset({"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip"})
_PASSED_ON_PREFIXES = ("x-forwarded", "x-original-f", "x-envoy-", "cf-connecting-")

_PORT = re.compile(r":[0-9]{1,5}\Z")
_LONGEST = 4096  # characters of a `Forwarded` line that are read
# RFC 7239 §4: a pair, with what is more than a token in quotes, though not all proxies do that.
_PAIR = re.compile(
    r"""\s*([\w!#$%&'*+.^`|~-]+)=("(?:[^"\\]|\\.)*"|[^";\s]+)\s*(?:;|\Z)""", re.ASCII
)
_UNKNOWN = "unknown"  # RFC 7239 §6.2


def address(text: str) -> Address | None:
    """An address as proxies and engines write it: with a port, in brackets, mapped; None if not."""
    text = text.strip()
    if text.startswith("["):
        text, bracket, port = text[1:].partition("]")
        if not bracket or (port and not _PORT.fullmatch(port)):
            return None
    elif text.count(":") == 1:  # more of them are of IPv6
        text = _PORT.sub("", text)
    try:
        found = ip_address(text.partition("%")[0])  # a zone is this machine's own word
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


class Clients:
    """Tells for whom a request is made, where `trusted` are the networks of our proxies."""

    def __init__(self, trusted: Sequence[Network] = ()) -> None:
        self.trusted = tuple(trusted)

    def address(self, scope: Scope) -> Address | None:
        """The address of the client; None where none is known, as behind a Unix socket."""
        peer = address(scope.client)
        if peer is None or not self._trusts(peer):
            return peer
        headers = scope.headers
        told = {
            self._client(read(headers.get_all(name))) for name, read in _READERS if name in headers
        }
        if not told:
            return peer
        # One of them may be the client's own word, which the proxy that writes another one passes
        # on unseen: if they contradict each other, none is believed.
        return told.pop() if len(told) == 1 else None

    def _client(self, hops: Sequence[str]) -> Address | None:
        """The rightmost hop that is no proxy of ours, or else the leftmost."""
        found = None
        for hop in reversed(hops[-_MOST_HOPS:]):
            found = address(hop)
            if found is None or not self._trusts(found):
                break
        return found

    def _trusts(self, one: Address) -> bool:
        return any(one.version == net.version and one in net for net in self.trusted)


def _listed(lines: Sequence[str]) -> list[str]:
    return [hop for line in lines for hop in line.split(",") if hop.strip()]


def _forwarded(lines: Sequence[str]) -> list[str]:
    """The `for` of each element; one that has none, or cannot be read, is an unknown hop."""
    return [_for(element) for line in lines for element in _elements(line)]


def _elements(line: str) -> list[str]:
    """The parts of a line between commas; one unknown part if its quotes do not end."""
    if len(line) > _LONGEST:
        return [_UNKNOWN]
    found, begin, at, quoted = [], 0, 0, False
    while at < len(line):
        if line[at] == '"':
            quoted = not quoted
        elif quoted and line[at] == "\\":
            at += 1  # what follows it is no end
        elif line[at] == "," and not quoted:
            found.append(line[begin:at])
            begin = at + 1
        at += 1
    return [_UNKNOWN] if quoted else [*found, line[begin:]]


def _for(element: str) -> str:
    at, told = 0, _UNKNOWN
    while at < len(element):
        pair = _PAIR.match(element, at)
        if pair is None:
            return _UNKNOWN
        if pair[1].lower() == "for":
            told = pair[2]
        at = pair.end()
    return re.sub(r"\\(.)", r"\1", told[1:-1]) if told.startswith('"') else told


_READERS: tuple[tuple[str, Callable[[Sequence[str]], list[str]]], ...] = (
    ("x-forwarded-for", _listed),
    ("forwarded", _forwarded),
    ("x-real-ip", _listed),
)


class Admission:
    """Who may see inside: whoever has the token, and the people of this machine.

    `digest` is the SHA-256 of the token, so that the token itself need not be known here.
    """

    def __init__(self, digest: bytes | None = None) -> None:
        self._digest = digest

    def admits(self, scope: Scope) -> bool:
        """Whether this request may see what is for operators alone."""
        given = scope.headers.get("authorization")
        if given is not None:
            return self._is_token(given)
        return _is_local(scope)

    def invites(self, scope: Scope) -> bool:
        """Whether to tell a client that is not admitted that there is something to be admitted to.

        Only one that shows a token, in vain: all others find nothing here.
        """
        return self._digest is not None and "authorization" in scope.headers

    def _is_token(self, given: str) -> bool:
        scheme, _, token = given.strip().partition(" ")
        if self._digest is None or scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(sha256(token.strip().encode()).digest(), self._digest)


def _is_local(scope: Scope) -> bool:
    """Whether a person or program of this machine asks on its own behalf.

    A proxy of this machine asks from here as well, for anybody. So a request that bears a sign of
    one is none of ours: a field that tells of the client (whatever it says, and even if it cannot
    be read), HTTP/1.0 (which nginx speaks unless told otherwise), or the name of a site, by which
    also a page in a browser here may ask, once its name leads to this machine.
    """
    peer = address(scope.client)
    return (
        peer is not None
        and peer.is_loopback
        and scope.http_version != "1.0"
        and not any(map(_tells_of_a_proxy, scope.headers.keys()))
        and _names_this_machine(scope.headers)
    )


def _tells_of_a_proxy(name: str) -> bool:
    return name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)


def _names_this_machine(headers: Headers) -> bool:
    host = (headers.get("host") or "").lower()
    if _PORT.sub("", host).removesuffix(".") == "localhost":
        return True
    named = address(host)
    return named is not None and named.is_loopback
