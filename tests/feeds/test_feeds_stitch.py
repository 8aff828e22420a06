"""A stitched document is, byte for byte, the one that feedgen writes of the same entries."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from feedsvc.feeds.atom import AtomFormat
from feedsvc.feeds.jsonfeed import JsonFormat
from feedsvc.feeds.rss import RssFormat
from feedsvc.gate import check
from feedsvc.model import (
    ArchiveLinks,
    Article,
    Enclosure,
    Entry,
    FeedHead,
    Format,
    Image,
    Origin,
    Person,
    Podcast,
    Tombstone,
)
from feedsvc.settings import FullText
from feedsvc.text.html import sanitise

SEEDS = Path(__file__).parents[2] / "seeds"
CORPUS = os.environ.get("FEEDSVC_CORPUS")

_ODD = (
    "<entry>", "  <entry", "    <item>", "</feed>\n", "  </channel>\n</rss>\n", "]]>", "<![CDATA[",
    "&amp;", "&#0;", "\r\n", "\n\n  <entry>", "\x00", "\x85", "\u2028", "\ufffe", "\ud800", "\t",
    "\U0001f6a2", "\u202e", "<!--", "-->", "<?xml?>", '"', "'", "\\u0000", "{", "}],", "ß", "İ",
)  # fmt: skip
_text = st.lists(st.one_of(st.sampled_from(_ODD), st.text(max_size=12)), max_size=6).map("".join)
_address = st.sampled_from(
    (
        "https://news.example.org/a?b=1&c=2",
        "https://news.example.org/%C3%BC#'x'",
        "http://[2001:db8::1]:8080/",
    )
)
_moments = st.integers(min_value=-2_200_000_000, max_value=4_100_000_000).map(
    lambda seconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
_people = st.builds(
    Person,
    name=_text,
    email=st.none() | st.just("a@b.example") | _text,
    uri=st.none() | _address,
)
_enclosures = st.builds(
    Enclosure,
    url=_address,
    type=st.sampled_from((None, "audio/mpeg", "image/jpeg")),
    length=st.none() | st.integers(0, 2**40),
    duration=st.none() | st.integers(0, 10**6),
)
_anywhere = st.none() | _address | _text | st.sampled_from(("javascript:x", "/a", "feed:a", "//b"))
_origins = st.builds(
    Origin,
    id=st.none() | st.sampled_from(("tag:example.net,2025:feed", "urn:x")) | _address | _text,
    title=st.none() | _text,
    url=_anywhere,
    link=_anywhere,
    updated=st.none() | _moments,
    rights=st.none() | _text,
)
_labels = st.sampled_from(
    ("itunes:title", "itunes:episode", "itunes:explicit", "podcast:transcript", "podcast:chapters",
     "podcast:person", "podcast:soundbite", "podcast:season", "podcast:location",
     "podcast:alternateEnclosure", "podcast:alternateEnclosure/source", "podcast:x", "other")
)  # fmt: skip
_attributes = st.dictionaries(
    st.sampled_from(("", "url", "uri", "type", "role", "startTime", "duration", "geo", "name")),
    _text | _address | st.sampled_from(("text/vtt", "guest", "12.5", "7")),
    max_size=5,
)
_lines = st.lists(st.tuples(_labels, _text | _attributes.map(json.dumps)), max_size=6).map(tuple)


def _full(head: Callable[..., FeedHead]) -> FeedHead:
    """A head that says all that one can."""
    addresses = {format: f"https://news.example.org/{format.value}" for format in Format}
    when = datetime(2025, 5, 2, 7, 30, tzinfo=UTC)
    return head(
        archive=ArchiveLinks(number=2, current=addresses, previous=addresses, next=addresses),
        hubs=("https://hub.example.org/",),
        deleted=(Tombstone(ref="urn:x-test:gone", when=when),),
        image="https://news.example.org/i.png",
        podcast=Podcast(
            owner=Person(name="Jana", email="jana@news.example.org"),
            categories=(("News", "Politics"),),
            locked=True,
            funding=(("https://give.example.org/", "Danke"),),
        ),
        private=True,
        profile="smartnews",
        logos=("https://news.example.org/l.png", "https://news.example.org/d.png"),
    )


@st.composite
def _entries(draw: st.DrawFn, *, full: bool = False) -> list[Entry]:
    """Hostile entries; `full` ones stand in a podcast for a partner."""
    found = []
    for number in range(draw(st.integers(0, 4))):
        published, updated = draw(_moments), draw(_moments)
        article = Article(
            source="desk",
            key=f"id:{number}",
            guid=f"urn:x-test:{number}",
            title=draw(_text),
            html=sanitise(draw(_text), "https://news.example.org/"),
            link=draw(st.none() | _address),
            summary=draw(st.none() | _text),
            subtitle=draw(st.none() | _text),
            published=published,
            updated=max(published, updated),
            first_seen=published,
            authors=tuple(draw(st.lists(_people, max_size=3))),
            tags=tuple(draw(st.lists(_text, max_size=3))),
            section=draw(st.none() | _text),
            language=draw(st.sampled_from((None, "de", "zh-Hant-TW"))),
            image=draw(
                st.none()
                | st.builds(Image, url=_address, caption=st.none() | _text, credit=st.none())
            ),
            enclosures=tuple(draw(st.lists(_enclosures, max_size=3))),
            rights=draw(st.none() | _text),
            origin=draw(st.none() | _origins),
            extra=draw(_lines),
        )
        zone = draw(st.sampled_from(("UTC", "Europe/Berlin", "Africa/Monrovia")))
        found.append(
            Entry(
                article=article,
                zone=ZoneInfo(zone),
                page=draw(st.none() | st.just(f"https://news.example.org/a/{number}/")),
                via=tuple(draw(st.lists(_origins, max_size=3))),
                podcast=full,
                profile="smartnews" if full else None,
                analytics=draw(_text) if full else None,
            )
        )
    return found


def _stitched(
    renderer: AtomFormat | RssFormat | JsonFormat,
    head: FeedHead,
    entries: Sequence[Entry],
    full_text: FullText = True,
) -> bytes:
    fragments: list[bytes] = []
    for entry in entries:  # each on its own: what a fragment says depends on no other
        (fragment,) = renderer.fragments([entry], full_text=full_text)
        assert isinstance(fragment, bytes), fragment
        fragments.append(fragment)
    return renderer.document(head, fragments)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(entries=_entries())
@pytest.mark.parametrize("renderer", [AtomFormat(), RssFormat()], ids=["atom", "rss"])
def test_hostile_articles_are_stitched_as_feedgen_writes_them(
    head: Callable[..., FeedHead], renderer: AtomFormat | RssFormat, entries: list[Entry]
) -> None:
    stitched = _stitched(renderer, head(), entries)

    assert stitched == renderer.whole(head(), entries, full_text=True)
    assert renderer.fragments(entries, full_text=True) == [
        renderer.fragments([entry], full_text=True)[0] for entry in entries
    ]
    form = "atom" if isinstance(renderer, AtomFormat) else "rss"
    assert [finding for finding in check(stitched, form) if finding.error] == []
    ids = etree.fromstring(stitched).xpath("//*[local-name()='entry']/*[1] | //guid")
    assert [found.text for found in ids] == [entry.article.guid for entry in entries]  # type: ignore[union-attr]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(entries=_entries(full=True), full_text=st.sampled_from((True, False, "given")))
@pytest.mark.parametrize("renderer", [AtomFormat(), RssFormat()], ids=["atom", "rss"])
def test_hostile_episodes_are_stitched_as_feedgen_writes_them(
    head: Callable[..., FeedHead],
    renderer: AtomFormat | RssFormat,
    entries: list[Entry],
    full_text: FullText,
) -> None:
    of = _full(head)

    stitched = _stitched(renderer, of, entries, full_text)

    assert stitched == renderer.whole(of, entries, full_text=full_text)
    form = "atom" if isinstance(renderer, AtomFormat) else "rss"
    assert [finding for finding in check(stitched, form) if finding.error] == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(entries=_entries())
def test_hostile_articles_make_a_json_feed_that_says_the_same(
    head: Callable[..., FeedHead], entries: list[Entry]
) -> None:
    stitched = _stitched(JsonFormat(), head(), entries)

    assert [finding for finding in check(stitched, "json") if finding.error] == []
    items = json.loads(stitched)["items"]
    assert [item["id"] for item in items] == [entry.article.guid for entry in entries]
    assert stitched.count(b"\n") == len(entries) + 1


_ids = st.lists(
    st.sampled_from(
        ("urn:x-test:<entry", "urn:x-test:</id>&amp;", "urn:x-test:&amp;amp;", "tag:a,2025:ß\"'",
         "https://news.example.org/?a=1&b=2", "urn:x-test:\\u0041", "urn:x-test:]]>",
         "urn:x-test:{}")
    ),
    min_size=4, max_size=4, unique=True,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(entries=_entries(full=True), ids=_ids)
@pytest.mark.parametrize("renderer", [AtomFormat(), RssFormat(), JsonFormat()])
def test_a_document_comes_apart_into_what_it_was_put_together_of(
    head: Callable[..., FeedHead],
    renderer: AtomFormat | RssFormat | JsonFormat,
    entries: list[Entry],
    ids: list[str],
) -> None:
    entries = [
        replace(entry, article=replace(entry.article, guid=guid))
        for entry, guid in zip(entries, ids, strict=False)
    ]
    fragments = [one for one in renderer.fragments(entries, full_text=True) if type(one) is bytes]

    found = renderer.taken_apart(renderer.document(_full(head), fragments))

    assert found == fragments
    assert [renderer.id_of(one) for one in found] == ids[: len(entries)]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[Article]:
    """Every article of `seeds/`, as a sync stores it."""
    from feedsvc.app import App
    from feedsvc.config import load

    root = tmp_path_factory.mktemp("seeds")
    (root / "feedsvc.toml").write_text(
        f'[[source]]\nname = "seeds"\npath = {json.dumps(str(SEEDS))}\n'
    )
    app = App(load(root / "feedsvc.toml", cwd=root, environ={}))
    try:
        asyncio.run(app.sync(build=False))
        return list(app.store.list_articles(now=datetime(2030, 1, 1, tzinfo=UTC)))
    finally:
        app.close()


@pytest.mark.parametrize("full_text", [True, False, "given"], ids=["full", "excerpt", "given"])
@pytest.mark.parametrize("renderer", [AtomFormat(), RssFormat()], ids=["atom", "rss"])
def test_the_seeds_are_stitched_as_feedgen_writes_them(
    head: Callable[..., FeedHead],
    seeds: list[Article],
    renderer: AtomFormat | RssFormat,
    full_text: FullText,
) -> None:
    entries = [Entry(article=article, zone=ZoneInfo("Europe/Berlin")) for article in seeds]
    fragments = renderer.fragments(entries, full_text=full_text)

    stitched = renderer.document(head(), fragments)  # type: ignore[arg-type]

    assert len(entries) >= 5
    assert stitched == renderer.whole(head(), entries, full_text=full_text)


@cache
def _validator(format: Format) -> Callable[[bytes], object]:
    folder = Path(CORPUS or "") / "schemas"
    if format is Format.JSON:
        import jsonschema

        schema: Any = json.loads((folder / "jsonfeed-1.1.schema.json").read_text("utf-8"))
        return lambda body: jsonschema.validate(json.loads(body), schema)
    if format is Format.ATOM:
        rng = etree.RelaxNG(etree.parse(str(folder / "atom.rng")))
        return lambda body: rng.assertValid(etree.fromstring(body))
    xsd = etree.XMLSchema(etree.parse(str(folder / "rss-2.0.xsd")))
    return lambda body: xsd.assertValid(etree.fromstring(body))


@pytest.mark.skipif(not CORPUS, reason="FEEDSVC_CORPUS does not name a corpus")
@pytest.mark.parametrize("format", list(Format))
def test_the_schemas_accept_the_seeds_and_a_whole_article(
    rendered: Callable[..., bytes],
    head: Callable[..., FeedHead],
    whole: Callable[..., Entry],
    sparse: Callable[..., Entry],
    seeds: list[Article],
    format: Format,
) -> None:
    validate = _validator(format)
    entries = [Entry(article=article, zone=ZoneInfo("UTC")) for article in seeds]
    of = head(icon="https://news.example.org/icon.png")
    origin = Origin(id="feed", title="Tides", url="https://tides.example.net/f", rights="CC BY")

    for document in (
        rendered(format, whole(), of=of),
        rendered(format, whole(origin=origin), of=of),
        rendered(format, whole(origin=origin, authors=(), title=""), of=of),
        rendered(format, sparse(), *entries, of=of),
        rendered(format, *entries, of=of, full_text=False),
    ):
        validate(document)


@pytest.mark.skipif(not CORPUS, reason="FEEDSVC_CORPUS does not name a corpus")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(entries=_entries())
@pytest.mark.parametrize("format", [Format.ATOM, Format.RSS, Format.JSON])
def test_the_schemas_accept_hostile_articles(
    rendered: Callable[..., bytes], format: Format, entries: list[Entry]
) -> None:
    # rss-2.0.xsd asks for an item; RSS 2.0 does: "a channel may contain any number of <item>s".
    if entries or format is not Format.RSS:
        _validator(format)(rendered(format, *entries))


@pytest.mark.skipif(not CORPUS, reason="FEEDSVC_CORPUS does not name a corpus")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(entries=_entries(full=True))
@pytest.mark.parametrize("format", [Format.ATOM, Format.RSS, Format.JSON])
def test_the_schemas_accept_hostile_episodes_below_a_head_that_says_all(
    rendered: Callable[..., bytes],
    head: Callable[..., FeedHead],
    format: Format,
    entries: list[Entry],
) -> None:
    if entries or format is not Format.RSS:
        _validator(format)(rendered(format, *entries, of=_full(head)))
