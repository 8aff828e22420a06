"""`feedsvc feed show`: what is asked of a feed, and what came of it."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.cli.feed.standing import standing
from feedsvc.cli.feed.target import built_children, named, shelf_of
from feedsvc.cli.standing import iso

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.settings import Feed

_EXAMPLES = """\
  feedsvc feed show politik
  feedsvc feed show topics/oepnv --json   one feed of a group
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the verb on the command line."""
    parser = add_command(
        commands,
        common,
        "show",
        _run,
        help="one feed: its rules, and how it stands",
        description="Show one feed: what the configuration says of it, and what was built.",
        examples=_EXAMPLES,
    )
    parser.add_argument("name", metavar="NAME", help="as `feedsvc feed list` prints it")


def _run(console: Console) -> int:
    with console.app() as app:
        found = _document(app, named(app, console.args.name))
    if console.args.json:
        console.document("feed-show", {"feed": found})
        return 0
    rows = [(name, _shown(value)) for name, value in found.items()]
    console.table([row for row in rows if row[1]], ("FEED", ""))
    return 0


def _document(app: App, feed: Feed) -> dict[str, Any]:
    from feedsvc.app.audience import audience_of

    row, audience = app.store.feed(feed.name), audience_of(app, feed.name)
    rows = {one.name: one for one in app.store.feeds()}
    shelf = shelf_of(app, feed)
    return {
        **standing(app, feed, row),
        "feeds": [one.name for one in built_children(app, feed, rows)] if feed.per else None,
        "facet": dict(zip(("kind", "word"), feed.facet, strict=True)) if feed.facet else None,
        "readers": audience.readers if audience else None,
        "audience": audience.told() if audience else None,
        "subscribers": _subscribers(app, feed),
        "archive_pages": shelf.closed if shelf else None,
        "rules": _rules(app, feed),
        "next_change": iso(row.next_change),
        "left_out": [{"id": one.path, "reason": one.reason} for one in row.left_out],
    }


def _subscribers(app: App, feed: Feed) -> dict[str, int] | None:
    """Whom our own hub tells of this feed: how many, and how many of them cannot be reached."""
    folder = f"{app.settings.site.base_url}/{feed.name}/"
    known, deaf = app.store.subscribed(folder, app.clock.now())
    return {"told": known, "unreachable": deaf} if known else None


def _rules(app: App, feed: Feed) -> dict[str, Any]:
    """What the configuration says, without what it leaves to the defaults."""
    from feedsvc.config import show
    from feedsvc.settings import Feed

    feeds = (replace(feed, facet=None), Feed(name=feed.name))
    said, usual = show(replace(app.settings, feeds=feeds))["feed"]
    told = {key: value for key, value in said.items() if value != usual[key]}
    return {key: value for key, value in told.items() if key not in ("name", "title")}


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_shown(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None else str(value)
