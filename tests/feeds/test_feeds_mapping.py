"""One article, three formats: where each field of the model stands in Atom, RSS and JSON Feed."""

from __future__ import annotations

import json
from calendar import timegm
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import feedparser
import pytest
from lxml import etree

from feedsvc.gate import check
from feedsvc.model import Enclosure, Entry, Format, Image, Person

Render = Callable[..., bytes]
Make = Callable[..., Entry]

NAMES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "media": "http://search.yahoo.com/mrss/",
}
AUDIO = "https://news.example.org/talk.mp3"
PAPER = "https://news.example.org/map.pdf"
PHOTO = "https://news.example.org/ferry.jpg"
FIGURE = (
    f'<figure><img src="{PHOTO}" alt="The ferry">'
    "<figcaption>The ferry (Harbour archive)</figcaption></figure>"
)


def _xml(document: bytes, path: str) -> list[str]:
    return [str(found) for found in etree.fromstring(document).xpath(path, namespaces=NAMES)]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("atom:id/text()", ["tag:news.example.org,2025-01-01:desk/ferry"], id="id"),
        pytest.param(
            "atom:link[@rel='alternate']/@href", ["https://news.example.org/ferry"], id="link"
        ),
        pytest.param("atom:title/text()", ["Ferry back in service"], id="title"),
        pytest.param(
            "atom:summary/text()",
            ["After three weeks in the dock\nThe old ferry crosses the harbour again & on time."],
            id="subtitle-is-the-first-line-of-the-summary",
        ),
        pytest.param("atom:content/@type", ["html"], id="content-is-html"),
        pytest.param("atom:content/text()", [FIGURE + "<p>It runs again.</p>"], id="content"),
        pytest.param(
            "atom:published/text()", ["2025-05-01T08:00:00+02:00"], id="published-in-its-zone"
        ),
        pytest.param("atom:updated/text()", ["2025-05-02T09:30:00+02:00"], id="updated"),
        pytest.param("atom:author/atom:name/text()", ["Jana Öhm", "Tom Wex"], id="author-each"),
        pytest.param("atom:author/atom:email/text()", ["jana@news.example.org"], id="author-email"),
        pytest.param("atom:author/atom:uri/text()", ["https://news.example.org/jana"], id="uri"),
        pytest.param(
            "atom:category/@term",
            ["Harbour", "Ferries", "Öffentlicher Verkehr"],
            id="section-then-tags-each-once-whatever-its-case",
        ),
        pytest.param("@xml:lang", ["en-GB"], id="language"),
        pytest.param(
            "atom:link[@rel='enclosure']/@href", [AUDIO, PAPER, PHOTO], id="enclosures-then-image"
        ),
        pytest.param(
            "atom:link[@rel='enclosure']/@type",
            ["audio/mpeg", "application/pdf", "image/jpeg"],
            id="enclosures-keep-their-type",
        ),
        pytest.param("atom:link[@rel='enclosure']/@length", ["123456", "2048"], id="length"),
        pytest.param("media:content/@url", [PHOTO], id="image-as-media-content"),
        pytest.param("media:thumbnail/@url", [PHOTO], id="image-as-thumbnail"),
        pytest.param("atom:rights/text()", ["© Harbour News"], id="rights"),
    ],
)
def test_atom_says(rendered: Render, whole: Make, path: str, expected: list[str]) -> None:
    document = rendered(Format.ATOM, whole())

    assert _xml(document, f"atom:entry/{path}") == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(
            "guid[@isPermaLink='false']/text()",
            ["tag:news.example.org,2025-01-01:desk/ferry"],
            id="id-is-no-permalink",
        ),
        pytest.param("link/text()", ["https://news.example.org/ferry"], id="link"),
        pytest.param("title/text()", ["Ferry back in service"], id="title"),
        pytest.param(
            "description/text()",
            ["The old ferry crosses the harbour again & on time."],
            id="summary-alone",
        ),
        pytest.param(
            "content:encoded/text()", [FIGURE + "<p>It runs again.</p>"], id="body-is-encoded"
        ),
        pytest.param("pubDate/text()", ["Thu, 01 May 2025 08:00:00 +0200"], id="published"),
        pytest.param("atom:updated/text()", ["2025-05-02T09:30:00+02:00"], id="updated"),
        pytest.param("dcterms:modified/text()", ["2025-05-02T09:30:00+02:00"], id="modified"),
        pytest.param("dc:creator/text()", ["Jana Öhm", "Tom Wex"], id="creators-byline-first"),
        pytest.param("author", [], id="author-never-beside-creator"),
        pytest.param(
            "category/text()", ["Harbour", "Ferries", "Öffentlicher Verkehr"], id="category-per-tag"
        ),
        pytest.param("dc:language/text()", ["en-GB"], id="language"),
        pytest.param("enclosure/@url", [AUDIO], id="one-enclosure-the-first"),
        pytest.param("enclosure/@type", ["audio/mpeg"], id="enclosure-type"),
        pytest.param("enclosure/@length", ["123456"], id="enclosure-length"),
        pytest.param("media:content/@url", [PHOTO, PAPER], id="image-and-other-enclosures"),
        pytest.param("media:thumbnail/@url", [PHOTO], id="thumbnail"),
        pytest.param("dc:rights/text()", ["© Harbour News"], id="rights"),
    ],
)
def test_rss_says(rendered: Render, whole: Make, path: str, expected: list[str]) -> None:
    document = rendered(Format.RSS, whole())

    assert _xml(document, f"channel/item/{path}") == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param("id", "tag:news.example.org,2025-01-01:desk/ferry", id="id"),
        pytest.param("url", "https://news.example.org/ferry", id="link"),
        pytest.param("title", "Ferry back in service", id="title"),
        pytest.param(
            "summary",
            "After three weeks in the dock\nThe old ferry crosses the harbour again & on time.",
            id="subtitle-before-summary",
        ),
        pytest.param("content_html", FIGURE + "<p>It runs again.</p>", id="body"),
        pytest.param("content_text", None, id="text-not-beside-html"),
        pytest.param("date_published", "2025-05-01T08:00:00+02:00", id="published"),
        pytest.param("date_modified", "2025-05-02T09:30:00+02:00", id="updated"),
        pytest.param(
            "authors",
            [{"name": "Jana Öhm", "url": "https://news.example.org/jana"}, {"name": "Tom Wex"}],
            id="authors",
        ),
        pytest.param("tags", ["Harbour", "Ferries", "Öffentlicher Verkehr"], id="tags"),
        pytest.param("language", "en-GB", id="language"),
        pytest.param("image", PHOTO, id="image"),
        pytest.param(
            "attachments",
            [
                {"url": AUDIO, "mime_type": "audio/mpeg", "size_in_bytes": 123456},
                {"url": PAPER, "mime_type": "application/pdf", "size_in_bytes": 2048},
            ],
            id="attachments",
        ),
        pytest.param("_rights", {"text": "© Harbour News"}, id="rights"),
    ],
)
def test_json_says(rendered: Render, whole: Make, key: str, expected: object) -> None:
    (item,) = json.loads(rendered(Format.JSON, whole()))["items"]

    assert item.get(key) == expected


