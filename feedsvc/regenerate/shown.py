"""What readers are shown that the store alone cannot tell: for whoever erases what nobody sees.

The members of a feed are in the store as they were built last. Three things are not: what a feed
will hold when it is built anew, which articles shape one without being in it (those that `offset`
leaves out, copies of a text), and which ones the editions of a digest are made of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from feedsvc.ports import FeedRow, Shown
from feedsvc.regenerate.due import was_built
from feedsvc.regenerate.editions import oldest_in_use
from feedsvc.regenerate.feed import FeedBuild
from feedsvc.regenerate.groupbuild import children_of
from feedsvc.regenerate.press import Press
from feedsvc.regenerate.report import BuildOptions
from feedsvc.settings import Feed, Site


def shown(press: Press, feeds: Sequence[Feed], now: datetime) -> Shown:
    """What is shown of articles now, and will be by the next build."""
    rows = {row.name: row for row in press.store.feeds()}
    whole: list[Feed] = []
    walked: list[Feed] = []
    digests: list[Feed] = []
    for feed in feeds:
        current = is_current(press, feed, rows, now)
        if feed.archive or (feed.per is not None and not current):
            # Of a group, new articles may make feeds that nobody knows yet.
            whole.append(feed)
            continue
        for one in _published(press, feed, rows):
            if one.digest:
                digests.append(one)
            elif not current or one.offset or one.dedupe == "text":
                walked.append(one)
    return Shown(
        whole=tuple(whole),
        walked=tuple(walked),
        editions=tuple((one, oldest_in_use(press.store, one, press.site, now)) for one in digests),
        pages=press.article_pages,
        origin=_origin(press.site) if press.sitemap else None,
    )


def _origin(site: Site) -> str:
    parts = urlsplit(site.base_url)
    return f"{parts.scheme}://{parts.netloc}/"


def is_current(press: Press, feed: Feed, rows: Mapping[str, FeedRow], now: datetime) -> bool:
    """Whether a feed is published as it would be built now; of a group, all of its feeds are."""
    row = rows.get(feed.name)
    if row is None or not was_built(row, now):
        return False
    build = FeedBuild(press=press, feed=feed, row=row, options=BuildOptions(check=True))
    below = f"{feed.name}/"
    own = [row, *(rows[name] for name in rows if feed.per and name.startswith(below))]
    return row.fingerprint == build.fingerprint and not any(_waits(one, now) for one in own)


def _waits(row: FeedRow, now: datetime) -> bool:
    passed = row.next_change is not None and row.next_change <= now
    return row.touched is not None or row.held is not None or passed


def _published(press: Press, feed: Feed, rows: Mapping[str, FeedRow]) -> Iterator[Feed]:
    if feed.per is None:
        yield feed
    else:
        yield from (child for child, _ in children_of(press, feed, rows))
