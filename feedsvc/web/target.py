"""Addresses taken apart for a request, and where a redirect leads."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes, urlsplit

from feedsvc.text.urls import absolute
from feedsvc.web.addresses import Origin, literal_address
from feedsvc.web.failures import RefusedError, placed
from feedsvc.web.response import Headers, Hop

_MOST_HOPS = 10
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An address taken apart for a request."""

    url: str  # without fragment and credentials
    origin: Origin
    path: bytes  # RFC 9112 §3.2.1 origin-form
    authority: bytes
    credentials: tuple[tuple[bytes, bytes], ...] = field(repr=False)

    @classmethod
    def read(cls, url: str) -> Target:
        """Raises RefusedError for what is no http or https address."""
        known = absolute(url, None)
        if known is None:
            raise RefusedError(
                "not an http or https address", hint="it begins with https:// and names a host"
            )
        parts = urlsplit(known)
        user, at, place = parts.netloc.rpartition("@")
        name, colon, digits = place.rpartition(":")
        if not colon or place.endswith("]"):
            name, digits = place, ""
        literal = literal_address(name)
        if literal is not None:  # one spelling, for turns, connections and certificates
            name = f"[{literal}]" if literal.version == 6 else str(literal)
        port = int(digits) if digits else _PORTS[parts.scheme]
        authority = name if port == _PORTS[parts.scheme] else f"{name}:{port}"
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(
            url=f"{parts.scheme}://{authority}{path}",
            origin=Origin(parts.scheme, name, port),
            path=path.encode("ascii"),
            authority=authority.encode("ascii"),
            credentials=((b"authorization", _basic(user)),) if at else (),
        )


def following(target: Target, headers: Headers, hops: Sequence[Hop]) -> Target:
    """Where a redirect leads; raises RefusedError when we do not go there."""
    host = target.origin.host
    places = set(headers.lines("location")) - {""}
    if len(places) != 1:
        raise RefusedError(placed(host, "redirects, but not to one address"))
    if len(hops) > _MOST_HOPS:
        raise RefusedError(placed(hops[0].url, f"redirects more than {_MOST_HOPS} times"))
    location = _text(places.pop())
    known = absolute(location, target.url)
    if known is None:
        scheme = location.partition(":")[0][:20]
        raise RefusedError(
            placed(host, f"redirects to what is no http or https address ({scheme!r})")
        )
    result = Target.read(known)
    if any(hop.url == result.url for hop in hops):
        raise RefusedError(placed(host, "redirects in a circle"))
    return result


def same_place(old: Target, new: Target) -> bool:
    """Whether what is secret may go on: same origin, or the same host made secure."""
    if old.origin == new.origin:
        return True
    return old.origin == ("http", new.origin.host, 80) and new.origin[::2] == ("https", 443)


def _basic(userinfo: str) -> bytes:
    user, _, password = userinfo.partition(":")
    return b"Basic " + base64.b64encode(unquote_to_bytes(user) + b":" + unquote_to_bytes(password))


def _text(value: str) -> str:
    """A Location as its author meant it: servers send raw UTF-8 (RFC 9110 §5.5 names Latin-1)."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return value
