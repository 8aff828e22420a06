"""What a request says: whom it is from, what it takes, and what it would know already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from feedsvc import __version__
from feedsvc.text.urls import absolute
from feedsvc.web.decode import ACCEPTED
from feedsvc.web.failures import RefusedError
from feedsvc.web.target import Target

if TYPE_CHECKING:
    from feedsvc.web.wire import Method

FEEDS = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.5"
)
"""The Accept of who wants a feed and takes what it gets."""

ANY = "*/*"

# Ours to say: they frame the message, or decide what comes back.
_OURS = frozenset(
    """host connection content-length transfer-encoding te trailer upgrade keep-alive expect range
    accept-encoding if-none-match if-modified-since if-match if-unmodified-since if-range
    proxy-authorization proxy-connection""".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What is asked for, and how much of the answer is read."""

    accept: str
    limit: int  # bytes of the body
    method: Method = "GET"
    beginning: bool = False  # the first `limit` bytes are wanted, however many there are
    follow: bool = True  # redirects

    @property
    def codings(self) -> bytes:
        # A length is that of the coded form (RFC 9110 §8.6), and a part one of it (§14.4).
        plainly = self.method == "HEAD" or self.beginning
        return b"identity" if plainly else ACCEPTED.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What makes a request conditional (RFC 9110 §13.1), and of which address it tells."""

    url: str
    etag: str | None
    last_modified: str | None

    def tell_of(self, target: Target) -> bool:
        """Whether a request for `target` is conditional."""
        return self.url == target.url and bool(self.etag or self.last_modified)

    def fields(self) -> list[tuple[bytes, bytes]]:
        """As a request says it."""
        fields = []
        if self.etag:
            fields.append((b"if-none-match", latin(self.etag)))
        if self.last_modified:
            fields.append((b"if-modified-since", latin(self.last_modified)))
        return fields


def own_fields(headers: Mapping[str, str]) -> dict[bytes, bytes]:
    """The fields that a caller adds; raises RefusedError for those that are ours to say."""
    for name in headers:
        if name.lower() in _OURS:
            raise RefusedError(f"the header {name!r} cannot be set: it is part of how feedsvc asks")
    try:
        return {
            name.lower().encode("ascii"): value.encode("latin-1") for name, value in headers.items()
        }
    except UnicodeEncodeError as error:
        raise RefusedError("a header holds characters that HTTP cannot carry") from error


def user_agent(contact: str) -> str:
    """Who asks, in which version, and where to complain."""
    about = absolute(contact, None)
    if about is None:
        return f"feedsvc/{__version__}"
    about = about.replace("(", "%28").replace(")", "%29")  # they would end the comment
    return f"feedsvc/{__version__} (+{about})"


def latin(value: str) -> bytes:
    """A header value; what is no Latin-1 becomes `?`, so that one odd value costs no request."""
    return value.encode("latin-1", "replace")
