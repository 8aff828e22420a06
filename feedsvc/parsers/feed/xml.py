"""A recoded document -> a reading by the first tier that gets one out of it."""

from __future__ import annotations

from dataclasses import replace

from feedsvc.model import Hints, Reading, SourceHead
from feedsvc.parsers.feed.charset import Recoded
from feedsvc.parsers.feed.document import read_tree
from feedsvc.parsers.feed.refusals import DoubtfulError, is_page, not_a_feed
from feedsvc.parsers.feed.tree import Tree, repaired, root_name, strict


def read_xml(
    source: Recoded, *, url: str | None, media_type: str | None, hints: Hints, max_entries: int
) -> Reading:
    """What the XML feed in `source` says."""
    tree = strict(source.data)
    complaint = ""
    if isinstance(tree, str):
        complaint, tree = tree, None
    reading = None
    if tree is not None:
        reading = _reading(tree, source, url=url, hints=hints, max_entries=max_entries)
    if reading is None and not is_page(source.data):
        tree = repaired(source.data, complaint or ("" if tree is None else "the root is no feed's"))
        if tree is not None:
            reading = _reading(tree, source, url=url, hints=hints, max_entries=max_entries)
    if reading is None:
        raise not_a_feed(source.data, root_name(source.data), media_type)
    if not reading.well_formed and _is_empty(reading):
        raise DoubtfulError(
            f"the document begins as a feed, but nothing could be read from it"
            f" ({reading.problems[0] if reading.problems else 'not well-formed'})",
            hint="open the address in a browser: is the feed complete there?",
        )
    return reading


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


def _is_empty(reading: Reading) -> bool:
    return not (reading.drafts or reading.deleted) and reading.head == SourceHead()
