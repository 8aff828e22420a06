"""Every feed that is published, with what its newest documents say of it.

Pages of articles, sitemaps, the page of the site, OPML and the serving index are made from these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from feedsvc.model import FeedHead
from feedsvc.ports import FeedRow
from feedsvc.regenerate.archive import subscription_links
from feedsvc.regenerate.groupbuild import children_of
from feedsvc.regenerate.press import Press, head_of
from feedsvc.settings import Feed


def published_feeds(
    press: Press, feeds: Sequence[Feed], rows: Mapping[str, FeedRow]
) -> tuple[tuple[Feed, FeedHead], ...]:
    """The feeds with their heads: of a group its feeds, of a private feed one for each key."""
    return tuple(_published(press, feeds, rows))


def _published(
    press: Press, feeds: Sequence[Feed], rows: Mapping[str, FeedRow]
) -> Iterator[tuple[Feed, FeedHead]]:
    for feed in feeds:
        if feed.per is not None:
            for child, row in children_of(press, feed, rows):
                for folder in _folders(press, child):
                    yield from _headed(press, child, row, folder)
            continue
        row = rows.get(feed.name, FeedRow(name=feed.name))
        for folder in _folders(press, feed):
            yield from _headed(press, feed, row, folder)


def _folders(press: Press, feed: Feed) -> Sequence[str]:
    if not feed.private:
        return (feed.name,)
    return [f"{feed.name}/{token}" for token in press.store.tokens(feed.name)]


def _headed(press: Press, feed: Feed, row: FeedRow, folder: str) -> Iterator[tuple[Feed, FeedHead]]:
    """The feed with its head, unless nothing of it is there yet."""
    links = None
    if feed.archive and row.page_size:
        shelf = press.store.shelf(feed, row.page_size)
        links = subscription_links(press, feed, folder, shelf)
    head = head_of(press, feed, row.updated, guid=row.guid, folder=folder, archive=links)
    if row.held is not None:
        # What was held back from the first on is not there: nobody may be led to it.
        paths = {format: f"{folder}/{format.filename}" for format in head.urls}
        lying = press.store.ledger(paths=paths.values())
        head = replace(head, urls={f: u for f, u in head.urls.items() if paths[f] in lying})
    if head.urls:
        yield feed, head
