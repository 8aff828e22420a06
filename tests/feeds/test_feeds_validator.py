"""What the W3C feed validator stumbles over: how each format writes it, and that readers get it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import feedparser
import pytest
from lxml import etree

from feedsvc.feeds.origin import credit
from feedsvc.gate import check
from feedsvc.model import Enclosure, Entry, FeedHead, Format, Image, Origin, Person, Podcast

Render = Callable[..., bytes]
Make = Callable[..., Entry]
Head = Callable[..., FeedHead]

XML = [Format.ATOM, Format.RSS]
NAMES = {
    "atom": "http://www.w3.org/2005/Atom",
    "dc": "http://purl.org/dc/elements/1.1/",
    "media": "http://search.yahoo.com/mrss/",
}
WORDS = [
    pytest.param("Use <b>bold</b> text", id="an-end-tag"),
    pytest.param("vector<int> and <x", id="tags-nobody-closes"),
    pytest.param("Write &amp; or &#60;", id="references"),
    pytest.param("R&D2, AT&T and 1 < 2", id="signs-that-stand-for-themselves"),
    pytest.param("a &copy b ]]> </p>", id="a-reference-without-its-end"),
]


def _xml(document: bytes, path: str) -> list[str]:
    return [str(found) for found in etree.fromstring(document).xpath(path, namespaces=NAMES)]  # type: ignore[union-attr]


@pytest.mark.parametrize("format", list(Format))
@pytest.mark.parametrize("words", WORDS)
def test_text_that_looks_like_markup_is_published_without_a_warning(
    rendered: Render, whole: Make, head: Head, format: Format, words: str
) -> None:
    of = head(title=words, description=words, rights=words, author=Person(name="R&D2 <a> &lt;"))
    article = whole(title=words, summary=words, rights=words, tags=(words,), section="R&D2")

    document = rendered(format, article, of=of)
    excerpt = rendered(format, article, of=of, full_text=False)

    assert check(document, format.value) == ()
    assert check(excerpt, format.value) == ()


@pytest.mark.parametrize("format", XML)
@pytest.mark.parametrize("words", WORDS)
def test_a_reader_shows_the_title_as_it_was_written(
    rendered: Render, whole: Make, format: Format, words: str
) -> None:
    (entry,) = feedparser.parse(rendered(format, whole(title=words))).entries

    html = entry.title_detail.type == "text/html"
    assert (unescape(entry.title) if html else entry.title) == words
    assert not (html and re.search(r"<[A-Za-z/]", entry.title)), "a reader would take it for markup"


@pytest.mark.parametrize(
    ("format", "title", "written"),
    [
        pytest.param(
            Format.RSS, "Salt & pepper", b"<title>Salt &#x26; pepper</title>", id="by-number"
        ),
        pytest.param(
            Format.RSS,
            "<b>",
            b"<title>&#x26;lt;b&#x26;gt;</title>",
            id="as-html-where-readers-take-it-for-html",
        ),
        pytest.param(
            Format.ATOM,
            "<b>",
            b'<title type="html">&amp;lt;b&amp;gt;</title>',
            id="declared-html-in-atom",
        ),
        pytest.param(Format.ATOM, "A & B", b"<title>A &#x26; B</title>", id="plain-in-atom"),
    ],
)
def test_how_a_title_is_written(
    rendered: Render, whole: Make, format: Format, title: str, written: bytes
) -> None:
    assert written in rendered(format, whole(title=title))


@pytest.mark.parametrize("format", XML)
def test_the_title_of_the_channel_and_of_its_image_are_one(
    rendered: Render, whole: Make, head: Head, format: Format
) -> None:
    of = head(title="<b>R&D2</b>", icon="https://news.example.org/icon.png")

    assert check(rendered(format, whole(), of=of), format.value) == ()


@pytest.mark.parametrize(
    ("icon", "shown"),
    [
        pytest.param("https://news.example.org/i.PNG?x=[1]", 1, id="png"),
        pytest.param("https://news.example.org/i.svg", 0, id="svg"),
        pytest.param("https://news.example.org/favicon.ico", 0, id="ico"),
    ],
)
def test_an_rss_image_is_a_gif_a_jpeg_or_a_png(
    rendered: Render, whole: Make, head: Head, icon: str, shown: int
) -> None:
    document = rendered(Format.RSS, whole(), of=head(icon=icon))

    assert len(_xml(document, "channel/image/url/text()")) == shown
    assert check(document, "rss") == ()


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        pytest.param(Person(name="Max <b>Muster</b>"), ("Max Muster", None), id="markup-goes"),
        pytest.param(
            Person(name="Jana <jana@example.org>"), ("Jana", "jana@example.org"), id="name-and-mail"
        ),
        pytest.param(
            Person(name="<jana@example.org>"),
            ("jana@example.org", "jana@example.org"),
            id="mail-only",
        ),
        pytest.param(
            Person(name="<a@example.org> Jana <b@example.org>"),
            ("Jana", "a@example.org"),
            id="two-addresses",
        ),
        pytest.param(Person(name="A", email="a/b@example.org"), ("A", None), id="a-slash-in-mail"),
        pytest.param(Person(name="A", email="a@localhost"), ("A", None), id="mail-of-no-domain"),
        pytest.param(Person(name="R&D2"), ("R&D2", None), id="an-ampersand"),
    ],
)
def test_a_person_has_a_name_and_an_address_validators_accept(
    rendered: Render, whole: Make, person: Person, expected: tuple[str, str | None]
) -> None:
    document = rendered(Format.ATOM, whole(authors=(person,)))

    name, email = expected
    assert _xml(document, "atom:entry/atom:author/atom:name/text()") == [name]
    assert _xml(document, "atom:entry/atom:author/atom:email/text()") == ([email] if email else [])
    assert check(document, "atom") == ()


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        pytest.param("<b>Harbour</b>", "Harbour", id="the-title-without-markup"),
        pytest.param("</b>", "all", id="the-name-of-the-feed-where-nothing-is-left"),
    ],
)
def test_a_feed_without_an_author_names_itself(
    rendered: Render, sparse: Make, head: Head, title: str, expected: str
) -> None:
    document = rendered(Format.ATOM, sparse(), of=head(title=title, author=Person(name="</p>")))

    assert _xml(document, "atom:author/atom:name/text()") == [expected]
    assert check(document, "atom") == ()


@pytest.mark.parametrize("format", XML)
@pytest.mark.parametrize("words", WORDS)
def test_the_title_of_a_link_is_no_markup(
    rendered: Render, whole: Make, format: Format, words: str
) -> None:
    copy = Origin(title=words, url="https://tides.example.net/?a=1&b", link="https://t.example/")
    entry = replace(whole(html='<a rel="via" title="R&amp;D2">x</a>'), via=(copy,))

    document = rendered(format, entry)

    assert check(document, format.value) == ()
    (title,) = _xml(document, "//atom:link[@rel='via']/@title")
    assert (unescape(title) if "</" in words else title) == words
    assert "&" not in words or b"&#x26;" in document.partition(b'rel="via"')[2][:80]


@pytest.mark.parametrize("format", XML)
def test_words_that_look_like_markup_stand_everywhere_in_a_podcast(
    rendered: Render, whole: Make, head: Head, format: Format
) -> None:
    words = "R&D2 <x &lt;"
    show = Podcast(
        author=words,
        owner=Person(name=words, email="radio@example.org"),
        categories=(("Society & Culture", "Documentary"),),
        funding=(("https://example.org/", words),),
    )
    picture = Image(url="https://example.org/a.jpg", caption=words, credit=words)
    entry = whole(title=words, summary=words, subtitle=words, image=picture)

    document = rendered(format, replace(entry, podcast=True), of=head(title=words, podcast=show))

    assert check(document, format.value) == ()


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        pytest.param(
            Origin(title="T", url="http://T.example:80/m%c3%bc%7e?a=%2f"),
            "http://t.example/m%C3%BC~?a=%2F",
            id="of-an-address-the-normal-form",
        ),
        pytest.param(
            Origin(title="T", url="https://t.example:8443/%41"),
            "https://t.example:8443/A",
            id="another-port-is-another-place",
        ),
        pytest.param(
            Origin(title="T", id="http://T.example:80/", url="https://t.example/"),
            "http://T.example:80/",
            id="what-is-stated-stays-as-it-is",
        ),
    ],
)
def test_the_id_of_an_origin(origin: Origin, expected: str) -> None:
    found = credit(origin)

    assert found is not None
    assert found.id == expected


def test_a_managing_editor_has_no_parentheses_in_the_name(
    rendered: Render, whole: Make, head: Head
) -> None:
    editor = Person(name="News) (Desk\\", email="news@example.org")
    document = rendered(Format.RSS, whole(), of=head(author=editor))

    assert _xml(document, "channel/managingEditor/text()") == ["news@example.org (News Desk)"]


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        pytest.param("Asia/Kathmandu", "Thu, 01 May 2025 06:00:00 +0000", id="quarter-of-an-hour"),
        pytest.param("Asia/Kolkata", "Thu, 01 May 2025 11:30:00 +0530", id="half-an-hour"),
    ],
)
def test_rss_knows_full_and_half_hours(
    rendered: Render, sparse: Make, head: Head, zone: str, written: str
) -> None:
    entry = Entry(article=sparse().article, zone=ZoneInfo(zone))
    of = head(zone=ZoneInfo(zone), updated=datetime(2025, 5, 1, 6, tzinfo=UTC))

    document = rendered(Format.RSS, entry, of=of)

    assert _xml(document, "channel/lastBuildDate/text()") == [written]
    assert _xml(document, "channel/item/pubDate/text()") == [written]


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://localhost:8080/a.mp3", id="a-host-without-a-dot"),
        pytest.param("http://u:p@example.org/a.mp3", id="a-user"),
        pytest.param("http://a_b.example.org/a.mp3", id="an-underscore"),
        pytest.param("http://example.org?a.mp3", id="no-path"),
    ],
)
def test_an_enclosure_validators_refuse_is_media_content(
    rendered: Render, sparse: Make, url: str
) -> None:
    refused = Enclosure(url=url, type="audio/mpeg", length=1)
    fit = Enclosure(url="http://127.0.0.1:80/b.mp3", type="audio/mpeg", length=1)

    document = rendered(Format.RSS, sparse(enclosures=(refused, fit)))

    assert _xml(document, "channel/item/enclosure/@url") == [fit.url]
    assert _xml(document, "channel/item/media:content/@url") == [url]
    assert check(document, "rss") == ()


@pytest.mark.parametrize("format", XML)
@pytest.mark.parametrize(("language", "named"), [("bar", 0), ("gsw", 1), ("zh-Hans", 1)])
def test_a_language_validators_do_not_know_is_not_named(
    rendered: Render, sparse: Make, head: Head, format: Format, language: str, named: int
) -> None:
    document = rendered(format, sparse(language=language), of=head(language=language))

    found = _xml(document, "//@xml:lang | //language/text() | //dc:language/text()")
    assert found == [language] * 2 * named


@pytest.mark.parametrize("format", list(Format))
def test_configured_addresses_are_uris(
    rendered: Render, whole: Make, head: Head, format: Format
) -> None:
    author = Person(name="News", uri="https://news.example.org/a[1]")
    of = head(author=author, icon="https://news.example.org/i[1].png")

    assert check(rendered(format, whole(), of=of), format.value) == ()


@pytest.mark.parametrize("format", XML)
def test_stitched_documents_are_written_like_whole_ones(
    renderers: Any, whole: Make, head: Head, format: Format
) -> None:
    words = "R&D2 <b>x</b> &amp; 1 < 2"
    entries = [whole(title=words, guid="urn:x-test:1"), whole(summary=words, guid="urn:x-test:2")]
    of, renderer = head(title=words, rights=words), renderers[format]

    stitched = renderer.document(of, renderer.fragments(entries, full_text=True))

    assert stitched == renderer.whole(of, entries, full_text=True)
