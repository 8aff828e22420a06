"""`feedsvc article search`: find articles by what they say."""

from __future__ import annotations

import argparse

from feedsvc.cli.command import Commands, add_command, whole_number
from feedsvc.cli.console import Console
from feedsvc.errors import UsageError

_EXAMPLES = """\
  feedsvc article search harbour crane        both words, wherever they stand
  feedsvc article search "harbour crane"      the one behind the other
  feedsvc article search fährhaus --limit 5 --json
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the verb on the command line."""
    parser = add_command(
        commands,
        common,
        "search",
        _search,
        help="articles by words of their title, summary or text",
        description="List the articles that hold all of the words in title, summary or text, "
        "newest first, also those that are not published. Case does not count.",
        examples=_EXAMPLES,
    )
    parser.add_argument("words", metavar="WORDS", nargs="+", help="all have to be there")
    parser.add_argument(
        "--limit",
        type=whole_number(1, 1_000_000),
        default=50,
        metavar="N",
        help="at most this many, 50 unless told",
    )


def _search(console: Console) -> int:
    from feedsvc.cli.article.documents import documents, table

    args = console.args
    words = [word for word in args.words if word.strip()]
    if not words:
        raise UsageError("nothing to search for", hint="give a word or several")
    with console.app() as app:
        found = app.store.search(words, limit=args.limit)
        if args.json:
            console.stream("articles", "articles", documents(app, found))
        elif found:
            table(console, app, found)
        else:
            console.say("no article holds that")
        if len(found) == args.limit and not args.json:
            console.say(f"the newest {args.limit}; there may be more: --limit")
    return 0
