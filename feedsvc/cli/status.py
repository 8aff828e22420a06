"""`feedsvc status`: how sources and feeds are."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.model import iso_utc

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.ports import SourceRow
    from feedsvc.settings import Source

_EXAMPLES = """\
  feedsvc status
  feedsvc status --json | jq '.problems'
"""

LATE = timedelta(hours=1)  # a source that was due this long ago is late


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
        titles = {source.name: source.title or "" for source in console.settings.sources}
        _print(console, found, titles)
    return 0


def _document(app: App) -> dict[str, Any]:
    now = app.clock.now()
    known = {row.name: row for row in app.store.sources()}
    feeds = app.store.feeds()
    sizes: dict[str | None, int] = {}
    for line in app.store.ledger().values():
        sizes[line.feed] = sizes.get(line.feed, 0) + line.placed.size
    configured = [feed.name for feed in app.settings.feeds]
    rows = {row.name: row for row in feeds}
    problems = [*app.store.problems(), *(problem for row in feeds for problem in row.left_out)]
    return {
        "sources": [
            _source(source, known.get(source.name), now) for source in app.settings.sources
        ],
        "feeds": [
            {
                "name": name,
                "entries": rows[name].entries if name in rows else 0,
                "bytes": sizes.get(name, 0),
                "newest": _iso(rows[name].newest) if name in rows else None,
                "valid": name in rows and rows[name].held is None,
                "built": _iso(rows[name].built) if name in rows else None,
                "reason": rows[name].held if name in rows else "never built",
            }
            for name in configured
        ],
        "problems": [
            {"source": p.source, "path": p.path, "reason": p.reason, "since": _iso(p.since)}
            for p in problems
        ],
    }


def _source(source: Source, row: SourceRow | None, now: datetime) -> dict[str, Any]:
    """One source as it is configured, with what the store knows of it."""
    return {
        "name": source.name,
        "kind": source.kind,
        "url": str(source.path),
        "state": _state(source, row, now),
        "last_ok": _iso(row.last_ok) if row else None,
        "next_due": _iso(row.next_due) if row else None,
        "failures": row.failures if row else 0,
        "reason": row.reason if row else None,
    }


def _state(source: Source, row: SourceRow | None, now: datetime) -> str:
    if row is None or row.state != "ok":
        return row.state if row else "ok"
    # A folder without `every` is looked at whenever there is a sync, so that it is never late.
    scheduled = source.every is not None and row.next_due is not None
    return "late" if scheduled and row.next_due and row.next_due + LATE < now else "ok"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else iso_utc(moment)


def _print(console: Console, found: dict[str, Any], titles: dict[str, str]) -> None:
    console.table(
        [
            (s["name"], titles[s["name"]], s["kind"], s["state"], s["last_ok"] or "never",
             s["reason"])
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
