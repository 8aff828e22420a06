"""`feedsvc article show`: everything that is known of an article."""

from __future__ import annotations

import argparse
from typing import Any

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console, shown

_EXAMPLES = """\
  feedsvc article show tag:news.example.org,2025:news/harbour
  feedsvc article show https://news.example.org/harbour --json
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the verb on the command line."""
    parser = add_command(
        commands,
        common,
        "show",
        _show,
        help="one article, with everything that is known of it",
        description="Show one article with everything that is known of it; with its copies, if "
        "several sources have it. One that was taken down says so, and why and since when.",
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "id", metavar="ID", help="as `article list` prints it, or the address it is read at"
    )


def _show(console: Console) -> int:
    from feedsvc.cli.article.documents import documents, named, state_of

    with console.app() as app:
        articles = app.store.of_ids(named(app, console.args.id))
        told = list(documents(app, articles))
        states = [state_of(article, app.clock.now()) for article in articles]
    if console.args.json:
        console.document("articles", {"articles": told})
        return 0
    for number, (document, state) in enumerate(zip(told, states, strict=True)):
        if number:
            console.result("")
        for name, value in {**document, "state": state}.items():
            if value not in (None, [], {}, ""):
                console.result(shown(f"{name}: {_said(value)}"))
    return 0


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_said(item) for item in value)
    if isinstance(value, dict):
        return " ".join(f"{k}={_said(v)}" for k, v in value.items() if v is not None)
    return str(value)
