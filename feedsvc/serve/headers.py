"""The header fields of every answer, made once per representation and sent many times."""

from __future__ import annotations

from feedsvc.serve.conditional import IDENTITY, http_date
from feedsvc.serve.paths import MediaType

Fields = tuple[tuple[str, str], ...]

SHORTEST = 300
"""Seconds that everything may be kept for; what is told of a feed may allow more."""


def cache_control(age: int) -> str:
    """Several readers poll no faster than max-age; a cache may bridge a restart with what it has.

    The minute in which a cache may still send the last one, while it asks for the next, spares
    whoever comes first the wait (RFC 5861).
    """
    return f"public, max-age={age}, stale-while-revalidate=60, stale-if-error=86400"


CACHE_CONTROL = cache_control(SHORTEST)

# Pages carry one inline <style> and no script; pictures come from wherever an article took them.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' http: https: data:; "
    "media-src 'self' http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

SERVER = ("server", "feedsvc")
_NOSNIFF = ("x-content-type-options", "nosniff")
_ANY_ORIGIN = ("access-control-allow-origin", "*")
_EXPOSED = ("access-control-expose-headers", "ETag")
_LINK_EXPOSED = ("access-control-expose-headers", "ETag, Link")
_ONLY_PUBLIC = frozenset(
    {"cache-control", "access-control-allow-origin", "access-control-expose-headers"}
)
_PRIVATE: tuple[tuple[str, str], ...] = (
    ("x-robots-tag", "noindex, nofollow"),
    ("referrer-policy", "no-referrer"),
)
_ONLY_WITH_CONTENT = frozenset(
    {"content-type", "content-length", "content-encoding", "content-security-policy"}
    | {"accept-ranges", "x-content-type-options"}
)

ALLOW = ("allow", "GET, HEAD")
OPTIONS: Fields = (
    SERVER,
    ALLOW,
    _ANY_ORIGIN,
    ("access-control-allow-methods", "GET, HEAD"),
    (
        "access-control-allow-headers",
        "A-IM, If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Range",
    ),
    ("access-control-max-age", "86400"),
)


def of_file(
    kind: MediaType, *, coding: str, document: bool, etag: str, modified: int | None, length: int
) -> Fields:
    """The fields of a 200 for one representation of a file; None: its date is not to be told."""
    fields = [
        ("content-type", kind.document if document and kind.document else kind.type),
        ("content-length", str(length)),
        ("etag", etag),
        *(() if modified is None else (("last-modified", http_date(modified)),)),
        ("cache-control", CACHE_CONTROL),
        ("vary", vary(kind)),
        ("accept-ranges", "bytes"),
        SERVER,
        _ANY_ORIGIN,
        _EXPOSED,
        _NOSNIFF,
    ]
    if coding != IDENTITY:
        fields.append(("content-encoding", coding))
    if kind.page or document:
        fields.append(("content-security-policy", CONTENT_SECURITY_POLICY))
    return tuple(fields)


def vary(kind: MediaType) -> str:
    """What an answer depends on: named on every answer, also when this one came out plain."""
    return "Accept-Encoding, Sec-Fetch-Dest" if kind.document else "Accept-Encoding"


def of_not_modified(fields: Fields) -> Fields:
    """The fields of the 304 that stands for a 200 with `fields` (RFC 9110 §15.4.5)."""
    return tuple(field for field in fields if field[0] not in _ONLY_WITH_CONTENT)


def with_link(fields: Fields, link: str) -> Fields:
    """The fields of an answer with a Link field (RFC 8288), which scripts may read, too."""
    return (*(field if field != _EXPOSED else _LINK_EXPOSED for field in fields), ("link", link))


def of_private(fields: Fields) -> Fields:
    """The fields of an answer that is for those alone who know its address.

    No shared cache keeps it, no search engine lists it, no script of another site reads it, and
    whoever follows a link from it does not tell there where it was found.
    """
    kept = (field for field in fields if field[0] not in _ONLY_PUBLIC)
    cache = dict(fields).get("cache-control", "").replace("public", "private")
    return (*kept, *((("cache-control", cache),) if cache else ()), *_PRIVATE)


def with_age(fields: Fields, age: int) -> Fields:
    """The fields of an answer that may be kept for so many seconds."""
    told = ("cache-control", cache_control(age))
    return tuple(told if name == "cache-control" else (name, value) for name, value in fields)


def of_delta(fields: Fields, *, base: str, length: int) -> Fields:
    """The fields of the 226 that says what is new since `base` to a 200 with `fields`.

    The tag and the date are those of the whole (RFC 3229 §10.4.1): to be asked with next time. A
    cache that knows nothing of this must not keep it (§10.8.2), and one that keeps it nonetheless
    is told what it depends on.
    """
    told = {
        "content-length": str(length),
        "cache-control": "no-store, im",
        "vary": f"{dict(fields)['vary']}, A-IM, If-None-Match",
    }
    return (
        *((name, told.get(name, value)) for name, value in fields if name != "accept-ranges"),
        ("im", "feed"),
        ("delta-base", base),
    )


def of_part(fields: Fields, *, start: int, stop: int, length: int) -> Fields:
    """The fields of the 206 that sends a part of a 200 with `fields` (RFC 9110 §15.3.7)."""
    return (
        *(field for field in fields if field[0] != "content-length"),
        ("content-length", str(stop - start)),
        ("content-range", f"bytes {start}-{stop - 1}/{length}"),
    )


def of_page(media_type: str, length: int, *more: tuple[str, str]) -> Fields:
    """The fields of a page of our own: an error, a redirect, a health answer."""
    return (
        ("content-type", media_type),
        ("content-length", str(length)),
        *(() if any(name == "cache-control" for name, _ in more) else _NEVER_KEPT),
        SERVER,
        _ANY_ORIGIN,
        _NOSNIFF,
        *more,
    )


_NEVER_KEPT: Fields = (("cache-control", "no-store"),)
