"""`feedsvc source`: where articles come from; one file per verb.

Everything that is known of sources lies in two places: the configuration file, which `add` and
`remove` edit, and the store, of which `list`, `show`, `pause` and `resume` speak.
"""

from __future__ import annotations

import argparse

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.source import add, listing, pause, remove, show, test

_EXAMPLES = """\
  feedsvc source add https://example.org/   find the feed of a site and subscribe to it
  feedsvc source list                       how all of them are
  feedsvc source test feed.xml --json       what a feed says, stored nowhere
  feedsvc source pause example.org          leave it alone for a while
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command and its verbs on the command line."""
    parser = add_command(
        commands,
        common,
        "source",
        None,
        help="add, list, show, test, pause, resume and remove sources",
        description="Look at sources, try them, and change which there are.",
        examples=_EXAMPLES,
    )
    verbs = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for verb in (add, listing, show, test, pause, remove):
        verb.register(verbs, common)
