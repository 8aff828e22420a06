"""What the daemon's process knows, for `/metrics`: its own counts, and what the store tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from feedsvc.app.standing import lag
from feedsvc.errors import FeedsvcError
from feedsvc.figures.families import Family, by, gauge
from feedsvc.figures.process import process
from feedsvc.model import State

if TYPE_CHECKING:
    from feedsvc.app import App

_MOST_FEEDS = 1_000  # with a label of their own


def families(app: App) -> list[Family]:
    """Everything; what the store cannot tell just now is left out, and said."""
    told = [*app.metrics.families(), *process("feedsvc_daemon", "process that owns the store")]
    try:
        told += _of_store(app)
    except FeedsvcError:
        return [*told, _up(0)]
    return [*told, _up(1)]


def _up(value: int) -> Family:
    return gauge("feedsvc_up", "Whether the process that owns the store told of itself.", value)


def _of_store(app: App) -> Iterator[Family]:
    numbers = app.numbers
    figures, articles = numbers.figures(), numbers.articles()
    yield by("gauge", "feedsvc_sources", "Sources, by how they are.", ("state",),
             [((state,), count) for state, count in numbers.sources().items()])  # fmt: skip
    yield gauge("feedsvc_sources_due", "Sources whose time has come.", figures.due)
    waiting = lag(app, figures).total_seconds()
    yield gauge("feedsvc_due_lag_seconds", "How long the first of them has been due.", waiting)
    yield by("gauge", "feedsvc_articles", "Articles, by what readers see of them.", ("state",),
             [((state.value,), articles.get(state.value, 0)) for state in State])  # fmt: skip
    configured = {feed.name for feed in app.settings.feeds}
    # Those of groups among them; and pages, for which the store has rows of the same kind, not.
    feeds = [feed for feed in figures.feeds if feed.name.partition("/")[0] in configured]
    built = sum(feed.built is not None for feed in feeds)
    held = sum(feed.held is not None for feed in feeds)
    yield gauge("feedsvc_feeds", "Feeds that are published.", built)
    yield gauge("feedsvc_feeds_held", "Feeds with a document that is held back.", held)
    yield gauge("feedsvc_outbox", "Words that hubs and subscribers do not know yet.",
                figures.outbox)  # fmt: skip
    yield from _of_feeds(app)
    chores = app.store.chores().values()
    yield by("gauge", "feedsvc_chore_success_timestamp_seconds", "When a job of maintenance began "
             "last that went well.", ("chore",),
             [((one.name,), one.done.timestamp()) for one in chores if one.done])  # fmt: skip
    yield by("gauge", "feedsvc_chore_ok", "Whether the last job went well.", ("chore",),
             [((one.name,), one.outcome == "ok") for one in chores if one.outcome])  # fmt: skip


def _of_feeds(app: App) -> Iterator[Family]:
    """By the names of the configuration: a group is one, however many feeds are in it."""
    readers = app.numbers.readers()
    named = sorted(feed.name for feed in app.settings.feeds)[:_MOST_FEEDS]
    yield by("gauge", "feedsvc_feed_readers", "Who follows a feed, as an estimate.", ("feed",),
             [((name,), readers.get(name, 0)) for name in named if readers])  # fmt: skip
