"""Articles as commands are told of them, and as they print them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from feedsvc.cli.console import Console, when
from feedsvc.model import Article, State, iso_utc

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.ports import Standing

_BATCH = 100  # articles that are looked up at once
_TITLE = 72  # characters of a title in a table


def named(app: App, name: str) -> tuple[str, ...]:
    """The ids of the story that somebody means who types `name`; raises NotFoundError."""
    return app.store.named(name, home=app.settings.site.base_url)


def documents(app: App, articles: Iterable[Article]) -> Iterator[dict[str, Any]]:
    """The contract's JSON of articles; made as they are asked for."""
    now = app.clock.now()
    rest = iter(articles)
    while some := list(islice(rest, _BATCH)):
        for article, standing in zip(some, app.store.standings(some), strict=True):
            yield _document(article, standing, now)


def table(console: Console, app: App, articles: Iterable[Article]) -> None:
    """One line for each article."""
    now, zone = app.clock.now(), console.settings.site.timezone
    rows = [
        (when(a.published, zone), state_of(a, now), a.source, _brief(a.title), a.guid)
        for a in articles
    ]
    console.table(rows, ("PUBLISHED", "STATE", "SOURCE", "TITLE", "ID"))


def state_of(article: Article, now: datetime) -> str:
    """The state in the words of people; scripts look at `expires`."""
    state = article.state_at(now)
    gone = article.expires is not None and article.expires <= now
    return "expired" if gone and state is State.PUBLISHED else state.value


def _brief(title: str) -> str:
    """A title that leaves room for the other columns, which one endless title would push away."""
    return title if len(title) <= _TITLE else f"{title[: _TITLE - 1].rstrip()}…"


def _document(article: Article, standing: Standing, now: datetime) -> dict[str, Any]:
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
        "verdict": standing.verdict.value if standing.verdict else None,
        "verdict_at": iso_utc(standing.at) if standing.at else None,
        "reason": standing.reason,
        "pruned_at": iso_utc(standing.pruned) if standing.pruned else None,
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
        "extra": _extra(article.extra),
    }


def _extra(lines: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    """What else an article says; of what it says several times, such as who speaks, all."""
    found: dict[str, list[str]] = {}
    for name, value in lines:
        found.setdefault(name, []).append(value)
    return {name: said[0] if len(said) == 1 else said for name, said in found.items()}
