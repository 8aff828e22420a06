"""`feedsvc article`: what is stored, and what its operator says of it; one file per verb."""

from __future__ import annotations

import argparse

from feedsvc.cli.article import correct, history, listing, search, show
from feedsvc.cli.command import Commands, add_command

_EXAMPLES = """\
  feedsvc article list --limit 10
  feedsvc article search harbour "old crane"
  feedsvc article show tag:news.example.org,2025:news/harbour
  feedsvc article withdraw news/harbour --reason "The court asked for it"
  feedsvc article history news/harbour
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command and its verbs on the command line."""
    parser = add_command(
        commands,
        common,
        "article",
        None,
        help="list, show, search, withdraw, hide, restore and purge articles",
        description="Look at the articles in the store, see how they changed, and take them down. "
        "An ID is as `article list` prints it; its beginning or its end will do if no other "
        "article has it, and so will the address it is read at.",
        examples=_EXAMPLES,
    )
    verbs = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for verb in (listing, show, search, correct, history):
        verb.register(verbs, common)
