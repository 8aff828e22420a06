"""What a server of forks imports once, so that its children are ready at once."""

from __future__ import annotations

from importlib import import_module

for _name in (
    "feedsvc.app", "feedsvc.app.press", "feedsvc.app.syncing", "feedsvc.feeds.atom",
    "feedsvc.feeds.jsonfeed", "feedsvc.feeds.rss", "feedsvc.filters.clean", "feedsvc.gate",
    "feedsvc.store", "tests.support",
):  # fmt: skip
    import_module(_name)
