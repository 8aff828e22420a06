"""`feedsvc config`: is the configuration right, and what does it say?"""

from __future__ import annotations

import argparse
import json

from feedsvc.cli import snippets
from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console, error_lines
from feedsvc.errors import ConfigError

_EXAMPLES = """\
  feedsvc config check
  feedsvc -c config/examples/newsroom.toml config show --json
  feedsvc config nginx > /etc/nginx/conf.d/feedsvc.conf
  feedsvc config schema > feedsvc.schema.json
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    parser = add_command(
        commands,
        common,
        "config",
        None,
        help="check and show the configuration, and write that of another web server",
        description="Check and show the configuration, or make one for another web server of it.",
        examples=_EXAMPLES,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    add_command(
        actions,
        common,
        "check",
        _check,
        help="every mistake, with file, line and column",
        description="Report every mistake with file, line and column; exit code 3 if there is one.",
        examples="  feedsvc config check\n  feedsvc -c other.toml config check",
    )
    add_command(
        actions,
        common,
        "show",
        _show,
        help="the settings in force, defaults and environment included",
        description="Show the settings in force, with defaults and environment; never secrets.",
        examples="  feedsvc config show\n  feedsvc config show --json",
    )
    add_command(
        actions,
        common,
        "schema",
        _schema,
        help="a JSON Schema of the configuration, for editors",
        description="Print a JSON Schema (2020-12) of the configuration. An editor that knows TOML "
        "schemas, such as one with taplo, then completes keys and marks mistakes; a first line "
        "`#:schema ./feedsvc.schema.json` in the configuration tells it where the schema lies.",
        examples="  feedsvc config schema > feedsvc.schema.json",
    )
    snippets.register(actions, common)


def _check(console: Console) -> int:
    from feedsvc.app import App
    from feedsvc.config import ConfigErrors, unreadable_secrets

    try:
        settings = console.settings
        App(settings).check_kinds()
    except ConfigErrors as found:
        if console.args.json:
            console.document(
                "config-check", {"ok": False, "errors": [str(e) for e in found.errors]}
            )
        for error in found.errors:
            console.warn(error_lines(error))
        return found.exit_code
    except ConfigError as error:
        if console.args.json:
            console.document("config-check", {"ok": False, "errors": [str(error)]})
        console.warn(error_lines(error))
        return error.exit_code
    # A warning: the service's secrets need not be where its configuration is looked at.
    unreadable = unreadable_secrets(settings)
    for warning in unreadable:
        console.warn(f"warning: {error_lines(warning)}")
    if console.args.json:
        told = [str(warning) for warning in unreadable]
        console.document("config-check", {"ok": True, "errors": [], "warnings": told})
    else:
        sources = _counted(len(settings.sources), "source")
        feeds = _counted(len(settings.feeds), "feed")
        console.result(f"{settings.path}: ok ({sources}, {feeds})")
    return 0


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _show(console: Console) -> int:
    from feedsvc.config import show

    shown = show(console.settings)
    if console.args.json:
        console.document("config", shown)
        return 0
    for section, values in shown.items():
        console.result(f"{section}: {json.dumps(values, ensure_ascii=False, indent=2)}")
    return 0


def _schema(console: Console) -> int:
    from feedsvc.config.jsonschema import document

    # The same with --json: it is a JSON document already, and what reads it knows its own kind.
    console.result(json.dumps(document(), ensure_ascii=False, indent=2))
    return 0
