"""A planet of remote feeds whose documents a test writes, and what became of their entries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from html import escape
from typing import Any

from feedsvc.app.syncing import SyncReport
from feedsvc.model import Article, iso_utc
from feedsvc.ports import SourceRow
from feedsvc.sync import SourceReport
from tests.feedserver import Answer, Answerable, FeedServer
from tests.guest import SITE
from tests.support import Service


@dataclass(frozen=True, kw_only=True)
class Item:
    """One entry of a document; what is None is not said."""

    title: str
    text: str = ""
    guid: str | None = None
    link: str | None = None
    date: datetime | None = None
    updated: datetime | None = None
    extra: str = ""  # further elements, as they are


def story(number: int, **said: Any) -> Item:
    """An entry with an id, a link and words of its own."""
    return Item(
        **{
            "title": f"Story {number}",
            "text": f"<p>What the harbour master wrote in his book on day {number}.</p>",
            "guid": f"tag:harbour.example.org,2025:{number}",
            "link": f"https://harbour.example.org/{number}",
        }
        | said
    )


def rss(*items: Item, home: str = "https://harbour.example.org/", head: str = "") -> bytes:
    """An RSS 2.0 document."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>'
        f"<title>Harbour</title><link>{escape(home)}</link><description>News</description>"
        f"{head}{''.join(map(_rss_item, items))}</channel></rss>"
    ).encode()


def _rss_item(one: Item) -> str:
    said = [f"<title>{escape(one.title)}</title>"]
    if one.text:
        said.append(f"<description>{escape(one.text)}</description>")
    if one.guid is not None:
        said.append(f'<guid isPermaLink="false">{escape(one.guid)}</guid>')
    if one.link is not None:
        said.append(f"<link>{escape(one.link)}</link>")
    if one.date is not None:
        said.append(f"<pubDate>{format_datetime(one.date)}</pubDate>")
    return f"<item>{''.join(said)}{one.extra}</item>"


def atom(
    *items: Item,
    deleted: Iterable[tuple[str, datetime]] = (),
    updated: str = "2025-05-01T00:00:00Z",
    own: str = "https://harbour.example.org/atom.xml",
) -> bytes:
    """An Atom document; `deleted` are RFC 6721 tombstones."""
    stones = "".join(
        f'<at:deleted-entry ref="{escape(ref)}" when="{iso_utc(when)}"/>' for ref, when in deleted
    )
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/'
        f'1.0"><title>Harbour</title><id>tag:harbour.example.org,2025:feed</id><link rel="self" '
        f'href="{escape(own)}"/><link href="https://harbour.example.org/"/>'
        f"<updated>{updated}</updated>{stones}{''.join(map(_atom_entry, items))}</feed>"
    ).encode()


def _atom_entry(one: Item) -> str:
    said = [f"<title>{escape(one.title)}</title>"]
    if one.guid is not None:
        said.append(f"<id>{escape(one.guid)}</id>")
    if one.link is not None:
        said.append(f'<link href="{escape(one.link)}"/>')
    if one.date is not None:
        said.append(f"<published>{iso_utc(one.date)}</published>")
    if one.updated is not None:
        said.append(f"<updated>{iso_utc(one.updated)}</updated>")
    if one.text:
        said.append(f'<content type="html">{escape(one.text)}</content>')
    return f"<entry>{''.join(said)}{one.extra}</entry>"


@dataclass
class Planet:
    """A service with remote sources, of which `harbour` at `/harbour` is the usual one."""

    service: Service
    server: FeedServer
    feeds: str = ""
    sources: dict[str, str] = field(default_factory=dict)  # name -> further lines

    def configure(self, feeds: str | None = None, **sources: str) -> None:
        """Make these the sources, each at the path of its name; `feeds` are lines of TOML."""
        self.feeds = self.feeds if feeds is None else feeds
        self.sources = sources or self.sources or {"harbour": ""}
        text = "".join(
            f'[[source]]\nname = "{name}"\n'
            + (f'url = "{self.server.url(f"/{name}")}"\n' if "url =" not in lines else "")
            + f"{lines}\n\n"
            for name, lines in self.sources.items()
        )
        self.service.configure(f"{SITE}\n{text}{self.feeds}")

    def put(self, *items: Item, at: str = "harbour", **more: Any) -> None:
        """Let a source hold these entries."""
        self.server[f"/{at}"] = Answer(body=rss(*items, **more))

    def serve(self, answer: Answerable | bytes, at: str = "harbour") -> None:
        """Let a source answer this."""
        self.server[f"/{at}"] = Answer(body=answer) if isinstance(answer, bytes) else answer

    def sync(self, *items: Item, build: bool = False, **more: Any) -> SourceReport:
        """One forced sync, a minute later, of the usual source; it holds `items`, if there are."""
        if items:
            self.put(*items, **more)
        return {one.name: one for one in self.run(build=build).sources}["harbour"]

    def run(self, *, build: bool = False, force: bool = True) -> SyncReport:
        """One sync of all sources, a minute later."""
        self.service.clock.tick(minutes=1)
        return self.service.sync(force=force, build=build)

    # -- what became of them -------------------------------------------------------------------

    def articles(self, source: str = "harbour") -> list[Article]:
        """The stored articles of a source, in the order in which they were first stored."""
        everything = self.service.app.store.list_articles(now=self.service.clock.now())
        stored = [one for one in everything if one.source == source]
        rows = self.service.app.store.find(
            self.row(source).row, declared=(), links=(), rows=(), documents=(),
            keys=[one.key for one in stored],
        )  # fmt: skip
        number = {one.article.key: one.row for one in rows}
        return sorted(stored, key=lambda one: number[one.key])

    def titles(self, source: str = "harbour", state: str = "published") -> list[str]:
        """The titles of the articles of a source, in that order."""
        return [one.title for one in self.articles(source) if one.state.value == state]

    def ids(self) -> dict[str, str]:
        """The ids that readers see, by title."""
        return {one.title: one.guid for one in self.articles()}

    def row(self, source: str = "harbour") -> SourceRow:
        return self.service.app.store.source(source)

    def problems(self) -> list[str]:
        return [problem.reason for problem in self.service.app.store.problems()]

    def identity(self) -> str:
        """What the entries of the usual source are told apart by."""
        return self.service.app.store.memories(["harbour"])["harbour"].identity
