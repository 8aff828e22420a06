"""A recoded document -> a reading by the first tier that gets one out of it."""

from __future__ import annotations

from dataclasses import replace

from feedsvc.model import Hints, Reading
from feedsvc.parsers.feed.charset import Recoded
from feedsvc.parsers.feed.document import is_empty, read_tree
from feedsvc.parsers.feed.prolog import ROOTS
from feedsvc.parsers.feed.refusals import DoubtfulError, is_page, not_a_feed
from feedsvc.parsers.feed.tree import Tree, repaired, root_name, strict


def read_xml(
    source: Recoded, *, url: str | None, media_type: str | None, hints: Hints, max_entries: int
) -> Reading:
    """What the XML feed in `source` says."""
    first = strict(source.data)
    reading, complaint = None, first if isinstance(first, str) else _NO_FEED
    if not isinstance(first, str):
        reading = _reading(first, source, url=url, hints=hints, max_entries=max_entries)
    if reading is None and not is_page(source.data):
        second = repaired(source.data, complaint)
        if second is not None:
            reading = _reading(second, source, url=url, hints=hints, max_entries=max_entries)
    if reading is None:
        root = root_name(source.data)
        if root is not None and (root.lower().encode() in ROOTS or root.lower() in _HEADLESS):
            raise _doubtful(complaint)
        raise not_a_feed(source.data, root, media_type)
    if not reading.well_formed and is_empty(reading):
        raise _doubtful(next(iter(reading.problems), complaint))
    return reading


# What a feed begins with that lost its head: the last tier makes do without.
_HEADLESS = frozenset({"item", "items"})
_NO_FEED = "its root is that of no feed"


def _doubtful(why: str) -> DoubtfulError:
    return DoubtfulError(
        f"the document begins as a feed, but nothing could be read from it ({why or 'no element'})",
        hint="open the address in a browser: is the feed complete there?",
    )


def _reading(
    tree: Tree, source: Recoded, *, url: str | None, hints: Hints, max_entries: int
) -> Reading | None:
    reading = read_tree(
        tree,
        data=source.data,
        encoding=source.encoding,
        url=url,
        hints=hints,
        max_entries=max_entries,
    )
    if reading is None:
        return None
    return replace(
        reading,
        well_formed=reading.well_formed and source.sound,
        problems=source.remarks + reading.problems,
    )
