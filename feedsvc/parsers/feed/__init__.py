"""Feeds of other people -> readings: RSS, RDF, Atom, CDF and JSON Feed, whatever they are called.

bytes -> `charset` -> `tree` (strict, else repaired) -> `document` -> `head`, `entry`
                   -> `json`
"""

from __future__ import annotations

from feedsvc.model import Hints, Reading
from feedsvc.parsers.feed.charset import to_utf8
from feedsvc.parsers.feed.document import says_nothing
from feedsvc.parsers.feed.prolog import find_root
from feedsvc.parsers.feed.refusals import (
    DoubtfulError,
    NotAFeedError,
    is_page,
    not_a_feed,
    refuse_binary,
)
from feedsvc.parsers.feed.xml import read_xml

__all__ = ["DoubtfulError", "NotAFeedError", "read", "says_nothing"]


def read(
    data: bytes,
    *,
    url: str | None,
    media_type: str | None = None,
    charset: str | None = None,
    hints: Hints,
    max_entries: int,
) -> Reading:
    """What the feed in `data` says.

    `url` is the address it was fetched from, where its relative addresses start; `media_type` and
    `charset` are those of the answer. Raises NotAFeedError for what is no feed, and DoubtfulError
    for what may be one that this reader cannot make out.
    """
    refuse_binary(data)
    recoded = to_utf8(data, charset, hints.encodings)
    if _is_json(recoded.data, media_type or ""):
        from feedsvc.parsers.feed import json  # noqa: PLC0415 - most feeds are XML

        return json.read(
            recoded.data.decode("utf-8"),
            url=url,
            encoding=recoded.encoding,
            hints=hints,
            max_entries=max_entries,
        )
    if b"<" not in recoded.data:
        raise not_a_feed(recoded.data, media_type=media_type)
    return read_xml(recoded, url=url, media_type=media_type, hints=hints, max_entries=max_entries)


def _is_json(data: bytes, media_type: str) -> bool:
    """Whether to look for an object in `data` (UTF-8) rather than for an element.

    Its media type says so where a program put a warning or the name of a function before the brace.
    """
    start = data.lstrip()[:1]
    if start == b"{":
        return True
    if start != b"<" and b"jsonfeed.org/version/" in data[:_HEAD].partition(b"<")[0]:
        return True
    brace = data.find(b"{")
    if brace < 0 or is_page(data) or not media_type.endswith(("/json", "+json")):
        return False
    return find_root(data[:brace])[0] is None


_HEAD = 2_000  # bytes of a document in which a JSON Feed states its version