@pytest.mark.parametrize("format", list(Format))
def test_a_sparse_article_has_no_empty_element(
    rendered: Render, sparse: Make, format: Format
) -> None:
    document = rendered(format, sparse())

    assert check(document, format.value) == ()
    if format is Format.JSON:
        (item,) = json.loads(document)["items"]
        assert sorted(item) == ["content_html", "date_published", "id", "title"]
    else:
        assert _xml(document, "//*[not(node()) and not(@*)]") == []


@pytest.mark.parametrize("full_text", [True, False])
def test_a_post_without_a_title_has_one_only_where_it_must(
    rendered: Render, sparse: Make, full_text: bool
) -> None:
    post = sparse(title="", html="<p>Fog on the river &amp; no ferry.</p>")
    words = "Fog on the river & no ferry."

    atom = rendered(Format.ATOM, post, full_text=full_text)
    rss = rendered(Format.RSS, post, full_text=full_text)
    (item,) = json.loads(rendered(Format.JSON, post, full_text=full_text))["items"]

    assert _xml(atom, "atom:entry/atom:title/text()") == [words]
    assert _xml(rss, "channel/item/title") == []
    assert "Fog on the river" in _xml(rss, "channel/item/description/text()")[0]
    assert "title" not in item
    assert "Fog on the river" in item["content_html"]
    assert check(rss, "rss") == ()


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        pytest.param({"summary": "In short"}, "In short", id="summary"),
        pytest.param({"subtitle": "Below"}, "Below", id="subtitle"),
        pytest.param(
            {"link": "https://news.example.org/1"}, "https://news.example.org/1", id="link"
        ),
        pytest.param({}, "tag:news.example.org,2025-01-01:desk/ferry", id="the-id-at-last"),
    ],
)
def test_a_title_that_atom_requires_is_made_from_what_there_is(
    rendered: Render, sparse: Make, changes: dict[str, Any], title: str
) -> None:
    document = rendered(Format.ATOM, sparse(title="", html="", **changes))

    assert _xml(document, "atom:entry/atom:title/text()") == [title]


