"""A copied entry names the feed it was published in first, in each format and on the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import Any

import feedparser
import pytest
from lxml import etree

from feedsvc.feeds.origin import credit
from feedsvc.gate import check
from feedsvc.model import Entry, Format, Origin, Person
from feedsvc.ports import Renderer

Render = Callable[..., bytes]
Make = Callable[..., Entry]

NAMES = {
    "a": "http://www.w3.org/2005/Atom",
    "dc": "http://purl.org/dc/elements/1.1/",
}
ORIGIN = Origin(
    id="tag:tides.example.net,2024:feed",
    title="Tides & weather",
    url="https://tides.example.net/atom.xml?a=1&b=2",
    link="https://tides.example.net/",
    updated=datetime(2025, 5, 1, 22, 30, tzinfo=UTC),
    rights="© Tides & weather",
)


def _xml(document: bytes, path: str) -> list[str]:
    return [str(found) for found in etree.fromstring(document).xpath(path, namespaces=NAMES)]  # type: ignore[union-attr]


def _with(name: str, value: Any) -> Origin:
    return replace(ORIGIN, **{name: value})


def _source(document: bytes, path: str) -> list[str]:
    return _xml(document, f"a:entry/a:source/{path}")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("a:id/text()", ["tag:tides.example.net,2024:feed"], id="id"),
        pytest.param("a:title/text()", ["Tides & weather"], id="title"),
        pytest.param("a:updated/text()", ["2025-05-02T00:30:00+02:00"], id="updated-in-the-zone"),
        pytest.param(
            "a:link[@rel='self']/@href",
            ["https://tides.example.net/atom.xml?a=1&b=2"],
            id="self-is-the-feed",
        ),
        pytest.param("a:link[@rel='self']/@type", [], id="whose-format-nobody-told"),
        pytest.param(
            "a:link[@rel='alternate']/@href", ["https://tides.example.net/"], id="link-of-the-site"
        ),
        pytest.param("a:rights/text()", ["© Tides & weather"], id="rights"),
        pytest.param("a:author", [], id="no-author-beside-those-of-the-entry"),
    ],
)
def test_atom_says_of_an_origin(
    rendered: Render, whole: Make, path: str, expected: list[str]
) -> None:
    document = rendered(Format.ATOM, whole(origin=ORIGIN))

    assert _source(document, path) == expected
    assert _xml(document, "a:entry/a:link[@rel='alternate']/@href") == [
        "https://news.example.org/ferry"
    ]


def test_rss_says_of_an_origin(rendered: Render, whole: Make) -> None:
    document = rendered(Format.RSS, whole(origin=ORIGIN, rights=None))

    assert _xml(document, "channel/item/source/text()") == ["Tides & weather"]
    assert _xml(document, "channel/item/source/@url") == [ORIGIN.url]
    assert _xml(document, "channel/item/dc:rights/text()") == ["© Tides & weather"]


def test_json_says_of_an_origin(rendered: Render, whole: Make) -> None:
    (item,) = json.loads(rendered(Format.JSON, whole(origin=ORIGIN)))["items"]

    assert item["_source"] == {
        "id": "tag:tides.example.net,2024:feed",
        "title": "Tides & weather",
        "feed_url": ORIGIN.url,
        "home_page_url": "https://tides.example.net/",
        "rights": "© Tides & weather",
    }
    assert "external_url" not in item


def test_the_rights_of_the_entry_go_before_those_of_its_origin(
    rendered: Render, whole: Make
) -> None:
    document = rendered(Format.RSS, whole(origin=ORIGIN))

    assert _xml(document, "channel/item/dc:rights/text()") == ["© Harbour News"]


@pytest.mark.parametrize("full_text", [True, False])
@pytest.mark.parametrize("format", list(Format))
def test_a_copy_is_published_without_a_finding(
    rendered: Render, whole: Make, format: Format, full_text: bool
) -> None:
    copies = [
        whole(origin=ORIGIN),
        whole(origin=ORIGIN, guid="urn:x-test:2", authors=(), rights=None, language=None),
    ]

    assert check(rendered(format, *copies, full_text=full_text), format.value) == ()


@pytest.mark.parametrize("format", list(Format))
def test_an_entry_without_an_origin_says_nothing_of_one(
    rendered: Render, whole: Make, format: Format
) -> None:
    nobody = Origin(id=" ", title="\x00", url="", link="javascript:alert(1)", rights="© Nobody")
    entries = [whole(), whole(origin=Origin()), whole(origin=nobody)]

    documents = {rendered(format, entry) for entry in entries}

    assert len(documents) == 1
    assert not any(b"source" in document for document in documents)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        pytest.param({}, "Tides & weather", id="its-title"),
        pytest.param({"title": None}, "tides.example.net", id="its-host"),
        pytest.param({"title": "<b>Tides</b>"}, "Tides", id="no-markup"),
    ],
)
def test_the_author_of_a_copy_without_a_byline_is_its_origin(
    rendered: Render, whole: Make, changes: dict[str, Any], name: str
) -> None:
    copy = whole(origin=replace(ORIGIN, **changes), authors=(Person(name="\x01"),))

    atom, feed = rendered(Format.ATOM, copy), json.loads(rendered(Format.JSON, copy))

    # Else the author of the feed would count for the author of the entry (RFC 4287 §4.2.1).
    assert _source(atom, "a:author/a:name/text()") == [name]
    assert _source(atom, "a:author/a:uri/text()") == ["https://tides.example.net/"]
    assert _xml(atom, "a:entry/a:author") == []
    assert feed["items"][0]["authors"] == [{"name": name, "url": "https://tides.example.net/"}]


def test_an_origin_without_a_date_was_up_to_date_with_its_entry(
    rendered: Render, whole: Make
) -> None:
    undated = replace(ORIGIN, updated=None)
    entries = [
        whole(origin=undated, guid=f"urn:x-test:{day}", updated=datetime(2025, 5, day, tzinfo=UTC))
        for day in (3, 4)
    ]

    document = rendered(Format.ATOM, *entries)

    assert _source(document, "a:updated/text()") == [
        "2025-05-03T02:00:00+02:00",
        "2025-05-04T02:00:00+02:00",
    ]
    assert _source(document, "a:updated/text()") == _xml(document, "a:entry/a:updated/text()")


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        pytest.param(
            Origin(id="https://a.example.net/f", url="https://a.example.net/g"),
            "https://a.example.net/f",
            id="its-id",
        ),
        pytest.param(
            Origin(id="feed-1", url="https://a.example.net/g", link="https://a.example.net/"),
            "https://a.example.net/g",
            id="no-iri-so-the-feed",
        ),
        pytest.param(
            Origin(title="A", link="https://a.example.net/"),
            "https://a.example.net/",
            id="the-site",
        ),
        pytest.param(
            Origin(url="https://a.example.net?feed=rss"),
            "https://a.example.net/?feed=rss",
            id="in-normal-form",
        ),
        pytest.param(
            Origin(id="javascript:alert(1)", url="https://a.example.net/g"),
            "https://a.example.net/g",
            id="a-script-is-no-id",
        ),
        pytest.param(
            Origin(id="feed-1", title="A"),
            "urn:uuid:24ba7efa-cb3a-5265-b98c-90322aff58de",
            id="made-from-its-id",
        ),
        pytest.param(
            Origin(title="Gr\u00fc\u00dfe \ud800"),
            "urn:uuid:a51664d4-e6cc-5a66-8bd6-a92e29203cab",
            id="made-from-its-title",
        ),
    ],
)
def test_the_id_of_an_origin_is_an_absolute_iri(origin: Origin, expected: str) -> None:
    found = credit(origin)

    assert found is not None
    assert found.id == expected


@pytest.mark.parametrize("format", list(Format))
def test_what_a_source_logs_in_with_is_not_published(
    rendered: Render, whole: Make, format: Format
) -> None:
    address = "https://me:s3cret@x@tides.example.net/f?a=@b"

    document = rendered(format, whole(origin=Origin(url=address, link=address), authors=()))

    assert b"s3cret" not in document
    assert b"https://tides.example.net/f?a=@b" in document


def test_a_made_id_stays_when_the_origin_takes_another_title() -> None:
    origins = [Origin(id=id, title=title) for id, title in (("1", "A"), ("1", "B"), ("2", "A"))]

    before, after, other = (found.id for found in map(credit, origins) if found)

    assert before == after != other


@pytest.mark.parametrize(
    ("url", "written"),
    [
        pytest.param("https://a.example.net/f", ["https://a.example.net/f"], id="https"),
        pytest.param("HTTP://A.example.net", ["http://a.example.net/"], id="in-normal-form"),
        pytest.param("http://localhost:8080/f", ["http://localhost:8080/f"], id="no-domain"),
        pytest.param("http://a.example.net/ß", ["http://a.example.net/%C3%9F"], id="iri"),
        pytest.param("feed://a.example.net/f", [], id="feed-scheme"),
        pytest.param("javascript:alert(1)", [], id="script"),
        pytest.param("/f", [], id="relative"),
        pytest.param("", [], id="empty"),
        pytest.param(None, [], id="none"),
    ],
)  # fmt: skip
def test_an_rss_source_needs_the_address_of_a_feed(
    rendered: Render, whole: Make, url: str | None, written: list[str]
) -> None:
    document = rendered(Format.RSS, whole(origin=replace(ORIGIN, url=url)))

    assert _xml(document, "channel/item/source/@url") == written
    assert check(document, "rss") == ()


@pytest.mark.parametrize("format", list(Format))
@pytest.mark.parametrize(
    "words",
    [
        pytest.param("Use <b>bold</b> text", id="an-end-tag"),
        pytest.param("vector<int> and <x", id="tags-nobody-closes"),
        pytest.param("Write &amp; or &#60;", id="references"),
        pytest.param("R&D2, AT&T and 1 < 2 ]]>", id="signs-that-stand-for-themselves"),
        pytest.param("  <entry>\n    <item", id="what-parts-the-fragments"),
    ],
)
def test_what_looks_like_markup_in_an_origin_is_text(
    rendered: Render, whole: Make, format: Format, words: str
) -> None:
    origin = replace(ORIGIN, title=words, rights=words)
    document = rendered(format, whole(origin=origin, authors=(), rights=None))

    assert check(document, format.value) == ()
    if format is Format.ATOM:
        (kind,) = _source(document, "a:title/@type") or ["text"]
        (title,) = _source(document, "a:title/text()")
        assert (unescape(title) if kind == "html" else title) == " ".join(words.split())
        (entry,) = feedparser.parse(document).entries
        assert entry.source.id == ORIGIN.id


@pytest.mark.parametrize("format", list(Format))
def test_hostile_origins_cost_no_entry(
    renderers: dict[Format, Renderer], rendered: Render, whole: Make, format: Format
) -> None:
    values = ("", " ", "\x00\ud800", "javascript:alert(1)", "//x", "http://[", "x" * 9000, "]]>")
    origins = [
        *(Origin(id=v, title=v, url=v, link=v, rights=v) for v in values),
        *(_with(name, v) for name in ("id", "title", "url", "link", "rights") for v in values),
        replace(ORIGIN, updated=datetime(1900, 1, 1, tzinfo=UTC)),
        replace(ORIGIN, updated=datetime(2200, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ]
    copies = [whole(origin=o, guid=f"urn:x-test:{n}", authors=()) for n, o in enumerate(origins)]

    document = rendered(format, *copies)

    assert [finding for finding in check(document, format.value) if finding.error] == []


@pytest.mark.parametrize("format", [Format.ATOM, Format.RSS])
def test_entries_of_one_origin_are_stitched_like_a_whole_document(
    renderers: Any, head: Callable[..., Any], whole: Make, format: Format
) -> None:
    entries = [whole(origin=ORIGIN, guid=f"urn:x-test:{n}", authors=()) for n in range(3)]
    renderer = renderers[format]

    one_by_one = [renderer.fragments([entry], full_text=True)[0] for entry in entries]

    assert renderer.document(head(), one_by_one) == renderer.whole(head(), entries, full_text=True)
    assert renderer.fragments(entries, full_text=True) == one_by_one
