"""`feedsvc feed explain`: why an article is in a feed, or is not."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.cli.feed import edition
from feedsvc.cli.feed.target import built_children, named, selected, shelf_of
from feedsvc.errors import NotFoundError

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.ports import FeedRow
    from feedsvc.settings import Feed
    from feedsvc.store.explain import Explanation, Found, Step

_EXAMPLES = """\
  feedsvc feed explain sea tag:news.example.org,2025:desk/harbour
  feedsvc feed explain sea harbour                           a part of the id, if only one has it
  feedsvc feed explain sea https://news.example.org/harbour
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the verb on the command line."""
    parser = add_command(
        commands,
        common,
        "explain",
        _run,
        help="why an article is in a feed, or is not",
        description="Go through the rules of a feed for one article, and say which of them keeps "
        "it out, or where it stands.",
        examples=_EXAMPLES,
    )
    parser.add_argument("name", metavar="NAME", help="of a feed")
    parser.add_argument("article", metavar="ARTICLE", help="its id, a part of it, or its link")
    parser.add_argument("--source", metavar="NAME", help="that of this source, if several have it")


def _run(console: Console) -> int:
    args = console.args
    with console.app() as app:
        feed = named(app, args.name)
        if args.source is not None:
            app.store.source(args.source)  # NotFoundError
        meant = app.store.found(
            app.store.named(args.article, home=app.settings.site.base_url), args.source
        )
        if not meant:
            raise NotFoundError(f"no article '{args.article}' of source '{args.source}'")
        told = [_document(app, feed, one) for one in meant]
    if args.json:
        console.document("feed-explain", {"feed": feed.name, "articles": told})
        return 0
    for number, one in enumerate(told):
        if number:
            console.result("")
        _print(console, feed.name, one)
    return 0


def _document(app: App, feed: Feed, article: Found) -> dict[str, Any]:
    row = app.store.feed(feed.name)
    shelf = shelf_of(app, feed)
    found = app.store.explain(feed, article.row, app.clock.now(), shelf=shelf)
    steps = [*found.steps, *_faults(row, article)]
    if feed.digest is not None and all(step.met for step in steps):
        steps += edition.steps(app, feed, article.row, app.clock.now())
    failed = next((step for step in steps if not step.met), None)
    if feed.per is not None:
        within = failed is None
        rows = {one.name: one for one in app.store.feeds()}
        names = [one.name for one in built_children(app, feed, rows)]
    else:
        within = article.row in selected(app, feed)
        names = [feed.name]
    published = any(article.row in app.store.published_rows(name) for name in names)
    return {
        "id": article.guid,
        "source": article.source,
        "title": article.title,
        "in": within,
        # The entries of a digest are editions: what they told of is not remembered.
        "published": published if feed.digest is None else None,
        "archive_page": found.page or None,
        "failed": failed.rule if failed and not within else None,
        "summary": _summary(feed.name, found, steps, failed, within=within),
        "steps": [step._asdict() for step in steps],
    }


def _faults(row: FeedRow, article: Found) -> list[Step]:
    """Why the last build had to leave the article out, as a step of its own."""
    from feedsvc.store.explain import Step

    reasons = [problem.reason for problem in row.left_out if problem.path == article.guid]
    return [Step("document", False, reason) for reason in reasons]


def _summary(
    name: str, found: Explanation, steps: Sequence[Step], failed: Step | None, *, within: bool
) -> str:
    """The first line: in or out, and what decides that."""
    if within and failed is not None:
        why = "it was corrected" if found.page else "its page of the archive is still open"
        return f"in {name}, though beyond the limit: {why}"
    if within:
        told = next((step for step in steps if step.rule == "digest"), steps[-1])
        return f"in {name}: {told.says}"
    if found.page and (failed is None or failed.rule == "limit"):
        return f"on page {found.page} of the archive of {name}"
    if failed is None:
        return f"not in {name} yet"
    return f"not in {name}: {failed.rule}: {failed.says}"


def _print(console: Console, name: str, told: dict[str, Any]) -> None:
    console.result(told["summary"])
    console.result(f"{told['title']} ({told['source']}, {told['id']})")
    console.table(
        [(step["rule"], "yes" if step["met"] else "NO", step["says"]) for step in told["steps"]],
        ("RULE", "MET", ""),
    )
    if told["published"] is not None and told["in"] != told["published"]:
        console.result(f"the next build {'adds it to' if told['in'] else 'takes it out of'} {name}")