@pytest.mark.parametrize(
    ("enclosures", "written", "media"),
    [
        pytest.param([Enclosure(url=AUDIO, length=7)], [(AUDIO, "7")], [], id="known"),
        pytest.param([Enclosure(url=AUDIO)], [(AUDIO, "0")], [], id="of-unknown-length"),
        pytest.param(
            [Enclosure(url=AUDIO), Enclosure(url=PAPER, length=7)],
            [(AUDIO, "0")],
            [PAPER],
            id="the-first-one-even-so",
        ),
        pytest.param(
            [Enclosure(url="https://news.example.org/a", length=7)],
            [],
            ["https://news.example.org/a"],
            id="of-unknown-type",
        ),
    ],
)
def test_an_rss_enclosure_has_a_type_and_the_length_that_is_known(
    rendered: Render,
    sparse: Make,
    enclosures: list[Enclosure],
    written: list[tuple[str, str]],
    media: list[str],
) -> None:
    document = rendered(Format.RSS, sparse(enclosures=tuple(enclosures)))

    urls = _xml(document, "channel/item/enclosure/@url")
    lengths = _xml(document, "channel/item/enclosure/@length")
    assert list(zip(urls, lengths, strict=True)) == written
    assert _xml(document, "channel/item/media:content/@url") == media
    assert check(document, "rss") == ()


def test_an_image_that_is_an_enclosure_too_is_one_media_content(
    rendered: Render, sparse: Make
) -> None:
    both = sparse(
        image=Image(url=PHOTO),
        enclosures=(Enclosure(url=AUDIO, length=7), Enclosure(url=PHOTO, length=8)),
    )

    document = rendered(Format.RSS, both)

    assert _xml(document, "channel/item/media:content/@url") == [PHOTO]
    assert _xml(rendered(Format.ATOM, both), "atom:entry/atom:link/@href") == [AUDIO, PHOTO]


@pytest.mark.parametrize("format", list(Format))
@pytest.mark.parametrize("full_text", [True, False])
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="whole"),
        pytest.param({"link": None}, id="no-link"),
        pytest.param({"html": ""}, id="no-body"),
        pytest.param(
            {"html": "", "link": None, "summary": None, "subtitle": None}, id="title-only"
        ),
        pytest.param({"title": ""}, id="no-title"),
        pytest.param({"title": " ", "html": "", "summary": None, "subtitle": None}, id="no-words"),
        pytest.param({"title": "1 < 2 & <b>bold</b> ]]> &amp;"}, id="markup-in-title"),
        pytest.param({"summary": "1 < 2 & <b>bold</b> ]]> &amp;"}, id="markup-in-summary"),
        pytest.param({"title": "a\x00b\x0b\ufffe\ud800c"}, id="characters-xml-cannot-hold"),
        pytest.param({"html": "<p>a\x00b\x0b\ufffe\ud800c</p>"}, id="illegal-characters-in-body"),
        pytest.param({"summary": "\x1f\x1f"}, id="summary-of-nothing-but-controls"),
        pytest.param({"tags": ("\x01", "  ", "ok")}, id="empty-tags"),
        pytest.param({"authors": (Person(name="\x01", email="a@b.example"),)}, id="nameless"),
        pytest.param({"authors": (Person(name="A", email="jürgen@x.example"),)}, id="email-iri"),
        pytest.param({"authors": (Person(name="A", email="no address"),)}, id="bad-email"),
        pytest.param(
            {"enclosures": (Enclosure(url="https://news.example.org/a", length=0),)},
            id="enclosure-of-unknown-type-and-size",
        ),
        pytest.param({"enclosures": (Enclosure(url=AUDIO),)}, id="enclosure-typed-by-its-name"),
        pytest.param(
            {"image": Image(url="https://news.example.org/i?a=1&b=<2>".replace("<2>", "2"))},
            id="image-with-ampersand",
        ),
        pytest.param(
            {
                "published": datetime(1930, 5, 1, tzinfo=UTC),
                "updated": datetime(1930, 5, 1, tzinfo=UTC),
            },
            id="before-feeds-were-invented",
        ),
    ],
)
def test_whatever_an_article_lacks_the_document_is_valid(
    rendered: Render, whole: Make, format: Format, full_text: bool, changes: dict[str, Any]
) -> None:
    document = rendered(format, whole(**changes), full_text=full_text)

    errors = [finding for finding in check(document, format.value) if finding.error]
    assert errors == []


