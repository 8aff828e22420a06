"""`feedsvc status`: how sources and feeds are."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.cli.standing import iso, of_all

if TYPE_CHECKING:
    from feedsvc.app import App

_EXAMPLES = """\
  feedsvc status
  feedsvc status --json | jq '.problems'
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    add_command(
        commands,
        common,
        "status",
        _run,
        help="how sources and feeds are, and what needs a look",
        description="Show how every source and feed is, and every file or article that needs a "
        "look.",
        examples=_EXAMPLES,
    )


def _run(console: Console) -> int:
    with console.app() as app:
        found = _document(app)
    if console.args.json:
        console.document("status", found)
    else:
        _print(console, found)
    return 0


def _document(app: App) -> dict[str, Any]:
    feeds = app.store.feeds()
    sizes: dict[str | None, int] = {}
    for line in app.store.ledger().values():
        sizes[line.feed] = sizes.get(line.feed, 0) + line.placed.size
    configured = [feed.name for feed in app.settings.feeds]
    rows = {row.name: row for row in feeds}
    problems = [
        *app.store.problems(),
        *(problem for row in feeds for problem in row.left_out),
        *app.store.outbox_problems(),
    ]
    return {
        "sources": of_all(app),
        "feeds": [
            {
                "name": name,
                "entries": rows[name].entries if name in rows else 0,
                "bytes": sizes.get(name, 0),
                "newest": iso(rows[name].newest) if name in rows else None,
                "valid": name in rows and rows[name].held is None,
                "built": iso(rows[name].built) if name in rows else None,
                "reason": rows[name].held if name in rows else "never built",
            }
            for name in configured
        ],
        "problems": [
            {"source": p.source, "path": p.path, "reason": p.reason, "since": iso(p.since)}
            for p in problems
        ],
    }


def _print(console: Console, found: dict[str, Any]) -> None:
    console.table(
        [
            (s["name"], s.get("title"), s["kind"], s["state"], s["last_ok"] or "never",
             s["reason"] or _pushed(s))
            for s in found["sources"]
        ],
        ("SOURCE", "TITLE", "KIND", "STATE", "LAST OK", ""),
    )  # fmt: skip
    console.result("")
    console.table(
        [
            (f["name"], f["entries"], f["bytes"], f["newest"], f["built"] or "never", f["reason"])
            for f in found["feeds"]
        ],
        ("FEED", "ENTRIES", "BYTES", "NEWEST", "BUILT", ""),
    )
    if found["problems"]:
        console.result("")
        console.table(
            [(p["source"], p["path"], p["reason"], p["since"]) for p in found["problems"]],
            ("PROBLEM IN", "PATH", "REASON", "SINCE"),
        )


def _pushed(source: dict[str, Any]) -> str | None:
    """What to say of a source whose hub tells us of news."""
    push = source.get("push", {})
    return f"told by its hub until {push['lease_until']}" if push.get("state") == "active" else None
