"""How a command puts itself on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from feedsvc.cli.console import Console

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Commands = object


def add_command(
    commands: Commands,
    common: argparse.ArgumentParser,
    name: str,
    run: Callable[[Console], int] | None,
    *,
    help: str,
    description: str,
    examples: str,
) -> argparse.ArgumentParser:
    """A sub-parser with the common options and examples; `run` is called with the Console."""
    parser = commands.add_parser(
        name,
        help=help,
        description=description,
        epilog=f"examples:\n{examples.rstrip()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[common],
        allow_abbrev=False,
    )
    if run is not None:
        parser.set_defaults(run=run)
    return parser
