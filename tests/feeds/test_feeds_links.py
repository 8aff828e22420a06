"""Where a document leads: to its hubs, along its archive, to pages, copies and what is gone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from lxml import etree

from feedsvc.feeds.atom import AtomFormat
from feedsvc.gate import check
from feedsvc.model import ArchiveLinks, Entry, FeedHead, Format, Origin, Tombstone

Render = Callable[..., bytes]
Make = Callable[..., Entry]
Head = Callable[..., FeedHead]

NAMES = {
    "a": "http://www.w3.org/2005/Atom",
    "at": "http://purl.org/atompub/tombstones/1.0",
    "fh": "http://purl.org/syndication/history/1.0",
    "x": "http://www.w3.org/1999/xhtml",
}
BASE = "https://news.example.org/all"
HUB = "https://hub.example.org/"
WHEN = datetime(2025, 5, 2, 7, 30, tzinfo=UTC)
COPY = Origin(
    title="Tides", url="https://tides.example.net/f.xml", link="https://tides.example.net/ferry"
)


def _at(folder: str) -> dict[Format, str]:
    return {format: f"{BASE}/{folder}{format.filename}" for format in Format}


NEWEST = ArchiveLinks(previous=_at("archive/2/"))
MIDDLE = ArchiveLinks(number=2, current=_at(""), previous=_at("archive/1/"), next=_at("archive/3/"))
OLDEST = ArchiveLinks(number=1, current=_at(""), next=_at("archive/2/"))


def _links(document: bytes) -> list[tuple[str | None, str | None, str | None]]:
    root = etree.fromstring(document)
    found = root.iterfind("a:link" if root.tag.endswith("feed") else "channel/a:link", NAMES)
    return [(link.get("rel"), link.get("href"), link.get("type")) for link in found]


def _xml(document: bytes, path: str) -> list[str]:
    return [str(found) for found in etree.fromstring(document).xpath(path, namespaces=NAMES)]  # type: ignore[union-attr]


# -- heads ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", [Format.ATOM, Format.RSS])
@pytest.mark.parametrize(
    ("archive", "own", "relations"),
    [
        pytest.param(
            NEWEST, "", {"prev-archive": "archive/2/"}, id="the-newest-leads-back-and-nowhere-else"
        ),
        pytest.param(
            MIDDLE,
            "archive/2/",
            {"current": "", "prev-archive": "archive/1/", "next-archive": "archive/3/"},
            id="a-page-leads-both-ways-and-to-the-newest",
        ),
        pytest.param(
            OLDEST, "archive/1/", {"current": "", "next-archive": "archive/2/"}, id="the-oldest"
        ),
        pytest.param(
            replace(MIDDLE, number=None), "", {"prev-archive": "archive/1/"}, id="no-page-no-next"
        ),
        pytest.param(replace(NEWEST, previous=_at("")), "", {}, id="no-document-leads-to-itself"),
        pytest.param(ArchiveLinks(), "", {}, id="an-archive-without-pages"),
        pytest.param(None, "", {}, id="no-archive"),
    ],
)
def test_the_links_of_an_archive_stand_in_one_order_with_their_type(
    rendered: Render,
    head: Head,
    sparse: Make,
    format: Format,
    archive: ArchiveLinks | None,
    own: str,
    relations: dict[str, str],
) -> None:
    of = head(archive=archive, hubs=(HUB,), urls=_at(own))

    document = rendered(format, sparse(), of=of)

    links = [link for link in _links(document) if link[0] != "alternate"]
    assert links == [
        ("self", _at(own)[format], format.media_type),
        ("hub", HUB, None),
        *((rel, _at(where)[format], format.media_type) for rel, where in relations.items()),
    ]
    page = archive is not None and archive.number is not None
    assert len(_xml(document, "//fh:archive")) == page
    assert check(document, format.value, url=of.urls[format]) == ()


@pytest.mark.parametrize(
    ("archive", "own", "leads"),
    [
        pytest.param(NEWEST, "", f"{BASE}/archive/2/feed.json", id="the-newest"),
        pytest.param(MIDDLE, "archive/2/", f"{BASE}/archive/1/feed.json", id="a-page"),
        pytest.param(OLDEST, "archive/1/", None, id="the-oldest"),
        pytest.param(replace(NEWEST, previous=_at("")), "", None, id="never-to-itself"),
        pytest.param(None, "", None, id="no-archive"),
    ],
)
def test_json_leads_to_older_items(
    rendered: Render,
    head: Head,
    sparse: Make,
    archive: ArchiveLinks | None,
    own: str,
    leads: str | None,
) -> None:
    document = rendered(Format.JSON, sparse(), of=head(archive=archive, urls=_at(own)))

    assert json.loads(document).get("next_url") == leads
    assert check(document, "json", url=_at(own)[Format.JSON]) == ()


@pytest.mark.parametrize("format", [Format.ATOM, Format.RSS])
def test_hubs_are_announced_once_and_leave_the_link_of_the_channel(
    rendered: Render, head: Head, sparse: Make, format: Format
) -> None:
    hubs = (HUB, "https://other.example.org/ß", HUB, "javascript:alert(1)", "/relative")
    document = rendered(format, sparse(), of=head(hubs=hubs))

    found = [href for rel, href, _ in _links(document) if rel == "hub"]
    assert found == [HUB, "https://other.example.org/%C3%9F"]
    if format is Format.RSS:
        assert _xml(document, "channel/link/text()") == ["https://news.example.org/all/"]
    assert check(document, format.value) == ()


def test_json_announces_hubs_as_websub(rendered: Render, head: Head) -> None:
    document = rendered(Format.JSON, of=head(hubs=(HUB, HUB)))

    assert json.loads(document)["hubs"] == [{"type": "WebSub", "url": HUB}]


def test_deleted_entries_are_told_in_atom_the_latest_first(rendered: Render, head: Head) -> None:
    gone = (
        Tombstone(ref="urn:x-test:2", when=datetime(2025, 5, 1, tzinfo=UTC)),
        Tombstone(ref="urn:x-test:1", when=WHEN),
        Tombstone(ref="urn:x-test:2", when=datetime(2025, 4, 1, tzinfo=UTC)),
        Tombstone(ref="urn:x-test:0", when=WHEN),
        Tombstone(ref="urn:x-test:3"),  # RFC 6721 §3: `when` is required
        Tombstone(ref="no iri", when=WHEN),
    )
    documents = {
        order: rendered(Format.ATOM, of=head(deleted=order)) for order in (gone, gone[::-1])
    }

    assert len(set(documents.values())) == 1
    document = documents[gone]
    refs = ["urn:x-test:0", "urn:x-test:1", "urn:x-test:2"]
    assert _xml(document, "at:deleted-entry/@ref") == refs
    assert _xml(document, "at:deleted-entry/@when") == [
        "2025-05-02T09:30:00+02:00", "2025-05-02T09:30:00+02:00", "2025-05-01T02:00:00+02:00"
    ]  # fmt: skip
    assert [finding for finding in check(document, "atom") if finding.error] == []


@pytest.mark.parametrize("format", [Format.RSS, Format.JSON])
def test_deleted_entries_are_told_in_atom_only(
    rendered: Render, head: Head, format: Format
) -> None:
    gone = (Tombstone(ref="urn:x-test:1", when=WHEN),)

    assert rendered(format, of=head(deleted=gone)) == rendered(format, of=head())


def test_prefixes_that_validators_do_not_know_are_declared_where_they_are_used(
    rendered: Render, head: Head, whole: Make
) -> None:
    # The W3C validator warns of `at`, `snf` and `podcast` wherever they are declared.
    for format in (Format.ATOM, Format.RSS):
        declared = etree.fromstring(rendered(format, whole(), of=head())).nsmap

        assert declared.keys() - {None} <= {
            "atom", "content", "dc", "dcterms", "fh", "itunes", "media"
        }  # fmt: skip


@pytest.mark.parametrize("format", [Format.ATOM, Format.RSS])
def test_a_private_document_asks_not_to_be_indexed(
    rendered: Render, head: Head, sparse: Make, format: Format
) -> None:
    document = rendered(format, sparse(), of=head(private=True))

    assert _xml(document, "//x:meta[@name='robots']/@content") == ["noindex"]
    assert b"noindex" not in rendered(format, sparse())
    assert check(document, format.value) == ()


# -- pictures of the feed --------------------------------------------------------------------------

ICON, IMAGE = "https://news.example.org/icon.png", "https://news.example.org/big.jpg"


@pytest.mark.parametrize(
    ("changes", "logo", "rss", "large", "small"),
    [
        pytest.param({"icon": ICON}, [], [ICON], ICON, None, id="an-icon"),
        pytest.param({"icon": ICON, "image": IMAGE}, [IMAGE], [IMAGE], IMAGE, ICON, id="both"),
        pytest.param({"image": IMAGE}, [IMAGE], [IMAGE], IMAGE, None, id="a-picture"),
        pytest.param(
            {"icon": ICON, "image": "https://news.example.org/big.svg"},
            ["https://news.example.org/big.svg"],
            [ICON],
            "https://news.example.org/big.svg",
            ICON,
            id="rss-takes-the-one-it-can-show",
        ),
        pytest.param({"image": "javascript:x"}, [], [], None, None, id="no-address"),
    ],
)
def test_the_pictures_of_a_feed(
    rendered: Render,
    head: Head,
    sparse: Make,
    changes: dict[str, Any],
    logo: list[str],
    rss: list[str],
    large: str | None,
    small: str | None,
) -> None:
    of = head(**changes)
    atom, channel = (rendered(f, sparse(), of=of) for f in (Format.ATOM, Format.RSS))
    feed = json.loads(rendered(Format.JSON, sparse(), of=of))

    assert _xml(atom, "a:logo/text()") == logo
    assert _xml(channel, "channel/image/url/text()") == rss
    assert (feed.get("icon"), feed.get("favicon")) == (large, small)
    assert check(atom, "atom") == check(channel, "rss") == ()


# -- pages and copies ------------------------------------------------------------------------------

PAGE = "https://news.example.org/a/ferry/"


@pytest.mark.parametrize(
    ("link", "reads_at"),
    [
        pytest.param(None, PAGE, id="our-page"),
        pytest.param("https://other.example.net/x", "https://other.example.net/x", id="its-own"),
    ],
)
@pytest.mark.parametrize("full_text", [True, False, "given"])
def test_an_entry_leads_to_its_link_or_else_to_our_page(
    rendered: Render, sparse: Make, link: str | None, reads_at: str, full_text: Any
) -> None:
    entry = replace(sparse(link=link), page=PAGE)
    atom, rss = (rendered(f, entry, full_text=full_text) for f in (Format.ATOM, Format.RSS))
    (item,) = json.loads(rendered(Format.JSON, entry, full_text=full_text))["items"]

    assert _xml(atom, "a:entry/a:link[@rel='alternate'][@type='text/html']/@href") == [reads_at]
    assert _xml(rss, "channel/item/link/text()") == [reads_at]
    assert _xml(rss, "channel/item/guid[@isPermaLink='false']/text()") == [entry.article.guid]
    assert (item["url"], item["id"]) == (reads_at, entry.article.guid)
    assert check(atom, "atom") == check(rss, "rss") == ()


def test_with_a_page_an_excerpt_needs_no_content(rendered: Render, sparse: Make) -> None:
    entry = replace(sparse(html="<p>It runs again.</p>"), page=PAGE)

    document = rendered(Format.ATOM, entry, full_text=False)

    assert _xml(document, "a:entry/a:content") == []
    assert _xml(document, "a:entry/a:summary/text()") == ["It runs again."]


@pytest.mark.parametrize(
    ("copies", "links"),
    [
        pytest.param((), [], id="no-copy"),
        pytest.param((COPY,), [(COPY.link, "Tides")], id="where-it-can-be-read"),
        pytest.param((replace(COPY, link=None),), [(COPY.url, "Tides")], id="else-its-feed"),
        pytest.param((replace(COPY, title=None),), [(COPY.link, "tides.example.net")], id="host"),
        pytest.param((Origin(title="Nowhere"),), [], id="no-address"),
        pytest.param((Origin(link="javascript:alert(1)"),), [], id="no-web-address"),
        pytest.param((COPY, replace(COPY, id="urn:x-test:2")), [(COPY.link, "Tides")], id="once"),
        pytest.param(
            (Origin(title="Same", link="http://www.news.example.org/ferry/?utm_source=x#top"),),
            [],
            id="another-spelling-of-where-the-entry-leads",
        ),
        pytest.param(
            (replace(COPY, link="https://me:s3cret@tides.example.net/x"),),
            [("https://tides.example.net/x", "Tides")],
            id="without-what-a-source-logs-in-with",
        ),
        pytest.param(
            (COPY, replace(COPY, title="A & <b>", link="https://a.example.net/1")),
            [("https://a.example.net/1", "A & <b>"), (COPY.link, "Tides")],
            id="by-address",
        ),
    ],
)
def test_copies_are_told_as_via(
    rendered: Render, whole: Make, copies: tuple[Origin, ...], links: list[tuple[str, str]]
) -> None:
    entry = replace(whole(), via=copies)
    atom, rss = (rendered(f, entry) for f in (Format.ATOM, Format.RSS))
    (item,) = json.loads(rendered(Format.JSON, entry))["items"]

    for document, path in ((atom, "a:entry/a:link"), (rss, "channel/item/a:link")):
        found = etree.fromstring(document).iterfind(path, NAMES)
        told = [(one.get("href"), one.get("title")) for one in found if one.get("rel") == "via"]
        assert told == links
    told = [(one["url"], one["title"]) for one in item.get("_via", {"links": []})["links"]]
    assert told == links
    assert check(atom, "atom") == check(rss, "rss") == ()


def test_the_order_in_which_copies_were_found_changes_nothing(whole: Make) -> None:
    origins = [
        replace(COPY, link=f"https://{name}.example.net/1", title=title)
        for name, title in (("a", "A"), ("b", "B"), ("b", "Bee"))
    ]
    entries = [replace(whole(), via=order) for order in permutations(origins)]

    assert len(set(AtomFormat().fragments(entries, full_text=True))) == 1
