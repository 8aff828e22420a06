"""Pages and headers -> the feeds they announce. A case is `data/discover/<name>.html` beside
`<name>.toml`, which names the address of the page and all that is found, in order."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.parsers.feed.discover import (
    COMMON_PATHS,
    Announced,
    announced,
    link_header,
    web_address,
)

DATA = Path(__file__).parent / "data" / "discover"
CASES = sorted(DATA.glob("*.html"))
PAGE = "https://kueste.example.org/blog/seite.html"


def told(one: Announced) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if value is not None}


def addresses(html: str, page: str = PAGE) -> list[str]:
    return [one.url for one in announced(html, page)]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    expected = tomllib.loads(path.with_suffix(".toml").read_text(encoding="utf-8"))

    found = announced(path.read_text(encoding="utf-8"), expected["url"])

    assert [told(one) for one in found] == expected["announced"]


@pytest.mark.parametrize(
    "attributes",
    [
        pytest.param('rel="alternate" type="application/rss+xml"', id="rss"),
        pytest.param('rel="alternate" type="application/atom+xml"', id="atom"),
        pytest.param('rel="alternate" type="application/rdf+xml"', id="rdf"),
        pytest.param('rel="alternate" type="application/feed+json"', id="json-feed-1.1"),
        pytest.param('rel="alternate" type="application/json"', id="json-feed-1.0"),
        pytest.param('rel="alternate" type="text/xml"', id="xml-of-any-kind"),
        pytest.param('rel="alternate" type="application/x.atom+xml"', id="an-early-type"),
        pytest.param('rel="alternate" type="text/rss"', id="an-odd-type"),
        pytest.param('rel="ALTERNATE" type=" Application/RSS+XML ;x=y"', id="any-case"),
        pytest.param('rel="alternate feed nofollow" type="application/rss+xml"', id="many-words"),
        pytest.param('rel="feed"', id="rel-feed-without-a-type"),
        pytest.param('type="application/rss+xml" rel=alternate', id="any-order"),
    ],
)
@pytest.mark.parametrize(
    "form",
    [
        pytest.param("<head><link {} href=/f>", id="in-the-head"),
        pytest.param("<body><p>x</p><LINK\n{} HREF='/f' />", id="in-the-body"),
        pytest.param("<title>a<b</title><link href=/f {}>", id="behind-a-title"),
        pytest.param('<p title="x>y" lang=\'"\'><link {} href="/f">', id="behind-odd-quotes"),
        pytest.param("<!--><link {} href=/f>", id="behind-an-empty-comment"),
    ],
)
def test_a_feed_is_announced_by_relation_and_type(attributes: str, form: str) -> None:
    assert addresses(form.format(attributes)) == ["https://kueste.example.org/f"]


@pytest.mark.parametrize(
    "html",
    [
        pytest.param("", id="nothing"),
        pytest.param('<link rel="stylesheet" type="text/css" href="/feed.css">', id="a-style"),
        pytest.param('<link type="application/rss+xml" href="/f">', id="no-relation"),
        pytest.param('<link rel="alternate" href="/en" hreflang="en">', id="a-translation"),
        pytest.param('<link rel="alternate" href="/feed" hreflang="en">', id="of-a-page-on-feeds"),
        pytest.param('<link rel="alternate" type="text/html" href="/feed">', id="a-page"),
        pytest.param('<link rel="feed" type="text/html" href="/">', id="an-h-feed"),
        pytest.param('<div class="h-feed"><a href="/a">a</a></div>', id="microformats"),
        pytest.param(
            '<link rel="alternate" type="application/json+oembed" href="/feed">', id="oembed"
        ),
        pytest.param(
            '<link rel="alternate" type="application/json" href="/wp-json/wp/v2/feed">', id="an-api"
        ),
        pytest.param(
            '<link rel="alternate" type="application/json" href="/?rest_route=/feed">',
            id="an-api-in-a-query",
        ),
        pytest.param(
            '<link rel="alternate" type="application/activity+json" href="/feed">', id="a-person"
        ),
        pytest.param('<link rel="alternate" type="application/rss+xml">', id="no-address"),
        pytest.param(
            '<link rel="alternate" type="application/rss+xml" href="data:,x">', id="a-data-url"
        ),
        pytest.param(
            '<link rel="alternate" type="application/rss+xml" href="#rss">', id="the-page-itself"
        ),
        pytest.param('<script>"<link rel=feed href=/f>"</script >', id="a-string-of-a-script"),
        pytest.param("<style><link rel=feed href=/f></style>", id="a-style-sheet"),
        pytest.param("<textarea><link rel=feed href=/f></textarea>", id="the-text-of-a-field"),
        pytest.param("<!-- <link rel=feed href=/f> -->", id="a-comment"),
        pytest.param('<p title="<link rel=feed href=/f>">', id="the-text-of-an-attribute"),
        pytest.param("<plaintext><link rel=feed href=/f>", id="plain-text"),
        pytest.param('<a href="/sitemap.xml">x</a><a href="/feedback">x</a>', id="other-words"),
        pytest.param('<a href="/a?x=rss">x</a><a href="/data.json">x</a>', id="other-queries"),
        pytest.param(
            '<a href="https://reader.example.net/i/feed/https%3A%2F%2Fkueste.example.org%2Ffeed">',
            id="a-reader-that-subscribes",
        ),
        pytest.param('<a href="http://[::1/feed">x</a>', id="no-address-at-all"),
    ],
)
def test_what_is_no_feed_is_not_taken_for_one(html: str) -> None:
    assert announced(html, PAGE) == ()


@pytest.mark.parametrize(
    "href",
    [
        pytest.param("/feed", id="feed"),
        pytest.param("/feed/", id="feed-with-a-slash"),
        pytest.param("/blog/RSS", id="rss-in-capitals"),
        pytest.param("/tag/meer/feed/atom/", id="the-atom-of-a-tag"),
        pytest.param("/index.xml", id="index-xml"),
        pytest.param("/news.rss", id="an-extension"),
        pytest.param("/blog_rss.xml", id="a-name-before-it"),
        pytest.param("/feed.json", id="json"),
        pytest.param("/feeds/posts/default", id="posts-default"),
        pytest.param("/?feed=rss2", id="a-query"),
        pytest.param("/suche?q=meer&format=atom", id="a-later-part-of-a-query"),
        pytest.param("https://feeds.feedburner.com/kueste", id="a-host-of-feeds"),
        pytest.param("feed://kueste.example.org/x", id="a-scheme"),
    ],
)
def test_an_anchor_with_a_usual_name_is_a_guess(href: str) -> None:
    (found,) = announced(f'<a href="{href}">Abonnieren</a>', PAGE)

    assert found.found_by == "anchor"


def test_ranks() -> None:
    html = """
        <a href="https://nachbar.example.net/rss">n</a>
        <a href="/artikel/feed" rel="alternate" type="application/rss+xml">f</a>
        <a href="/comments/feed">k</a>
        <a href="/rss">f</a>
        <link rel="alternate" type="application/rss+xml" href="/1/feed" title="7 Comments on it">
        <link rel="alternate" type="application/json" href="/daten">
        <link rel="alternate" type="application/rss+xml" href="/b">
        <link rel="alternate" type="application/atom+xml" href="/a">
        <link rel="alternate" type="application/json" href="/c" title="Feed">
    """

    found = announced(html, PAGE)

    assert [one.url.removeprefix("https://kueste.example.org") for one in found] == [
        "/b",
        "/a",
        "/c",
        "/daten",
        "/1/feed",
        "/artikel/feed",
        "/rss",
        "https://nachbar.example.net/rss",
        "/comments/feed",
    ]


@pytest.mark.parametrize(
    ("base", "address"),
    [
        pytest.param("", "https://kueste.example.org/blog/f", id="none"),
        pytest.param("<base href='/andere/x'>", "https://kueste.example.org/andere/f", id="path"),
        pytest.param("<base href=https://a.example.net>", "https://a.example.net/f", id="host"),
        pytest.param(
            "<base target=_top><base href=/1/><base href=/2/>",
            "https://kueste.example.org/1/f",
            id="the-first-with-an-address",
        ),
        pytest.param(
            "<base href='javascript:x'>", "https://kueste.example.org/blog/f", id="no-address"
        ),
    ],
)
def test_relative_addresses_start_at_the_base(base: str, address: str) -> None:
    link = "<link rel=feed href=f>"

    assert addresses(base + link) == [address]
    assert addresses(link + base) == [address]


def test_each_address_is_told_once_and_lists_are_bounded() -> None:
    links = "".join(
        f'<link rel=feed href="/{n}"><link rel=feed href="/{n}#x"><a href="/{n}/feed"></a>'
        for n in range(1_000)
    )

    found = announced(links, PAGE)

    assert len({one.url for one in found}) == len(found)
    assert 50 <= len(found) <= 100
    assert found[0].url == "https://kueste.example.org/0"


@pytest.mark.parametrize(
    ("written", "address"),
    [
        pytest.param("/f?a=1&amp;b=2", "/f?a=1&b=2", id="as-it-should-be"),
        pytest.param("/f?a=1&section=2&copy=3", "/f?a=1&section=2&copy=3", id="no-references"),
        pytest.param("/f?a=&#38;&#x26;b", "/f?a=&&b", id="numbers"),
        pytest.param("/f?a=&nosuchname;", "/f?a=&nosuchname;", id="a-name-of-nothing"),
    ],
)
def test_references_in_addresses(written: str, address: str) -> None:
    html = f'<link rel="feed" href="{written}">'

    assert addresses(html) == [f"https://kueste.example.org{address}"]


def test_titles_are_one_clean_line() -> None:
    (found,) = announced(
        f"<link rel=feed href=/f title=' A\x1b[31m &amp;\n B&#xD800; {'lang ' * 1_000}'>", PAGE
    )

    assert found.title is not None
    assert found.title.startswith("A[31m & B")
    assert len(found.title) <= 300


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(
            '</f>; rel="alternate"; type="application/rss+xml"; title="A, B; \\"C\\" <d>"',
            [("https://kueste.example.org/f", 'A, B; "C" <d>')],
            id="commas-and-quotes-in-a-title",
        ),
        pytest.param(
            '<a.css>;rel=preload, </f> ; REL=Alternate ;\tType="text/rss+xml",,<g>;rel=feed',
            [("https://kueste.example.org/f", None), ("https://kueste.example.org/blog/g", None)],
            id="several-links",
        ),
        pytest.param(
            "</f>; rel=feed; title=x; title*=UTF-8'de'K%C3%BCste%20heute",
            [("https://kueste.example.org/f", "Küste heute")],
            id="a-title-in-utf-8",
        ),
        pytest.param(
            "</f>; rel=feed; title=x; title*=klingon''%C3",
            [("https://kueste.example.org/f", "x")],
            id="a-title-in-no-encoding",
        ),
        pytest.param(
            "</f>; rel=next; rel=feed, </g>; rel=feed; rel=next",
            [("https://kueste.example.org/g", None)],
            id="the-first-relation-counts",
        ),
        pytest.param('</f>; rel=feed; anchor="/other"', [], id="of-another-document"),
        pytest.param('</f>; rel="https://api.w.org/"', [], id="an-api"),
        pytest.param('</f>; rel="self"', [], id="the-page-itself"),
        pytest.param("</f>", [], id="no-relation"),
        pytest.param("/f; rel=feed", [], id="no-brackets"),
        pytest.param("", [], id="nothing"),
        pytest.param(
            '</f>; rel=feed; title="no end', [("https://kueste.example.org/f", "no end")], id="cut"
        ),
        pytest.param(
            '<<>><>; junk ==;;, "<x>; rel=feed", </f>; rel=feed',
            [("https://kueste.example.org/f", None)],
            id="junk-around-it",
        ),
    ],
)
def test_link_headers(value: str, expected: list[tuple[str, str | None]]) -> None:
    found = link_header(value, PAGE)

    assert [(one.url, one.title) for one in found] == expected
    assert all(one.found_by == "header" for one in found)


@pytest.mark.parametrize(
    ("written", "address"),
    [
        pytest.param("feed:https://example.org/a", "https://example.org/a", id="feed-before-https"),
        pytest.param("feed://example.org/a", "http://example.org/a", id="feed-for-http"),
        pytest.param("FEED:example.org/a", "http://example.org/a", id="no-slashes"),
        pytest.param("itpc://example.org/a", "http://example.org/a", id="a-podcast"),
        pytest.param("feed:", None, id="nothing-behind-it"),
        pytest.param("feed:javascript:x", None, id="a-script-behind-it"),
        pytest.param(" a.xml ", "https://kueste.example.org/blog/a.xml", id="relative"),
        pytest.param("feed.xml", "https://kueste.example.org/blog/feed.xml", id="a-name-like-it"),
        pytest.param("ftp://example.org/a", None, id="ftp"),
    ],
)
def test_schemes_made_up_for_feeds(written: str, address: str | None) -> None:
    assert web_address(written, PAGE) == address


def test_common_paths_are_distinct_and_of_the_host() -> None:
    found = {urljoin(PAGE, path) for path in COMMON_PATHS}

    assert len(found) == len(COMMON_PATHS)
    assert {"/feed", "/feed.xml", "/rss", "/rss.xml", "/atom.xml", "/index.xml"} < set(COMMON_PATHS)
    assert all(url.startswith("https://kueste.example.org/") for url in found)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: "<a " * 2_000_000, id="tags-without-end"),
        pytest.param(lambda: "<a><b>" * 1_000_000, id="deep"),
        pytest.param(lambda: "<a href='\"" * 500_000, id="quotes"),
        pytest.param(lambda: "<a x= " * 500_000, id="values-without-end"),
        pytest.param(lambda: "<!--" * 1_000_000, id="comments"),
        pytest.param(lambda: "<script>" * 500_000, id="scripts"),
        pytest.param(lambda: "<title></title" * 500_000, id="titles"),
        pytest.param(lambda: "<a href=/feed>" * 500_000, id="anchors"),
        pytest.param(lambda: "<a href='" + "/feed" * 1_000_000, id="one-long-address"),
        pytest.param(lambda: "<a href='/" + "a_" * 900 + "'>" * 500_000, id="long-addresses"),
        pytest.param(lambda: "<link rel=feed href=/f title='" + "&amp" * 500_000, id="entities"),
    ],
)
def test_no_page_is_slow(make: Callable[[], str]) -> None:
    page = make()
    started = time.process_time()

    found = announced(page, PAGE)

    assert len(found) <= 100
    assert time.process_time() - started < 8  # seen: at most 0.5 s


@pytest.mark.timeout(60)
@pytest.mark.parametrize("part", ["<", "<a>;", '<a>;x="', ';x="\\', "<a>,", "<a>;rel=feed,", '"'])
def test_no_header_is_slow(part: str) -> None:
    started = time.process_time()

    link_header("<a>" + part * 1_000_000, PAGE)

    assert time.process_time() - started < 5  # seen: at most 0.2 s


@given(st.text(alphabet="<>/!-\"'= \nalinkrefhtp:fd&;#,\\"))
def test_any_text_is_read(text: str) -> None:
    for found in (*announced(text, PAGE), *link_header(text, PAGE)):
        assert found.url.startswith(("https://", "http://"))
