"""`feedsvc article`: what is stored."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import Any

from feedsvc.cli.command import Commands, add_command, whole_number
from feedsvc.cli.console import Console, when
from feedsvc.model import Article, State, iso_utc

_EXAMPLES = """\
  feedsvc article list --limit 10
  feedsvc article list --state held --json
  feedsvc article show tag:news.example.org,2025:news/harbour
"""


_TITLE = 72  # characters of a title in a table


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    parser = add_command(
        commands,
        common,
        "article",
        None,
        help="list and show what is stored",
        description="Look at the articles in the store.",
        examples=_EXAMPLES,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = add_command(
        actions,
        common,
        "list",
        _list,
        help="articles, newest first",
        description="List articles, newest first.",
        examples="\n".join(_EXAMPLES.splitlines()[:2]),
    )
    listing.add_argument(
        "--limit", type=whole_number(1, 1_000_000), metavar="N", help="at most this many"
    )
    listing.add_argument("--source", metavar="NAME", help="only those of this source")
    listing.add_argument(
        "--state", choices=[state.value for state in State], help="only those in this state"
    )
    showing = add_command(
        actions,
        common,
        "show",
        _show,
        help="one article, with everything that is known of it",
        description="Show one article with everything that is known of it.",
        examples=_EXAMPLES.splitlines()[2],
    )
    showing.add_argument("id", metavar="ID", help="as `article list` prints it")


def _list(console: Console) -> int:
    args = console.args
    with console.app() as app:
        if args.source is not None:
            app.store.source(args.source)  # NotFoundError
        now = app.clock.now()
        articles = app.store.list_articles(
            now=now,
            source_name=args.source,
            state=State(args.state) if args.state else None,
            limit=args.limit,
        )
        if args.json:
            console.stream("articles", "articles", (_document(a, now) for a in articles))
        else:
            zone = console.settings.site.timezone
            rows = [
                (when(a.published, zone), a.state_at(now).value, a.source, _brief(a.title), a.guid)
                for a in articles
            ]
            console.table(rows, ("PUBLISHED", "STATE", "SOURCE", "TITLE", "ID"))
    return 0


def _brief(title: str) -> str:
    """A title that leaves room for the other columns, which one endless title would push away."""
    return title if len(title) <= _TITLE else f"{title[: _TITLE - 1].rstrip()}…"


def _show(console: Console) -> int:
    with console.app() as app:
        article = app.store.show_article(console.args.id)
        now = app.clock.now()
    if console.args.json:
        console.document("articles", {"articles": [_document(article, now)]})
        return 0
    for name, value in _document(article, now).items():
        if value not in (None, [], {}, ""):
            console.result(f"{name}: {_shown(value)}")
    return 0


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value)
    if isinstance(value, dict):
        return " ".join(f"{k}={v}" for k, v in value.items() if v is not None)
    return str(value)


def _document(article: Article, now: datetime) -> dict[str, Any]:
    """The contract's JSON of an article."""
    image = article.image
    return {
        "id": article.guid,
        "source": article.source,
        "guid": article.key.partition(":")[2],
        "title": article.title,
        "link": article.link,
        "published": iso_utc(article.published),
        "updated": iso_utc(article.updated),
        "first_seen": iso_utc(article.first_seen),
        "authors": [{"name": p.name, "email": p.email, "uri": p.uri} for p in article.authors],
        "summary": article.summary,
        "content_html": article.html,
        "language": article.language,
        "tags": list(article.tags),
        "enclosures": [
            {"url": e.url, "type": e.type, "length": e.length, "duration": e.duration}
            for e in article.enclosures
        ],
        "revision": article.revision,
        "state": article.state_at(now).value,
        "subtitle": article.subtitle,
        "section": article.section,
        "image": {"url": image.url, "caption": image.caption, "credit": image.credit}
        if image
        else None,
        "rights": article.rights,
        "location": article.location,
        "agency": article.agency,
        "due": iso_utc(article.due) if article.due else None,
        "expires": iso_utc(article.expires) if article.expires else None,
        "extra": dict(article.extra),
    }
