"""Whom a copied entry is credited to: what the three formats say of its origin.

The values of an origin come from outside. What stands here can be written as it is: addresses are
absolute, the id is an IRI, the title is one safe line, and none of the two is ever missing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from string import ascii_letters, digits
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from feedsvc.feeds.values import person, safe
from feedsvc.model import Origin, Person
from feedsvc.text.urls import absolute, is_absolute_iri

_NAMELESS = uuid5(NAMESPACE_URL, "urn:x-feedsvc:origin")
# RFC 3986 §6.2.3: the empty path of an http address is "/"; validators want an id to have it.
_ROOT = re.compile(r"(https?://[^/?#]+)(?=[?#]|$)")
_USER = re.compile(r"(?<=://)[^/?#]*@")
_PORT = re.compile(r"(?:(http://[^/?#]+):80|(https://[^/?#]+):443)(?=/)")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = frozenset(f"{ascii_letters}{digits}-._~")


class Credit(NamedTuple):
    """An origin as it can be published."""

    id: str  # an absolute IRI
    title: str
    url: str | None  # of the feed
    link: str | None  # of the site
    rights: str

    @property
    def author(self) -> dict[str, str] | None:
        """The origin as an author, for an entry that names none of its own.

        Atom (RFC 4287 §4.2.1) and JSON Feed (1.1, items: authors) would else take the author of the
        feed that holds the copy, who did not write it.
        """
        return person(Person(name=self.title, uri=self.link))


@lru_cache(maxsize=1024)  # a feed holds many entries of one origin
def credit(origin: Origin | None) -> Credit | None:
    """What to publish of `origin`; None when it names nobody."""
    if origin is None:
        return None
    url, link = public_address(origin.url), public_address(origin.link)
    stated, title = safe(origin.id or ""), safe(origin.title or "")
    name = title or _host(url or link) or stated
    if not name:
        return None
    return Credit(
        id=next(filter(is_absolute_iri, (stated, _normal(url), _normal(link))), None)
        or uuid5(_NAMELESS, stated or name).urn,
        title=name,
        url=url,
        link=link,
        rights=safe(origin.rights or ""),
    )


def public_address(text: str | None) -> str | None:
    """The address as anyone may see it: what a source logs in with is nobody's business."""
    found = absolute(text, None) if text else None
    return found and _ROOT.sub(r"\1/", _USER.sub("", found, count=1), count=1)


def _normal(url: str | None) -> str:
    """The address as an id of ours: one spelling of what is the same (RFC 3986 §6.2.2, §6.2.3).

    Nobody may do that to an id that is stated (RFC 4287 §4.2.6.1).
    """
    return _ESCAPE.sub(_spelled, _PORT.sub(r"\1\2", url)) if url else ""


def _spelled(escape: re.Match[str]) -> str:
    sign = chr(int(escape[0][1:], 16))
    return sign if sign in _UNRESERVED else escape[0].upper()


def _host(url: str | None) -> str:
    return (urlsplit(url).hostname or "") if url else ""
