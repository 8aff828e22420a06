"""The options that say which service is meant."""

from __future__ import annotations

import argparse
from pathlib import Path

from feedsvc.cli.service.files import Place
from feedsvc.cli.service.plan import is_system


def add_options(parser: argparse.ArgumentParser) -> None:
    """Name, and whose it is."""
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument("--user", action="store_true", help="of yourself; default but for root")
    whose.add_argument("--system", action="store_true", help="of the machine; default for root")
    parser.add_argument("--name", metavar="NAME", help="of the service; default: feedsvc")
    parser.add_argument(
        "--root", default="/", metavar="DIR", help="a file system other than the running one"
    )


def place_of(args: argparse.Namespace) -> Place:
    """Where its files lie."""
    return Place(system=is_system(args), root=Path(args.root).absolute())
