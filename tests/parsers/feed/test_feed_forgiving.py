"""The last tier: what it makes of soup, and that it reads whole feeds as the first tier does."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from feedsvc.aside import Aside
from feedsvc.errors import ParseError
from feedsvc.model import Draft, Hints, Reading
from feedsvc.parsers.feed import forgiving, read
from feedsvc.parsers.feed.document import is_empty
from feedsvc.parsers.feed.refusals import NotAFeedError
from feedsvc.parsers.feed.tagsoup import MOST_TAGS, find_tags

URL = "https://news.example.org/feed"
CORPUS = os.environ.get("FEEDSVC_CORPUS")


def soup(document: str | bytes, **options: Any) -> Reading:
    """What the last tier reads."""
    data = document.encode() if isinstance(document, str) else document
    return forgiving.read(data, **{"url": URL, "hints": Hints(), "max_entries": 100, **options})


ITEM = (
    "<item><title>Ebbe &amp; Flut</title><link>https://news.example.org/1?a=1&copy=2</link>"
    "<guid isPermaLink='false'>tide-1</guid><pubDate>Mon, 06 Jan 2025 09:30:00 CET</pubDate>"
    "<description><![CDATA[<p>Hoch um sechs.</p>]]></description></item>"
)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(ITEM, id="the-head-is-lost"),
        pytest.param(f"<rss><channel>{ITEM}</channel></rss>", id="there-is-nothing-to-forgive"),
        pytest.param(f"junk <b>junk</b> {ITEM}", id="junk-before-it"),
        pytest.param("x <i>" * 60_000 + f"<rss><channel>{ITEM}", id="a-root-far-below-junk"),
        pytest.param(f"<!-- never closed {ITEM}", id="a-comment-that-is-never-closed"),
        pytest.param(f"<!-- closed --><?php echo 1 ?>{ITEM}", id="what-a-script-left"),
        pytest.param(f"<!DOCTYPE rss [<!ENTITY a 'b'>]>{ITEM}", id="a-doctype-with-entities"),
        pytest.param(f"<rss><channel><data>{ITEM}</data></channel>", id="a-wrapper-nobody-knows"),
        pytest.param(ITEM.replace("item>", "ITEM>"), id="upper-case"),
        pytest.param(ITEM.replace("'false'", "false"), id="an-attribute-without-quotes"),
        pytest.param(ITEM.replace("&amp; Flut", "& Flut"), id="a-sign-that-is-not-escaped"),
        pytest.param(ITEM.replace("</title>", "</titel></title>"), id="an-end-without-a-start"),
        pytest.param(f"<rss><channel>{ITEM}<item><title>Hal", id="the-next-entry-is-cut-off"),
        pytest.param(ITEM.replace("Ebbe", "\0\x08Ebbe\ufffe"), id="signs-no-xml-has"),
    ],
)
def test_an_entry_is_made_out_as_it_was_written(document: str) -> None:
    reading = soup(document)

    (draft,) = reading.drafts
    assert draft.title == "Ebbe & Flut"
    assert draft.id == "tide-1"
    assert draft.link == "https://news.example.org/1?a=1&copy=2"
    assert draft.published == datetime(2025, 1, 6, 8, 30, tzinfo=UTC)
    assert "Hoch um sechs." in draft.html + (draft.summary or "")
    assert not reading.well_formed
    assert reading.problems[0] == "not well-formed: read tag by tag"


def test_a_lost_head_of_atom_is_replaced() -> None:
    reading = soup(
        "<entry><id>a:1</id><title>One<updated>2025-01-06T00:00:00Z</updated></title>"
        "<link href=/1></entry><entry><id>a:2</id><link rel=alternate href='/2'/></entry>"
    )

    assert [(draft.id, draft.link) for draft in reading.drafts] == [
        ("a:1", "https://news.example.org/1"),
        ("a:2", "https://news.example.org/2"),
    ]
    assert reading.format == "atom10"


def test_the_names_of_attributes_keep_their_case() -> None:
    found = find_tags("<CHANNEL BASE='a'><guid isPermaLink=false x='isPermaLink'>1</guid>")

    assert found.markup == ('<CHANNEL BASE="a"><guid isPermaLink="false" x="isPermaLink">1</guid>')


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param("a &lt;b&gt; c", "a &lt;b&gt; c", id="escaped-stays-escaped"),
        pytest.param("a < b", "a &lt; b", id="a-sign-alone-is-text"),
        pytest.param("a & b", "a &amp; b", id="an-ampersand-alone-is-text"),
        pytest.param("a&b;c", "a&amp;b;c", id="no-such-name"),
        pytest.param("&auml;&#228;&#xE4;", "äää", id="names-and-numbers-are-characters"),
        pytest.param("&#146;&#0;&#xD800;", "’\ufffd\ufffd", id="numbers-of-no-character"),
        pytest.param("&#60;b&#62;", "&lt;b&gt;", id="numbers-of-signs-stay-escaped"),
        pytest.param("<![CDATA[a & <b> &lt;]]>", "a &amp; &lt;b&gt; &amp;lt;", id="cdata"),
        pytest.param("<![CDATA[a]]b]>c]]>d", "a]]b]&gt;cd", id="cdata-with-brackets"),
        pytest.param("<![CDATA[never closed", "never closed", id="cdata-to-the-end"),
        pytest.param("a<!-- b -->c<?d ?>e<!F>g", "aceg", id="what-is-no-text-goes"),
        pytest.param("a]]>b", "a]]&gt;b", id="an-end-of-cdata-alone"),
        pytest.param("&copy=1&lt=2", "&amp;copy=1&amp;lt=2", id="no-semicolon-no-reference"),
        pytest.param("a<" + "x" * 70_000, "a&lt;" + "x" * 70_000, id="no-tag-is-that-long"),
    ],
)
def test_signs_are_read_as_they_are_meant(written: str, meant: str) -> None:
    found = find_tags(f"<rss>{written}")

    assert found.markup == f"<rss>{meant}"


@pytest.mark.parametrize(
    ("document", "what"),
    [
        pytest.param("<!DOCTYPE html><p>Hi", "an HTML page", id="a-page"),
        pytest.param(
            "<html><script>'<rss><channel><item><title>x</title></item></channel></rss>'</script>",
            "an HTML page",
            id="a-page-that-quotes-a-feed",
        ),
        pytest.param(
            "<p>Warning</p><body><channel><item><title>x</title></item></channel></body>",
            "its root is <p>",
            id="a-page-with-elements-of-a-feed",
        ),
        pytest.param("<opml><body><outline/></body></opml>", "an OPML list", id="a-list"),
        pytest.param("<p>Nothing here</p>", "its root is <p>", id="other-markup"),
        pytest.param("1 < 2", "plain text", id="text"),
        pytest.param("", "empty", id="nothing"),
        pytest.param("%PDF-1.7 <rss>", "a PDF document", id="a-document-of-another-kind"),
        pytest.param("<!-- <rss><item> -->", "plain text", id="a-feed-in-a-comment"),
    ],
)
def test_what_is_no_feed_is_refused_by_name(document: str, what: str) -> None:
    with pytest.raises(NotAFeedError, match=what):
        soup(document)


def test_a_root_with_nothing_in_it_is_an_error() -> None:
    with pytest.raises(ParseError, match=r"begins as a feed, .* \(it ends too early\)"):
        soup("<rss><channel>")


def test_a_long_document_is_read_as_far_as_it_is_allowed() -> None:
    reading = soup("<rss><channel>" + ITEM * 30_000, max_entries=7)

    assert len(reading.drafts) == 7
    assert f"only the first {MOST_TAGS:,} tags of what is not XML are read" in reading.problems
    assert "only the first 4 MiB of what is not XML are read" in reading.problems


def test_it_runs_aside() -> None:
    async def work() -> Reading:
        async with Aside(seconds=30) as aside:
            found: Reading = await aside.call(
                "feedsvc.parsers.feed.forgiving:read",
                ITEM.encode(),
                url=URL,
                hints=Hints(language="de"),
                max_entries=5,
            )
            return found

    reading = asyncio.run(work())

    assert [draft.id for draft in reading.drafts] == ["tide-1"]


# --- the corpus


def documents() -> Iterator[Any]:
    if CORPUS is None:
        return
    told = json.loads((Path(CORPUS) / "expectations.json").read_text("utf-8"))
    for name, one in sorted(told.items()):
        if not name.endswith(".json") and "opml" not in one["expect"]:
            yield name, one.get("base") or URL


def identity(draft: Draft) -> tuple[object, ...]:
    return draft.id, draft.link, draft.published, draft.updated, draft.enclosures


@pytest.mark.skipif(CORPUS is None, reason="FEEDSVC_CORPUS does not name a corpus")
@pytest.mark.timeout(300)
def test_both_ways_of_reading_give_an_entry_the_same_id_link_and_dates() -> None:
    assert CORPUS is not None
    compared, other, slow = 0, [], []
    for name, url in documents():
        data = (Path(CORPUS) / name).read_bytes()
        try:
            first = read(data, url=url, hints=Hints(), max_entries=2_000)
        except ParseError:
            continue
        if not first.drafts or is_empty(first):
            continue
        start = time.process_time()
        last = soup(data, url=url, max_entries=2_000)
        if time.process_time() - start > 5:
            slow.append(name)
        compared += 1
        if [identity(draft) for draft in first.drafts] != [identity(one) for one in last.drafts]:
            other.append(name)

    assert other == []
    assert slow == []
    assert compared > 800
