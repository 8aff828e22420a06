"""`feedsvc feed list`: which feeds there are, and how each is."""

from __future__ import annotations

import argparse

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.cli.feed.standing import standing
from feedsvc.cli.feed.target import built_children
from feedsvc.ports import FeedRow


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the verb on the command line."""
    add_command(
        commands,
        common,
        "list",
        _run,
        help="all feeds, those of groups among them",
        description="List the feeds of the configuration; those of a group stand below it.",
        examples="  feedsvc feed list\n  feedsvc feed list --json",
    )


def _run(console: Console) -> int:
    with console.app() as app:
        rows = {row.name: row for row in app.store.feeds()}
        feeds = [
            one
            for feed in app.settings.feeds
            for one in (feed, *(built_children(app, feed, rows) if feed.per else ()))
        ]
        listed = [standing(app, one, rows.get(one.name, FeedRow(name=one.name))) for one in feeds]
    if console.args.json:
        console.document("feed-list", {"feeds": listed})
        return 0
    console.table(
        [
            (
                f"  {one['name']}" if one["group"] else one["name"],
                one["entries"],
                one["newest"],
                one["state"],
                " ".join(one["formats"]),
                one["url"] or "private",
                one["reason"],
            )
            for one in listed
        ],
        ("FEED", "ENTRIES", "NEWEST", "STATE", "FORMATS", "AT", ""),
    )
    return 0
