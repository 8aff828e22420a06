"""Which names a reader may ask for, and what a file of that name is: pure rules for `files.py`."""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

CODINGS = MappingProxyType({"br": ".br", "zstd": ".zst", "gzip": ".gz"})  # best first
INDEX = "index.html"

_LONGEST = 2048  # characters of a whole path


class MediaType(NamedTuple):
    """How a file is labelled.

    `document` is the label for a browser that is to show the file as a page: it offers to save what
    it does not know, and shows the same bytes, styled, as `application/xml`.
    """

    type: str
    document: str | None = None
    page: bool = False  # can carry script, so it gets a Content-Security-Policy


_XML = "application/xml; charset=utf-8"

# RFC 7303 §3: the charset parameter goes before the XML declaration; both say utf-8. JSON has no
# such parameter (RFC 8259 §11), but old readers look for one and the others ignore it.
_BY_NAME = {
    "atom.xml": MediaType("application/atom+xml; charset=utf-8", _XML),
    "rss.xml": MediaType("application/rss+xml; charset=utf-8", _XML),
    "opml.xml": MediaType("text/x-opml; charset=utf-8", _XML),
    "feed.json": MediaType("application/feed+json; charset=utf-8"),
}
# Never the machine's mimetypes database: the same file gets the same label everywhere.
_BY_SUFFIX = {
    "atom": _BY_NAME["atom.xml"],
    "css": MediaType("text/css; charset=utf-8"),
    "gif": MediaType("image/gif"),
    "htm": MediaType("text/html; charset=utf-8", page=True),
    "html": MediaType("text/html; charset=utf-8", page=True),
    "ico": MediaType("image/vnd.microsoft.icon"),
    "jpeg": MediaType("image/jpeg"),
    "jpg": MediaType("image/jpeg"),
    "js": MediaType("text/javascript; charset=utf-8"),
    "json": MediaType("application/json; charset=utf-8"),
    "m4a": MediaType("audio/mp4"),
    "mp3": MediaType("audio/mpeg"),
    "mp4": MediaType("video/mp4"),
    "ogg": MediaType("audio/ogg"),
    "opml": _BY_NAME["opml.xml"],
    "pdf": MediaType("application/pdf"),
    "png": MediaType("image/png"),
    "rss": _BY_NAME["rss.xml"],
    "svg": MediaType("image/svg+xml; charset=utf-8", page=True),
    "txt": MediaType("text/plain; charset=utf-8"),
    "webmanifest": MediaType("application/manifest+json; charset=utf-8"),
    "webp": MediaType("image/webp"),
    "woff2": MediaType("font/woff2"),
    "xml": MediaType(_XML, page=True),
    "xsl": MediaType("text/xsl; charset=utf-8"),
}
_UNKNOWN = MediaType("application/octet-stream")


def media_type(name: str) -> MediaType:
    """The label of a file by its name alone."""
    return _BY_NAME.get(name) or _BY_SUFFIX.get(name.rpartition(".")[2].lower(), _UNKNOWN)


def parts(path: str) -> tuple[str, ...] | None:
    """A decoded URL path as names below the output directory, or None for one we never answer.

    A path that ends in `/` gives its index page. Refused are climbing and empty names, hidden files
    (temporary ones are hidden), sidecars (they are forms of a document, not documents), and any
    character that some file system or some decoder takes for a separator or an end.
    """
    if not path.startswith("/") or len(path) > _LONGEST:
        return None
    names = path[1:].split("/")
    if names[-1] == "":
        names[-1] = INDEX
    if not all(map(_is_plain, names)) or names[-1].endswith(tuple(CODINGS.values())):
        return None
    return tuple(names)


def _is_plain(name: str) -> bool:
    # isprintable() is false for NUL, controls, surrogates and line separators; U+FFFD stands for
    # bytes that were not UTF-8. 255 bytes is what file systems hold.
    return (
        name != ""
        and not name.startswith(".")
        and not any(mark in name for mark in "\\\ufffd")
        and name.isprintable()
        and len(name.encode()) <= 255
    )
