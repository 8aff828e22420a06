"""The last tier for feeds, where the others made out nothing; run aside, because of feedparser.

    bytes -> `charset` -> `tagsoup` (feedparser finds the tags) -> `mend` -> `document`, as ever

The tags it finds go through the same readers as those of any other feed, so that an entry keeps its
id, link and dates on the day its feed breaks, and on the day it is whole again.
"""

from __future__ import annotations

from dataclasses import replace

from feedsvc.errors import ParseError
from feedsvc.model import Hints, Reading
from feedsvc.parsers.feed.charset import to_utf8
from feedsvc.parsers.feed.document import is_empty, read_tree
from feedsvc.parsers.feed.refusals import is_page, not_a_feed, refuse_binary
from feedsvc.parsers.feed.tagsoup import MOST_TAGS, find_tags
from feedsvc.parsers.feed.tree import repaired, root_name

_ROOTS = frozenset({"rss", "rdf", "feed", "channel", "item", "items", "entry"})
_MOST_BYTES = 4 * 1024 * 1024  # in UTF-8; in a second, and in memory for copies of four bytes each


def read(
    data: bytes,
    *,
    url: str | None,
    media_type: str | None = None,
    charset: str | None = None,
    hints: Hints,
    max_entries: int,
) -> Reading:
    """What can be made out of the feed in `data`; ParseError if that is nothing.

    Takes what the reader of the first tiers takes, and says what it says. Imports feedparser.
    """
    refuse_binary(data)
    source = to_utf8(data, charset, hints.encodings)
    if is_page(source.data):
        raise not_a_feed(source.data, media_type=media_type)
    soup = find_tags(source.data[:_MOST_BYTES].decode("utf-8", "ignore"))
    markup = soup.markup.encode()
    tree = repaired(markup) if markup else None
    reading = None
    if tree is not None:
        reading = read_tree(
            tree,
            data=markup,
            encoding=source.encoding,
            url=url,
            hints=hints,
            max_entries=max_entries,
        )
    problems = ["not well-formed: read tag by tag"]
    if len(source.data) > _MOST_BYTES:
        problems.append(f"only the first {_MOST_BYTES >> 20} MiB of what is not XML are read")
    if soup.cut:
        problems.append(f"only the first {MOST_TAGS:,} tags of what is not XML are read")
    problems.extend(reading.problems if reading else ())
    if reading is None or is_empty(reading):
        root = soup.root or root_name(source.data)
        if root is None or root.lower() not in _ROOTS:
            raise not_a_feed(source.data, root, media_type)
        why = next((one for one in problems if not one.startswith("not well-formed")), problems[0])
        raise ParseError(
            f"the document begins as a feed, but nothing could be read from it ({why})",
            hint="open the address in a browser: is the feed complete there?",
        )
    return replace(
        reading,
        well_formed=False,
        problems=tuple(dict.fromkeys((*source.remarks, *problems))),
    )
