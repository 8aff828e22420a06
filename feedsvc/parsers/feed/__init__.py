"""Feeds of other people -> readings: RSS, RDF, Atom, CDF and JSON Feed, whatever they are called.

bytes -> `charset` -> `tree` (strict, else repaired) -> `document` -> `head`, `entry`
                   -> `json`
"""

from __future__ import annotations

from feedsvc.model import Hints, Reading
from feedsvc.parsers.feed.charset import to_utf8
from feedsvc.parsers.feed.refusals import DoubtfulError, NotAFeedError, not_a_feed, refuse_binary
from feedsvc.parsers.feed.xml import read_xml

__all__ = ["DoubtfulError", "NotAFeedError", "read"]


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
    if recoded.data.lstrip()[:1] == b"{":
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
