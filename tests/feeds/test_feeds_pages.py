"""The pages for people and the list of feeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lxml import etree, html

from feedsvc.feeds.opml import opml
from feedsvc.feeds.pages import Line, feed_page, group_page, site_page
from feedsvc.gate import check
from feedsvc.model import FeedHead, Format

Head = Callable[..., FeedHead]
NIGHT = datetime(2025, 5, 1, 22, 30, tzinfo=UTC)
HOSTILE = 'A "quoted" & <script>alert(1)</script> \x00title'


def _page(head: FeedHead, *lines: Line) -> bytes:
    return feed_page(head, lines, site_title="Harbour News", site_url="https://news.example.org")


def _found(document: bytes, path: str) -> list[str]:
    return [str(found) for found in html.document_fromstring(document.decode()).xpath(path)]  # type: ignore[union-attr]


def test_a_feed_page_announces_every_format(head: Head) -> None:
    page = _page(head())

    assert _found(page, "//head/link[@rel='alternate']/@href") == [
        "https://news.example.org/all/atom.xml",
        "https://news.example.org/all/rss.xml",
        "https://news.example.org/all/feed.json",
    ]
    assert _found(page, "//head/link[@rel='alternate']/@type") == [
        "application/atom+xml",
        "application/rss+xml",
        "application/feed+json",
    ]


def test_a_feed_page_announces_no_format_that_is_not_published(head: Head) -> None:
    page = _page(head(urls={Format.RSS: "https://news.example.org/all/rss.xml"}))

    assert _found(page, "//link[@rel='alternate']/@href") == [
        "https://news.example.org/all/rss.xml"
    ]


def test_a_feed_page_lists_its_entries(head: Head) -> None:
    page = _page(
        head(),
        Line(title="Ferry", link="https://news.example.org/ferry", published=NIGHT),
        Line(title="Ohne Link", link=None, published=NIGHT, language="de"),
    )

    assert _found(page, "//li//h2//text()") == ["Ferry", "Ohne Link"]
    assert _found(page, "//li//a/@href") == ["https://news.example.org/ferry"]
    assert _found(page, "//li//time/@datetime") == ["2025-05-02T00:30:00+02:00"] * 2
    assert _found(page, "//li/@lang") == ["de"]


def test_a_page_names_its_one_address_unless_it_is_secret(head: Head) -> None:
    home = "https://news.example.org/all/"
    group = group_page(head(), (), site_title="Hafen", site_url="https://news.example.org")
    site = site_page([], title="Hafen", language=None, url="https://news.example.org")

    pages = (_page(head()), group, site, _page(head(private=True)))

    found = [_found(page, "//link[@rel='canonical']/@href") for page in pages]
    assert found == [[home], [home], ["https://news.example.org/"], []]


def test_a_feed_page_names_the_origin_of_a_copy(head: Head) -> None:
    page = _page(head(), Line(title="Ferry", link=None, published=NIGHT, origin="Tides & sky"))

    assert _found(page, "//li/span//text()") == ["· ", "Tides & sky"]
    assert _found(page, "//li/span/bdi/text()") == ["Tides & sky"]


def test_an_entry_of_another_script_runs_in_its_own_direction(head: Head) -> None:
    page = _page(head(), Line(title="מעבורת", link=None, published=NIGHT))

    assert _found(page, "//li/@dir") == ["auto"]


def test_a_post_without_a_title_is_reached_by_its_date(head: Head) -> None:
    link = "https://news.example.org/note?a=1&b=2"
    page = _page(
        head(),
        Line(title=" \x00", link=link, published=NIGHT),
        Line(title="", link=None, published=NIGHT, origin=" "),
    )

    assert _found(page, "//li/a/@href") == [link]
    assert _found(page, "//li/a/time/text()") == ["2025-05-02 00:30"]
    assert _found(page, "//h2 | //li/span") == []
    assert check(page, "html", url="https://news.example.org/all/index.html") == ()


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        pytest.param(NIGHT, "2025-05-02 00:30", id="the-hour-of-the-zone"),
        pytest.param(datetime(2025, 5, 1, 22, tzinfo=UTC), "2025-05-02", id="no-hour-at-midnight"),
    ],
)
def test_a_feed_page_shows_when(head: Head, moment: datetime, shown: str) -> None:
    page = _page(head(), Line(title="Ferry", link=None, published=moment))

    assert _found(page, "//time/text()") == [shown]


def test_a_page_says_which_of_its_words_are_english(head: Head) -> None:
    pages = [
        _page(head(language="de")),
        site_page([head()], title="Hafen", language="de", url="https://news.example.org"),
    ]

    assert [_found(page, "/html/@lang | //p/@lang") for page in pages] == [["de", "en"]] * 2


def test_the_icon_is_the_sites(head: Head) -> None:
    page = _page(head(icon="https://news.example.org/icon.png?a=1&b=2"))

    assert _found(page, "//link[@rel='icon']/@href") == [
        "https://news.example.org/icon.png?a=1&b=2"
    ]


def test_an_empty_feed_says_so(head: Head) -> None:
    assert "No entries yet." in _found(_page(head()), "//main//text()")


@pytest.mark.parametrize("where", ["title", "description"])
def test_a_page_shows_hostile_words_as_words(head: Head, where: str) -> None:
    page = _page(head(**{where: HOSTILE}), Line(title=HOSTILE, link=None, published=NIGHT))
    copied = _page(head(), Line(title="a", link=None, published=NIGHT, origin=HOSTILE))

    shown = 'A "quoted" & <script>alert(1)</script> title'
    assert shown in _found(page, "//li/h2/text()")
    assert shown in _found(page, "//header//text()")
    assert _found(copied, "//li/span/bdi/text()") == [shown]
    assert _found(page, "//script") + _found(copied, "//script") == []
    assert check(page, "html", url="https://news.example.org/all/index.html") == ()


def test_the_site_page_lists_and_announces_every_feed(head: Head) -> None:
    sea = replace(
        head(),
        title="Sea & Sky",
        description="Sea & Sky",
        home="https://news.example.org/sea/",
        urls={Format.ATOM: "https://news.example.org/sea/atom.xml"},
    )

    page = site_page(
        [head(), sea], title="Harbour News", language="en", url="https://news.example.org"
    )

    assert _found(page, "/html/@lang") == ["en"]
    assert _found(page, "//li//h2/a/text()") == ["Harbour News", "Sea & Sky"]
    assert _found(page, "//li//h2/a/@href") == [
        "https://news.example.org/all/",
        "https://news.example.org/sea/",
    ]
    assert len(_found(page, "//head/link[@rel='alternate']/@href")) == 4
    assert "https://news.example.org/opml.xml" in _found(page, "//a/@href")
    assert check(page, "html", url="https://news.example.org/") == ()


def test_opml_names_each_feed_once_in_its_richest_format(head: Head) -> None:
    sea = replace(
        head(),
        title='Sea, "Sky" & <Land>',
        description='Sea, "Sky" & <Land>',
        language=None,
        home="https://news.example.org/sea/",
        urls={
            Format.RSS: "https://news.example.org/sea/rss.xml",
            Format.JSON: "https://news.example.org/sea/feed.json",
        },
    )

    document = opml([head(), sea], title="Harbour & more")

    root = etree.fromstring(document)
    assert check(document, "opml") == ()
    assert [child.tag for child in root] == ["head", "body"]
    assert root.findtext("head/title") == "Harbour & more"
    assert [child.tag for child in root.iterfind("head/*")] == ["title"]
    assert [dict(outline.attrib) for outline in root.iterfind("body/outline")] == [
        {
            "text": "Harbour News",
            "title": "Harbour News",
            "type": "rss",
            "xmlUrl": "https://news.example.org/all/atom.xml",
            "htmlUrl": "https://news.example.org/all/",
            "description": "What happens at the harbour",
            "language": "en",
        },
        {
            "text": 'Sea, "Sky" & <Land>',
            "title": 'Sea, "Sky" & <Land>',
            "type": "rss",
            "xmlUrl": "https://news.example.org/sea/rss.xml",
            "htmlUrl": "https://news.example.org/sea/",
        },
    ]
