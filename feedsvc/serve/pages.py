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


def _not_found() -> Page:
    body = (
        b"<!DOCTYPE html>\n"
        b'<html lang="en">\n'
        b'<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        b"<title>Not found</title></head>\n"
        b"<body>\n<h1>Not found</h1>\n"
        b"<p>There is nothing at this address. It may have moved, or it may be mistyped.</p>\n"
        b'<p><a href="/">All feeds</a></p>\n</body>\n</html>\n'
    )
    fields = of_page(
        _HTML,
        len(body),
        ("vary", "Accept-Encoding"),
        ("content-security-policy", CONTENT_SECURITY_POLICY),
    )
    return Page(404, fields, body)


LIVE = _text(200, "ok\n")
BAD_REQUEST = _text(400, "An HTTP/1.1 request has exactly one Host.\n")
NOT_FOUND = _not_found()
NOT_ALLOWED = _text(405, "Only GET and HEAD are answered here.\n", ALLOW)
TOO_LONG = _text(414, "This address is too long.\n")
FAULT = _text(500, "Something went wrong here.\n")
UNAVAILABLE = _text(503, "This cannot be read just now.\n", ("retry-after", "30"))


def not_acceptable(vary: str) -> Page:
    """The answer to a client that refuses even the plain form (RFC 9110 §12.5.3)."""
    return _text(406, "No acceptable form: allow gzip or identity.\n", ("vary", vary))


def precondition_failed(etag: str, vary: str) -> Page:
    """The answer to an If-Match or If-Unmodified-Since that does not hold."""
    return _text(412, "It has changed.\n", ("etag", etag), ("vary", vary))


def no_such_range(length: int, vary: str) -> Page:
    """The answer to a range outside the content (RFC 9110 §15.5.17)."""
    return _text(416, "No such range.\n", ("content-range", f"bytes */{length}"), ("vary", vary))


def moved(location: str) -> Page:
    """The permanent redirect of a folder's name to its page."""
    return _text(
        301,
        f"This is at {location}\n",
        ("location", location),
        ("cache-control", "public, max-age=300"),
        ("vary", "Accept-Encoding"),
    )
