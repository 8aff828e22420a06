"""A store that tests fill in a few words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import event

from feedsvc.decide import digest, seen
from feedsvc.model import Article, Origin, Person
from feedsvc.ports import EntryChange, Memory, OutlineRow, Visit
from feedsvc.settings import Feed
from feedsvc.store import SqlStore, open_store
from feedsvc.text.canonical import canonical

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


@dataclass
class Stock:
    """A store, and what was put into it; each article is a minute older than the one before."""

    url: str
    store: SqlStore
    rows: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def watch(self, *feeds: Feed) -> None:
        """Let these be the configured feeds."""
        self.store.close()
        self.store = open_store(self.url, feeds)

    def enrol(self, *names: str, was: str | None = None) -> None:
        """Make these the configured sources."""
        self.store.enrol([(n, was, "feed", f"https://{n}.example.org/") for n in names], NOON)

    def enrol_outline(self, name: str, *, parent: str) -> None:
        """A source in an OPML file, which becomes one of the configured sources."""
        known = [(one.name, None, one.kind, one.place) for one in self.store.sources()]
        self.store.enrol([*known, (parent, None, "opml", "list.opml")], NOON)
        place = f"https://{name}.example.org/"
        self._settle(parent, outlines=(OutlineRow(name, parent, place, None),))

    def put(self, source: str, title: str, **said: Any) -> int:
        """An article as its source says it, known by its title; returns its row."""
        self.fill(source, {title: said})
        return self.rows[title]

    def fill(self, source: str, said: Mapping[str, Mapping[str, Any]]) -> None:
        """Many of them at once, by title."""
        row = self.store.source(source).row
        known = {one.key: one.row for one in self.store.entries(row, keys=_keys(said)).values()}
        changes = [self._change(source, title, words, known) for title, words in said.items()]
        self._settle(source, entries=tuple(changes))
        stored = self.store.entries(row, keys=_keys(said)).values()
        self.rows |= {one.key.removeprefix("id:"): one.row for one in stored}

    def _change(
        self, source: str, title: str, said: Mapping[str, Any], known: Mapping[str, int]
    ) -> EntryChange:
        row = known.get(f"id:{title}")
        given: dict[str, Any] = {
            "source": source,
            "key": f"id:{title}",
            "guid": f"tag:example.org,2025:{source}/{title}",
            "title": title,
            "html": "<p>Text.</p>",
            "published": NOON - timedelta(minutes=self.count),
            "first_seen": NOON,
            "revision": 1 if row is None else 2,
            "origin": Origin(
                title=f"The {source}",
                url=f"https://{source}.example.org/feed",
                link=f"https://{source}.example.org/",
            ),
        } | dict(said)
        given["authors"] = tuple(Person(name=name) for name in given.get("authors", ()))
        given.setdefault("updated", given["published"])
        article = Article(**given)
        article = replace(article, seen=seen(article))
        self.count += 1
        canon = digest(canonical(article.link).encode()) if article.link else None
        return EntryChange(declared=title, words=b"", article=article, row=row, canon=canon)

    def _settle(self, source: str, **what: Any) -> None:
        row = self.store.source(source)
        self.store.settle(
            [
                Visit(
                    source=row, memory=Memory(row.place, row.place), now=NOON, next_due=NOON,
                    state="ok", **what,
                )
            ]
        )  # fmt: skip

    def withdraw(self, source: str, title: str) -> None:
        """Let its source take an article back."""
        self._settle(source, withdrawn=((self.rows[title], "gone"),))

    def settle(self) -> None:
        """As after a build of every feed, with what it selects."""
        for row in self.store.feeds():
            after = replace(row, touched=None, built=NOON)
            self.store.settle_feed(after, read=row, members=None, lines=())

    def publish(self, feed: Feed, now: datetime = NOON) -> None:
        """As after a build of one feed."""
        row = self.store.feed(feed.name)
        members = [one.row for one in self.store.select(feed, now).members]
        after = replace(row, touched=None, built=now, entries=len(members))
        self.store.settle_feed(after, read=row, members=members, lines=())

    def touched(self, name: str) -> bool:
        """Whether a feed is marked for the next build."""
        return self.store.feed(name).touched is not None

    def listen(self, hear: Callable[[str, Any], None]) -> None:
        """Tell of every statement from now on."""

        def heard(_c: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
            hear(statement, values)

        event.listen(self.store._engine, "before_cursor_execute", heard)


def _keys(said: Mapping[str, Any]) -> list[str]:
    return [f"id:{title}" for title in said]
