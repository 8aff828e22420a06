"""`feedsvc feed`: what is published; one file per verb.

What a feed holds is said in the configuration. These commands tell what comes of that: what is in a
feed and why, where it is found, and what another rule would make of it. `move` and `remove` edit
the configuration, and see to it that readers of the old addresses are told.
"""

from __future__ import annotations

import argparse

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.feed import explain, listing, moving, preview, show, urls

_EXAMPLES = """\
  feedsvc feed list                           all feeds, those of groups among them
  feedsvc feed urls newsletter                every address of one, private ones too
  feedsvc feed preview sea --exclude-tags ad  what another rule would add and remove
  feedsvc feed explain sea news/harbour       why an article is in it, or is not
  feedsvc feed move sea coast                 another name; the old addresses lead there
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command and its verbs on the command line."""
    parser = add_command(
        commands,
        common,
        "feed",
        None,
        help="list, show, preview, explain, move and remove feeds, and tell their addresses",
        description="Look at the feeds: what is in them and why, and what another rule would make "
        "of them; give one another name, or take it down.",
        examples=_EXAMPLES,
    )
    verbs = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for verb in (listing, show, urls, preview, explain, moving):
        verb.register(verbs, common)
