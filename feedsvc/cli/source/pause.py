"""`feedsvc source pause` and `resume`: leave a source alone, and ask it again."""

from __future__ import annotations

import argparse

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.cli.source.target import named
from feedsvc.cli.standing import of_one


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the verbs on the command line."""
    pausing = add_command(
        commands,
        common,
        "pause",
        _pause,
        help="leave a source alone until it is resumed",
        description="Leave a source alone until it is resumed; its articles stay in the feeds.",
        examples="  feedsvc source pause neighbours",
    )
    resuming = add_command(
        commands,
        common,
        "resume",
        _resume,
        help="ask a source again that is paused, parked or quarantined",
        description="Ask a source again at the next sync, whatever kept it from being asked. Of "
        "one that is quarantined, the entries that were held back are believed.",
        examples="  feedsvc source resume neighbours\n"
        "  feedsvc source resume neighbours && feedsvc sync --source neighbours",
    )
    for parser in (pausing, resuming):
        parser.add_argument("name", metavar="NAME", help="as `feedsvc source list` prints it")


def _pause(console: Console) -> int:
    return _change(console, paused=True)


def _resume(console: Console) -> int:
    return _change(console, paused=False)


def _change(console: Console, *, paused: bool) -> int:
    name = console.args.name
    with console.app() as app:
        source = named(app, name)
        app.sources()  # one that was never synced is not in the store yet
        now = app.clock.now()
        if paused:
            app.store.pause(name, now)
        else:
            app.store.resume(name, now)
        memory = app.store.memories([name]).get(name)
        told = of_one(source, app.store.source(name), memory, now)
    if console.args.json:
        console.document("source-pause" if paused else "source-resume", {"source": told})
    elif paused:
        console.result(f"{name}: paused since {told['since']}")
    else:
        console.result(f"{name}: asked again at the next sync")
    return 0
