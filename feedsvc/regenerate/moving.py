"""Feeds under another name: followed before a build, and cleared away after it.

    follow_moves -> build of the feeds -> clear_moved

`feedsvc feed move` notes the redirect first and edits the configuration then, and here the two meet
again: whatever falls in between, the next build goes on with the same feed, its id and its archive.
The old files lie there until the new ones do.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence

from feedsvc.decide.redirects import is_feed
from feedsvc.errors import PublishError
from feedsvc.regenerate.press import Press
from feedsvc.settings import Feed

log = logging.getLogger(__name__)


def follow_moves(press: Press, feeds: Sequence[Feed]) -> tuple[tuple[str, str], ...]:
    """Give the feeds that moved their new names in the store; returns them, old and new.

    `feeds` are all that are configured. To be called with the build lock, before rows are read.
    """
    renames = press.store.renames(_names(feeds))
    for old, new in renames:
        press.store.rename_feed(old, new, press.clock.now(), mint=press.authority.feed)
        log.info("feed %s is called %s now", old, new)
    return renames


def clear_moved(press: Press, feeds: Sequence[Feed]) -> tuple[str, ...]:
    """Take down what lies there under old names, once it lies there under the new ones.

    To be called with the build lock, after the build. Returns what could not be removed, and why.
    """
    return tuple(_cleared(press, _names(feeds)))


def _cleared(press: Press, configured: Collection[str]) -> Iterator[str]:
    moved = {
        path[:-1]: target
        for path, target in sorted(press.store.redirects().items())
        if is_feed(path) and path[:-1] not in configured
    }
    left = {name: paths for name in moved if (paths := press.store.leftovers(name))}
    known = {row.name for row in press.store.feeds()} if left else set()
    for name, paths in left.items():
        if name in known or not _replaced(press, moved[name], configured):
            continue
        try:
            press.publisher.remove(paths)
        except PublishError as error:
            yield f"{name}/: {error.line}"
            continue
        press.store.drop_lines(paths)
        log.info("feed %s has moved: its old files were removed", name)


def _replaced(press: Press, target: str | None, configured: Collection[str]) -> bool:
    """Whether a feed that went to `target` has its files there, or will never have any."""
    new = (target or "").partition("/")[0]
    if new not in configured:
        return True
    rows = [row for row in press.store.feeds() if row.name.partition("/")[0] == new]
    return bool(rows) and all(row.built is not None and row.held is None for row in rows)


def _names(feeds: Sequence[Feed]) -> set[str]:
    return {feed.name.partition("/")[0] for feed in feeds}
