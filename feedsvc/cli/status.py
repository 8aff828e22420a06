"""`feedsvc status`: how the daemon, sources and feeds are."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedsvc.cli.command import Commands, add_command, whole_number
from feedsvc.cli.configuration import app_to_look
from feedsvc.cli.console import Console
from feedsvc.cli.standing import iso, of_all, of_store

if TYPE_CHECKING:
    from feedsvc.app import App

_EXAMPLES = """\
  feedsvc status
  feedsvc status --watch                   on a terminal, until Ctrl-C
  feedsvc status --json | jq '.problems'
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    parser = add_command(
        commands,
        common,
        "status",
        _run,
        help="how the daemon, sources and feeds are, and what needs a look",
        description="Show how the daemon, every source and every feed is, and every file or "
        "article that needs a look. With --watch, on a terminal, that is a summary that is kept "
        "up to date; elsewhere, or with --json, a whole document each time.",
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "-w", "--watch", nargs="?", const=2, type=whole_number(1, 3600), metavar="SECONDS",
        help="show it again and again (default: every 2 seconds)",
    )  # fmt: skip


def _run(console: Console) -> int:
    if console.args.watch:
        from feedsvc.cli.watch import watch

        watch(console, document)
        return 0
    with app_to_look(console) as (app, wrong):
        found = document(app)
    if console.args.json:
        console.document("status", found)
    else:
        _print(console, found)
    if wrong is not None:
        raise wrong
    return 0


def document(app: App) -> dict[str, Any]:
    """What the command prints as JSON."""
    from feedsvc.app.audience import readers
    from feedsvc.app.chores import maintenance, maintenance_problems

    feeds = app.store.feeds()
    sizes: dict[str | None, int] = {}
    for line in app.store.ledger().values():
        sizes[line.feed] = sizes.get(line.feed, 0) + line.placed.size
    rows = {row.name: row for row in feeds}
    configured = [feed.name for feed in app.settings.feeds] or sorted(rows)
    daemon, chores, estimates = _daemon(app), app.store.chores(), readers(app)
    problems = [
        *app.store.problems(),
        *(problem for row in feeds for problem in row.left_out),
        *app.store.outbox_problems(),
        *maintenance_problems(chores),
    ]
    return {
        "daemon": daemon,
        "sources": of_all(app) if app.settings.sources else of_store(app),
        "feeds": [
            {
                "name": name,
                "entries": rows[name].entries if name in rows else 0,
                "bytes": sizes.get(name, 0),
                "newest": iso(rows[name].newest) if name in rows else None,
                "valid": name in rows and rows[name].held is None,
                "built": iso(rows[name].built) if name in rows else None,
                "readers": estimates.get(name),
                "reason": rows[name].held if name in rows else "never built",
            }
            for name in configured
        ],
        "maintenance": maintenance(chores),
        "problems": [
            *_refusal(daemon),
            *(
                {"source": p.source, "path": p.path, "reason": p.reason, "since": iso(p.since)}
                for p in problems
            ),
        ],
    }


def _daemon(app: App) -> dict[str, Any]:
    """Whether `feedsvc run` is at work, and what it says of itself."""
    from feedsvc.ports import DAEMON

    running = app.store.is_locked("daemon")
    known = app.store.remark(DAEMON) if running else None
    if known is None:
        return {"running": running}
    told, at = known
    refused = {"refused": told["refused"], "since": iso(at)} if told.get("refused") else {}
    kept = {key: told.get(key) for key in ("pid", "version", "began", "configuration")}
    return {"running": True, **kept, **refused}


def _refusal(daemon: dict[str, Any]) -> list[dict[str, Any]]:
    """The configuration that the daemon did not take over, as a problem."""
    if "refused" not in daemon:
        return []
    path = Path(daemon["configuration"]).name
    reason = f"the daemon runs on with the former configuration: {daemon['refused']}"
    return [{"source": None, "path": path, "reason": reason, "since": daemon["since"]}]


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
            (
                f["name"],
                f["entries"],
                f["bytes"],
                f["newest"],
                f["built"] or "never",
                f["readers"],
                f["reason"],
            )
            for f in found["feeds"]
        ],
        ("FEED", "ENTRIES", "BYTES", "NEWEST", "BUILT", "READERS", ""),
    )
    if found["problems"]:
        console.result("")
        console.table(
            [(p["source"], p["path"], p["reason"], p["since"]) for p in found["problems"]],
            ("PROBLEM IN", "PATH", "REASON", "SINCE"),
        )
    console.result("")
    console.line(daemon_line(found["daemon"]))


def daemon_line(daemon: dict[str, Any]) -> str:
    """How the daemon is, in one line."""
    if not daemon["running"]:
        return "`feedsvc run` is not at work on this store"
    if "pid" not in daemon:
        return "`feedsvc run` is at work"
    return f"`feedsvc run` is at work as process {daemon['pid']} since {daemon['began']}"


def _pushed(source: dict[str, Any]) -> str | None:
    """What to say of a source whose hub tells us of news, or does not want to."""
    push = source.get("push", {})
    if push.get("state") == "active":
        return f"told by its hub until {push['lease_until']}"
    return f"not told by its hub: {push['reason']}" if "reason" in push else None
