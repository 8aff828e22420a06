"""What a name on the command line stands for: a `[[feed]]`, or one feed of a group."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from feedsvc.errors import NotFoundError

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.ports import FeedRow, Shelf
    from feedsvc.settings import Feed


def named(app: App, name: str) -> Feed:
    """The feed of a name, `group/slug` for one of a group; raises NotFoundError."""
    from feedsvc.config.nearest import nearest
    from feedsvc.regenerate.groups import group_of

    group, slug = group_of(name)
    feed = next((one for one in app.settings.feeds if one.name == group), None)
    if feed is not None and slug is None:
        return feed
    known = [one.name for one in app.settings.feeds]
    if feed is not None and feed.per is not None:
        of_group = list(children(app, feed))
        child = next((one for one in of_group if one.name == name), None)
        if child is not None:
            return child
        known = [one.name for one in of_group]
    near = nearest(name, known)
    hint = f"did you mean '{near}'?" if near else "`feedsvc feed list` shows all"
    raise NotFoundError(f"no feed '{name}'", hint=hint)


def children(app: App, group: Feed) -> Iterator[Feed]:
    """The feeds of a group, by title, as far as a build knows of them."""
    from feedsvc.regenerate.groups import child_of

    for facet in app.store.known_facets(group):
        yield child_of(group, facet, app.settings.site)


def built_children(app: App, group: Feed, rows: dict[str, FeedRow]) -> list[Feed]:
    """Those of them that are published."""
    return [one for one in children(app, group) if one.name in rows]


def titles(app: App) -> dict[str, str]:
    """What sources are called in the configuration."""
    return {one.name: one.title for one in app.all_sources() if one.title}


def selected(app: App, feed: Feed) -> tuple[int, ...]:
    """The articles that the next build takes into the newest documents of a feed.

    Those that the last one could not render stay left out. Of a digest, those that its editions
    tell of which are shown.
    """
    now = app.clock.now()
    if feed.digest is not None:
        return tuple(_of_editions(app, feed, now))
    faulty = {problem.path for problem in app.store.feed(feed.name).left_out}
    shelf = shelf_of(app, feed)
    without: set[int] = set()
    while True:
        if shelf is not None:
            chosen = app.store.select_archived(feed, shelf, now, without=without)
        else:
            chosen = app.store.select(feed, now, without=without)
        wrong = {one.row for one in chosen.members if one.guid in faulty}
        if not wrong:
            return tuple(one.row for one in chosen.members)
        without |= wrong


def _of_editions(app: App, feed: Feed, now: datetime) -> Iterator[int]:
    from feedsvc.regenerate.editions import told_of

    for _, members in told_of(app.store, feed, app.settings.site, now):
        yield from (one.row for one in reversed(members))


def shelf_of(app: App, feed: Feed) -> Shelf | None:
    """The archive of a feed, if it has one."""
    if not feed.archive:
        return None
    size = app.store.feed(feed.name).page_size
    return app.store.shelf(feed, size or feed.page_size or feed.limit)