@pytest.mark.parametrize("format", [Format.ATOM, Format.RSS])
def test_a_reader_reads_back_what_the_article_said(
    rendered: Render, whole: Make, format: Format
) -> None:
    article = whole(title="Fähre & Dock").article
    document = rendered(format, whole(title="Fähre & Dock"))

    parsed = feedparser.parse(document)

    (entry,) = parsed.entries
    assert not parsed.bozo
    assert entry.id == article.guid
    assert entry.link == article.link
    assert timegm(entry.published_parsed) == article.published.timestamp()
    assert timegm(entry.updated_parsed) == article.updated.timestamp()
    assert [author.name for author in entry.authors] == ["Jana Öhm", "Tom Wex"]
    assert [tag.term for tag in entry.tags] == ["Harbour", "Ferries", "Öffentlicher Verkehr"]
    assert entry.enclosures[0].href == AUDIO
    assert entry.enclosures[0].type == "audio/mpeg"
    assert entry.enclosures[0].length == "123456"
    assert entry.media_thumbnail == [{"url": PHOTO}]
    assert "<p>It runs again.</p>" in entry.content[-1].value
    assert entry.title == article.title


@pytest.mark.parametrize("format", list(Format))
def test_an_excerpt_gives_the_summary_and_not_the_body(
    rendered: Render, whole: Make, format: Format
) -> None:
    document = rendered(format, whole(), full_text=False)

    assert b"crosses the harbour again" in document
    assert b"It runs again." not in document


@pytest.mark.parametrize("format", list(Format))
def test_an_excerpt_without_a_summary_is_cut_from_the_text(
    rendered: Render, sparse: Make, format: Format
) -> None:
    long = sparse(html=f"<p>{'word ' * 400}</p>", link="https://news.example.org/long")
    document = rendered(format, long, full_text=False)

    assert 200 < document.count(b"word ") * 5 <= 300
    assert "…".encode() in document


@pytest.mark.parametrize("format", list(Format))
def test_an_image_that_stands_in_the_text_is_not_shown_twice(
    rendered: Render, sparse: Make, format: Format
) -> None:
    url = "https://news.example.org/i.jpg?w=1&h=2"
    body = '<p><img src="https://news.example.org/i.jpg?w=1&amp;h=2" alt=""></p>'
    document = rendered(format, sparse(html=body, image=Image(url=url)))

    assert document.count(b"<figure>") + document.count(b"&lt;figure&gt;") == 0


@pytest.mark.parametrize(
    ("summary", "description"),
    [
        pytest.param("Salt & pepper", "Salt & pepper", id="ampersand-is-read-as-written"),
        pytest.param("1 < 2", "1 &lt; 2", id="a-lone-less-than-is-a-parse-error"),
        pytest.param("AT&T", "AT&amp;T", id="an-ampersand-before-a-letter-too"),
        pytest.param("Use <b>", "Use &lt;b&gt;", id="what-looks-like-a-tag-is-escaped"),
        pytest.param("Write &amp;", "Write &amp;amp;", id="what-looks-like-a-reference-is-escaped"),
        pytest.param("a &lt b", "a &amp;lt b", id="a-reference-without-semicolon-too"),
    ],
)
def test_an_rss_description_is_html(
    rendered: Render, whole: Make, summary: str, description: str
) -> None:
    document = rendered(Format.RSS, whole(summary=summary))

    assert _xml(document, "channel/item/description/text()") == [description]
