"""`feedsvc source show`: everything that is known of one source."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.cli.source.target import named
from feedsvc.cli.standing import iso, of_one

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.ports import Memory
    from feedsvc.settings import Source

_IDENTITIES = {
    "id": "their ids",
    "id?": "their ids, which changed without need lately",
    "link": "their links: the ids are others at every visit",
    "content?": "their ids, which changed together with their links lately",
    "content": "their words: ids and links are others at every visit",
}


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the verb on the command line."""
    parser = add_command(
        commands,
        common,
        "show",
        _run,
        help="one source, with everything that is known of it",
        description="Show one source: its settings, where it is asked, what it says of itself, how "
        "its last visits went and when the next one is due. Secrets are never shown.",
        examples="  feedsvc source show neighbours\n  feedsvc source show neighbours --json",
    )
    parser.add_argument("name", metavar="NAME", help="as `feedsvc source list` prints it")


def _run(console: Console) -> int:
    with console.app() as app:
        found = _document(app, named(app, console.args.name))
    if console.args.json:
        console.document("source-show", {"source": found})
        return 0
    rows = [(name, _shown(value)) for name, value in found.items()]
    console.table([row for row in rows if row[1]], ("SOURCE", ""))
    return 0


def _document(app: App, source: Source) -> dict[str, Any]:
    rows = {row.name: row for row in app.store.sources()}
    row = rows.get(source.name)
    memory = app.store.memories([source.name]).get(source.name)
    problems = [problem for problem in app.store.problems() if problem.source == source.name]
    return {
        **of_one(source, row, memory, app.clock.now()),
        "parent": row.parent if row else None,
        **_settings(source),
        **(_remembered(memory) if memory else {}),
        "problems": [
            {"path": one.path, "reason": one.reason, "since": iso(one.since)} for one in problems
        ],
    }


def _settings(source: Source) -> dict[str, Any]:
    """What the configuration says, but for its secrets."""
    from feedsvc.config.units import write_every

    return {
        "every": write_every(source.every) if source.every is not None else None,
        "tags": list(source.tags),
        "language": source.language,
        "timezone": source.timezone.key,
        "encoding": list(source.encoding),
        "future": source.future,
        "on_delete": source.on_delete,
        "auth": _auth(source),
        "headers": [name for name, _ in source.headers],
    }


def _auth(source: Source) -> str | None:
    if source.auth is None:
        return None
    return "token" if source.auth.token is not None else "password"


def _remembered(memory: Memory) -> dict[str, Any]:
    """What visits left behind."""
    head = json.loads(memory.head) if memory.head else {}
    head.pop("moments", None)
    standing = json.loads(memory.standing) if memory.standing else {}
    return {
        "feed": head,
        "entries_known_by": _IDENTITIES.get(memory.identity, memory.identity),
        "etag": memory.etag,
        "last_modified": memory.last_modified,
        "moving_to": standing.get("moving_to"),
        "gone_since": standing.get("gone_since"),
    }


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_shown(one)}" for name, one in value.items() if one)
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value)
    return "" if value is None else str(value)
