"""`feedsvc source list`: which sources there are, and how each is."""

from __future__ import annotations

import argparse

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.cli.standing import of_all

STATES = ("ok", "late", "failing", "parked", "paused", "quarantined")


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the verb on the command line."""
    parser = add_command(
        commands,
        common,
        "list",
        _run,
        help="all sources, those of OPML files among them",
        description="List the sources of the configuration, and those that stand in its OPML "
        "files.",
        examples="  feedsvc source list\n  feedsvc source list --state failing --json",
    )
    parser.add_argument("--state", choices=STATES, help="only those in this state")


def _run(console: Console) -> int:
    with console.app() as app:
        rows = {row.name: row for row in app.store.sources()}
        tags = {source.name: list(source.tags) for source in app.all_sources()}
        listed = of_all(app)
    for one in listed:
        row = rows.get(one["name"])
        one["tags"] = tags[one["name"]]
        one["parent"] = row.parent if row else None
    wanted = console.args.state
    listed = [one for one in listed if wanted is None or one["state"] == wanted]
    if console.args.json:
        console.document("source-list", {"sources": listed})
        return 0
    console.table(
        [
            (one["name"], one.get("title"), one["kind"], one["state"], one["next_due"], one["url"])
            for one in listed
        ],
        ("SOURCE", "TITLE", "KIND", "STATE", "NEXT DUE", "AT"),
    )
    return 0
