"""Articles and heads to render: a whole one, and as little of one as there can be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feedsvc.feeds.atom import AtomFormat
from feedsvc.feeds.jsonfeed import JsonFormat
from feedsvc.feeds.rss import RssFormat
from feedsvc.model import Article, Enclosure, Entry, FeedHead, Format, Image, Person
from feedsvc.ports import Renderer
from feedsvc.settings import FullText

BERLIN = ZoneInfo("Europe/Berlin")

SPARSE = Article(
    source="desk",
    key="path:ferry",
    guid="tag:news.example.org,2025-01-01:desk/ferry",
    title="Ferry back in service",
    html="<p>It runs again.</p>",
    published=datetime(2025, 5, 1, 6, 0, tzinfo=UTC),
    updated=datetime(2025, 5, 1, 6, 0, tzinfo=UTC),
    first_seen=datetime(2025, 5, 1, 6, 0, tzinfo=UTC),
)

WHOLE = replace(
    SPARSE,
    link="https://news.example.org/ferry",
    subtitle="After three weeks in the dock",
    summary="The old ferry crosses the harbour again & on time.",
    updated=datetime(2025, 5, 2, 7, 30, tzinfo=UTC),
    authors=(
        Person(name="Jana Öhm", email="jana@news.example.org", uri="https://news.example.org/jana"),
        Person(name="Tom Wex"),
    ),
    section="Harbour",
    tags=("Ferries", "harbour", "Öffentlicher Verkehr"),
    language="en-GB",
    image=Image(
        url="https://news.example.org/ferry.jpg", caption="The ferry", credit="Harbour archive"
    ),
    enclosures=(
        Enclosure(url="https://news.example.org/talk.mp3", type="audio/mpeg", length=123456),
        Enclosure(url="https://news.example.org/map.pdf", type="application/pdf", length=2048),
    ),
    rights="© Harbour News",
)

HEAD = FeedHead(
    name="all",
    id="tag:news.example.org,2025-01-01:feed:all",
    title="Harbour News",
    description="What happens at the harbour",
    home="https://news.example.org/all/",
    urls={format: f"https://news.example.org/all/{format.filename}" for format in Format},
    updated=datetime(2025, 5, 2, 7, 30, tzinfo=UTC),
    zone=BERLIN,
    language="en",
    author=Person(name="Harbour News"),
    rights="© Harbour News",
)


@pytest.fixture(scope="session")
def renderers() -> dict[Format, Renderer]:
    return {Format.ATOM: AtomFormat(), Format.RSS: RssFormat(), Format.JSON: JsonFormat()}


@pytest.fixture(scope="session")
def head() -> Callable[..., FeedHead]:
    """The head, with the fields that a test names."""

    def make(**changes: Any) -> FeedHead:
        return replace(HEAD, **changes)

    return make


@pytest.fixture(scope="session")
def sparse() -> Callable[..., Entry]:
    """An entry with nothing but what every article has, and the fields that a test names."""

    def make(**changes: Any) -> Entry:
        return Entry(article=replace(SPARSE, **changes), zone=BERLIN)

    return make


@pytest.fixture(scope="session")
def whole() -> Callable[..., Entry]:
    """An entry with a value in every field, or the one that a test names."""

    def make(**changes: Any) -> Entry:
        return Entry(article=replace(WHOLE, **changes), zone=BERLIN)

    return make


@pytest.fixture(scope="session")
def rendered(
    renderers: dict[Format, Renderer], head: Callable[..., FeedHead]
) -> Callable[..., bytes]:
    """The document of some entries in a format."""

    def make(
        format: Format, *entries: Entry, full_text: FullText = True, of: FeedHead | None = None
    ) -> bytes:
        renderer = renderers[format]
        fragments = renderer.fragments(entries, full_text=full_text)
        assert all(isinstance(fragment, bytes) for fragment in fragments), fragments
        return renderer.document(of or head(), fragments)  # type: ignore[arg-type]

    return make
