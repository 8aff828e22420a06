"""`feedsvc status --watch`: a summary that fits the terminal, drawn again and again.

What is well is counted, what is not is named: of ten thousand sources nobody reads the list.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from feedsvc.cli.configuration import app_to_look
from feedsvc.cli.console import Console, error_lines, shown
from feedsvc.errors import FeedsvcError

if TYPE_CHECKING:
    from feedsvc.app import App

_CLEAR = "\x1b[H\x1b[2J\x1b[3J"
_LATEST = 5  # lines of the journal


def watch(console: Console, document: Callable[[App], dict[str, Any]]) -> None:
    """Show how everything is, until interrupted."""
    terminal = sys.stdout.isatty() and not console.args.json
    while True:
        if console.args.json:
            print(json.dumps({"schema": "feedsvc.status/1", **_asked(console, document)}))
        else:
            text = "\n".join(_screen(console, document, terminal=terminal))
            print(f"{_CLEAR}{text}" if terminal else f"{text}\n")
        sys.stdout.flush()
        time.sleep(console.args.watch)


def _asked(console: Console, document: Callable[[App], dict[str, Any]]) -> dict[str, Any]:
    # Read anew each time: configuration and store may be others by now.
    with app_to_look(console) as (app, wrong):
        found = document(app)
        if not console.args.json:
            found["latest"], found["wrong"] = app.store.journal(limit=_LATEST), wrong
        return found


def _screen(
    console: Console, document: Callable[[App], dict[str, Any]], *, terminal: bool
) -> Iterator[str]:
    size = shutil.get_terminal_size()
    try:
        lines = list(_lines(_asked(console, document)))
    except FeedsvcError as error:
        lines = error_lines(error).split("\n")
    if not terminal:
        yield from lines
        return
    room = max(size.lines - 1, 3)
    cut = lines if len(lines) <= room else [*lines[: room - 1], f"… {len(lines) - room + 1} more"]
    yield from (
        line if len(line) <= size.columns else f"{line[: size.columns - 1]}…" for line in cut
    )


def _lines(found: dict[str, Any]) -> Iterator[str]:
    from feedsvc.app.journal import line_of
    from feedsvc.cli.status import daemon_line

    if found["wrong"] is not None:
        yield from error_lines(found["wrong"]).split("\n")
    yield shown(daemon_line(found["daemon"]))
    states = Counter(source["state"] for source in found["sources"])
    yield f"{counted(len(found['sources']), 'source')}: {_counts(states)}"
    for source in found["sources"]:
        if source["state"] != "ok":
            yield shown(f"  {source['name']}  {source['state']}  {source['reason'] or ''}")
    held = [feed for feed in found["feeds"] if not feed["valid"]]
    entries = sum(feed["entries"] for feed in found["feeds"])
    yield f"{counted(len(found['feeds']), 'feed')}: {entries} entries, {len(held)} held back"
    for feed in held:
        yield shown(f"  {feed['name']}  {feed['reason']}")
    if found["problems"]:
        yield counted(len(found["problems"]), "problem")
    for problem in found["problems"]:
        where = " ".join(filter(None, [problem["source"], problem["path"]]))
        yield shown(f"  {where}  {problem['reason']}")
    if found["latest"]:
        yield "latest"
    for entry in found["latest"]:
        yield shown(f"  {entry.at:%H:%M:%S}Z  {line_of(entry)}")


def counted(number: int, what: str) -> str:
    """`1 source`, `2 sources`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _counts(states: Counter[str]) -> str:
    return ", ".join(f"{count} {state}" for state, count in states.most_common()) or "none"
