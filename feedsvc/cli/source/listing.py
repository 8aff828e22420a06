"""`feedsvc source list`: which sources there are, and how each is."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.cli.standing import of_all

if TYPE_CHECKING:
    from feedsvc.ports import Memory
    from feedsvc.settings import Source

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
        standing = {told["name"]: told for told in of_all(app)}
        memories = app.store.memories()
        parents = {row.name: row.parent for row in app.store.sources()}
        listed = [
            _document(source, standing[source.name], memories.get(source.name), parents)
            for source in app.all_sources()
        ]
    wanted = console.args.state
    listed = [one for one in listed if wanted is None or one["state"] == wanted]
    if console.args.json:
        console.document("source-list", {"sources": listed})
        return 0
    console.table(
        [
            (one["name"], one["title"], one["kind"], one["state"], one["next_due"], one["url"])
            for one in listed
        ],
        ("SOURCE", "TITLE", "KIND", "STATE", "NEXT DUE", "AT"),
    )
    return 0


def _document(
    source: Source, standing: dict[str, Any], memory: Memory | None, parents: dict[str, str | None]
) -> dict[str, Any]:
    return {
        **standing,
        "title": title_of(source, memory),
        "tags": list(source.tags),
        "parent": parents.get(source.name),
    }


def title_of(source: Source, memory: Memory | None) -> str | None:
    """What a source is called: by its operator, or by itself."""
    if source.title is not None:
        return source.title
    head: dict[str, Any] = json.loads(memory.head) if memory and memory.head else {}
    return head.get("title")
