"""What a document says of its feed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lxml import etree

from feedsvc.gate import check
from feedsvc.model import Entry, FeedHead, Format, Person

NAMES = {"atom": "http://www.w3.org/2005/Atom"}
Render = Callable[..., bytes]
Head = Callable[..., FeedHead]


def _xml(document: bytes, path: str) -> list[str]:
    return [str(found) for found in etree.fromstring(document).xpath(path, namespaces=NAMES)]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("atom:id/text()", ["tag:news.example.org,2025-01-01:feed:all"], id="id"),
        pytest.param("atom:title/text()", ["Harbour News"], id="title"),
        pytest.param("atom:subtitle/text()", ["What happens at the harbour"], id="description"),
        pytest.param("atom:updated/text()", ["2025-05-02T09:30:00+02:00"], id="updated"),
        pytest.param(
            "atom:link[@rel='self'][@type='application/atom+xml']/@href",
            ["https://news.example.org/all/atom.xml"],
            id="self",
        ),
        pytest.param(
            "atom:link[@rel='alternate']/@href", ["https://news.example.org/all/"], id="home"
        ),
        pytest.param("atom:author/atom:name/text()", ["Harbour News"], id="author"),
        pytest.param("atom:rights/text()", ["© Harbour News"], id="rights"),
        pytest.param("atom:icon/text()", ["https://news.example.org/icon.png"], id="icon"),
        pytest.param("@xml:lang", ["en"], id="language"),
    ],
)
def test_atom_head(rendered: Render, head: Head, path: str, expected: list[str]) -> None:
    document = rendered(Format.ATOM, of=head(icon="https://news.example.org/icon.png"))

    assert _xml(document, path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("title/text()", ["Harbour News"], id="title"),
        pytest.param("link/text()", ["https://news.example.org/all/"], id="link-is-the-page"),
        pytest.param("description/text()", ["What happens at the harbour"], id="description"),
        pytest.param("lastBuildDate/text()", ["Fri, 02 May 2025 09:30:00 +0200"], id="updated"),
        pytest.param(
            "atom:link[@rel='self'][@type='application/rss+xml']/@href",
            ["https://news.example.org/all/rss.xml"],
            id="self",
        ),
        pytest.param("managingEditor/text()", ["desk@news.example.org (Desk)"], id="editor"),
        pytest.param("copyright/text()", ["© Harbour News"], id="rights"),
        pytest.param("language/text()", ["en"], id="language"),
        pytest.param("image/url/text()", ["https://news.example.org/icon.png"], id="image"),
        pytest.param("image/title/text()", ["Harbour News"], id="image-title-is-the-channels"),
        pytest.param("image/link/text()", ["https://news.example.org/all/"], id="image-link"),
    ],
)
def test_rss_head(rendered: Render, head: Head, path: str, expected: list[str]) -> None:
    author = Person(name="Desk", email="desk@news.example.org")
    document = rendered(
        Format.RSS, of=head(icon="https://news.example.org/icon.png", author=author)
    )

    assert _xml(document, f"channel/{path}") == expected
    assert check(document, "rss", url="https://news.example.org/all/rss.xml") == ()


def test_json_head(rendered: Render, head: Head) -> None:
    document = json.loads(rendered(Format.JSON, of=head(icon="https://news.example.org/i.png")))

    assert document == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Harbour News",
        "home_page_url": "https://news.example.org/all/",
        "feed_url": "https://news.example.org/all/feed.json",
        "description": "What happens at the harbour",
        "icon": "https://news.example.org/i.png",
        "authors": [{"name": "Harbour News"}],
        "language": "en",
        "_rights": {"text": "© Harbour News"},
        "items": [],
    }


def test_a_json_item_stands_on_a_line_of_its_own(
    rendered: Render, sparse: Callable[..., Entry]
) -> None:
    document = rendered(Format.JSON, sparse(guid="urn:x-test:1"), sparse(guid="urn:x-test:2"))

    lines = document.decode().splitlines()
    assert [line[:21] for line in lines[1:]] == ['{"id":"urn:x-test:1",', '{"id":"urn:x-test:2",']


@pytest.mark.parametrize("format", list(Format))
def test_an_empty_feed_is_valid(rendered: Render, head: Head, format: Format) -> None:
    document = rendered(format)

    assert check(document, format.value, url=head().urls[format]) == ()


@pytest.mark.parametrize("format", list(Format))
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"title": "Salt & <Pepper> \x00\ufffe"}, id="hostile-title"),
        pytest.param({"description": "a ]]> b\n\tc \x0b"}, id="hostile-description"),
        pytest.param({"author": Person(name="\x01")}, id="author-without-a-name"),
        pytest.param({"author": Person(name="A", email="not one")}, id="author-with-a-bad-email"),
        pytest.param({"language": None, "rights": None}, id="without-language-and-rights"),
        pytest.param({"updated": datetime(2025, 5, 2, 7, 30, 5, 7, UTC)}, id="with-microseconds"),
    ],
)
def test_whatever_the_configuration_says_the_head_is_valid(
    rendered: Render, head: Head, format: Format, changes: dict[str, object]
) -> None:
    document = rendered(format, of=head(**changes))

    assert [finding for finding in check(document, format.value) if finding.error] == []
    assert b":05." not in document  # a fraction of a second


def test_feeds_with_the_same_entries_differ_in_id_and_address(
    rendered: Render, head: Head, sparse: Callable[..., Entry]
) -> None:
    other = replace(
        head(),
        id="tag:news.example.org,2025-01-01:feed:sea",
        home="https://news.example.org/sea/",
        urls={f: f"https://news.example.org/sea/{f.filename}" for f in Format},
    )

    one, two = (rendered(Format.ATOM, sparse(), of=of) for of in (head(), other))

    assert _xml(one, "atom:id/text()") != _xml(two, "atom:id/text()")
    assert _xml(one, "atom:entry/atom:id/text()") == _xml(two, "atom:entry/atom:id/text()")
    assert _xml(two, "atom:link[@rel='self']/@href") == ["https://news.example.org/sea/atom.xml"]
