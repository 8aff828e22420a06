"""`feedsvc article list`: the articles, newest first."""

from __future__ import annotations

import argparse

from feedsvc.cli.command import Commands, add_command, whole_number
from feedsvc.cli.console import Console
from feedsvc.model import State

_EXAMPLES = """\
  feedsvc article list --limit 10
  feedsvc article list --state withdrawn --json
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the verb on the command line."""
    parser = add_command(
        commands,
        common,
        "list",
        _list,
        help="articles, newest first",
        description="List articles, newest first.",
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "--limit", type=whole_number(1, 1_000_000), metavar="N", help="at most this many"
    )
    parser.add_argument("--source", metavar="NAME", help="only those of this source")
    parser.add_argument(
        "--state", choices=[state.value for state in State], help="only those in this state"
    )


def _list(console: Console) -> int:
    from feedsvc.cli.article.documents import documents, table

    args = console.args
    with console.app() as app:
        if args.source is not None:
            app.store.source(args.source)  # NotFoundError
        articles = app.store.list_articles(
            now=app.clock.now(),
            source_name=args.source,
            state=State(args.state) if args.state else None,
            limit=args.limit,
        )
        if args.json:
            console.stream("articles", "articles", documents(app, articles))
        else:
            table(console, app, articles)
    return 0
