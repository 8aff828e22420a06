"""The few pages the server writes itself, for `app.py`: errors, the redirect, the health answer."""

from __future__ import annotations

from typing import NamedTuple

from feedsvc.serve.headers import ALLOW, CONTENT_SECURITY_POLICY, Fields, of_page


class Page(NamedTuple):
    """A whole answer."""

    status: int
    fields: Fields
    body: bytes


_TEXT = "text/plain; charset=utf-8"
_HTML = "text/html; charset=utf-8"


def _text(status: int, text: str, *more: tuple[str, str]) -> Page:
    body = text.encode()
    return Page(status, of_page(_TEXT, len(body), *more), body)


def _html(status: int, title: str, says: str, cached: bool = False) -> Page:
    body = (
        "<!DOCTYPE html>\n"
        '<html lang="en">\n'
        '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title></head>\n"
        f"<body>\n<h1>{title}</h1>\n"
        f"<p>{says}</p>\n"
        '<p><a href="/">All feeds</a></p>\n</body>\n</html>\n'
    ).encode()
    fields = of_page(
        _HTML,
        len(body),
        ("vary", "Accept-Encoding"),
        ("content-security-policy", CONTENT_SECURITY_POLICY),
        *((_CACHED,) if cached else ()),
    )
    return Page(status, fields, body)


# As long as a feed: what has moved or gone may come back.
_CACHED = ("cache-control", "public, max-age=300")

LIVE = _text(200, "ok\n")
BAD_REQUEST = _text(400, "An HTTP/1.1 request has exactly one Host.\n")
NOT_FOUND = _html(
    404, "Not found", "There is nothing at this address. It may have moved, or it may be mistyped."
)
GONE = _html(410, "Gone", "What was at this address is no longer published.", cached=True)
NOT_ALLOWED = _text(405, "Only GET and HEAD are answered here.\n", ALLOW)
TOO_LARGE = _text(413, "This is more than is taken here.\n")
TOO_LONG = _text(414, "This address is too long.\n")
FAULT = _text(500, "Something went wrong here.\n")
UNAVAILABLE = _text(503, "This cannot be read just now.\n", ("retry-after", "30"))


def inside(status: int, media_type: str, body: bytes) -> Page:
    """A page for operators: for no cache, and for no script of another site."""
    fields = of_page(media_type, len(body), ("vary", "Authorization"))
    kept = (field for field in fields if field[0] != "access-control-allow-origin")
    return Page(status, tuple(kept), body)


# RFC 9110 §15.5.2: with what would be taken. Only for those who tried: to others nothing is here.
UNAUTHORIZED = _text(
    401, "This token opens nothing here.\n", ("www-authenticate", 'Bearer realm="feedsvc"')
)


def not_acceptable(vary: str) -> Page:
    """The answer to a client that refuses even the plain form (RFC 9110 §12.5.3)."""
    return _text(406, "No acceptable form: allow gzip or identity.\n", ("vary", vary))


def precondition_failed(etag: str, vary: str) -> Page:
    """The answer to an If-Match or If-Unmodified-Since that does not hold."""
    return _text(412, "It has changed.\n", ("etag", etag), ("vary", vary))


def no_such_range(length: int, vary: str) -> Page:
    """The answer to a range outside the content (RFC 9110 §15.5.17)."""
    return _text(416, "No such range.\n", ("content-range", f"bytes */{length}"), ("vary", vary))


def moved(location: str, *, permanent: bool = True) -> Page:
    """A redirect: for good (301), or for the time being (307)."""
    return _text(
        301 if permanent else 307,
        f"This is at {location}\n",
        ("location", location),
        _CACHED,
        ("vary", "Accept-Encoding"),
    )
