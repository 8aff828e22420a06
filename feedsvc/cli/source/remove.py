"""`feedsvc source remove`: take a source out of the configuration file."""

from __future__ import annotations

import argparse

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.configuration import everyone, take_out_source
from feedsvc.cli.console import Console
from feedsvc.cli.source.target import unknown
from feedsvc.errors import UsageError


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the verb on the command line."""
    parser = add_command(
        commands,
        common,
        "remove",
        _run,
        help="take a source out of the configuration; its articles are kept",
        description="Take a source out of the configuration file. Its articles leave the feeds at "
        "the next sync and stay in the store: a source of the same name brings them back.",
        examples="  feedsvc source remove neighbours",
    )
    parser.add_argument("name", metavar="NAME", help="as `feedsvc source list` prints it")


def _run(console: Console) -> int:
    settings, name = console.settings, console.args.name
    names = [source.name for source in settings.sources]
    if name not in names:
        known = everyone(console, settings)
        if any(source.name == name for source in known):
            raise UsageError(
                f"'{name}' stands in an OPML file, not in {settings.path}",
                hint="take it out of that file, or pause it",
            )
        raise unknown(name, known)
    if len(names) == 1:
        raise UsageError(
            f"'{name}' is the only source, and a configuration needs one",
            hint="add another one first, or pause it",
        )
    if feeds := [feed.name for feed in settings.feeds if name in feed.sources]:
        raise UsageError(
            f"'{name}' is listed in the `sources` of {', '.join(feeds)}",
            hint=f"take it out of there first, in {settings.path}",
        )
    take_out_source(settings, names.index(name))
    if console.args.json:
        console.document("source-remove", {"config": str(settings.path), "name": name})
    else:
        console.result(f"{name}: removed from {settings.path}")
        console.say(
            "its articles leave the feeds at the next sync and stay stored: a source of this name "
            "brings them back"
        )
    return 0
