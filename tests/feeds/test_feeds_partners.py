"""What SmartNews asks for: in the feeds made for it, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from feedsvc.gate import check
from feedsvc.model import Entry, FeedHead, Format, Image

Render = Callable[..., bytes]
Make = Callable[..., Entry]
Head = Callable[..., FeedHead]

NAMES = {"a": "http://www.w3.org/2005/Atom", "snf": "http://www.smartnews.be/snf"}
LIGHT, DARK = "https://news.example.org/light.png", "https://news.example.org/dark.png"
COUNTER = '<script>count("ferry" && 1 < 2) // ]]></script>'
XML = [Format.ATOM, Format.RSS]


def _xml(document: bytes, path: str) -> list[str]:
    return [str(found) for found in etree.fromstring(document).xpath(path, namespaces=NAMES)]  # type: ignore[union-attr]


def _for_partner(entry: Entry, analytics: str | None = COUNTER) -> Entry:
    return replace(entry, profile="smartnews", analytics=analytics)


@pytest.mark.parametrize("format", XML)
def test_logos_and_analytics(rendered: Render, head: Head, whole: Make, format: Format) -> None:
    of = head(profile="smartnews", logos=(LIGHT, DARK), analytics=COUNTER)
    document = rendered(format, _for_partner(whole()), of=of)

    assert _xml(document, "//snf:logo/*[local-name()='url']/text()") == [LIGHT]
    assert _xml(document, "//snf:darkModeLogo/*[local-name()='url']/text()") == [DARK]
    entry = "a:entry" if format is Format.ATOM else "channel/item"
    assert _xml(document, f"{entry}/snf:analytics/text()") == [COUNTER]
    assert [finding for finding in check(document, format.value) if finding.error] == []
    if format is Format.RSS:  # SmartFormat 2.1, <channel>
        assert _xml(document, "channel/pubDate/text()") == ["Fri, 02 May 2025 09:30:00 +0200"]


@pytest.mark.parametrize("format", XML)
def test_one_logo_is_the_light_one(rendered: Render, head: Head, format: Format) -> None:
    document = rendered(format, of=head(profile="smartnews", logos=(LIGHT,)))

    assert _xml(document, "//snf:logo/*/text()") == [LIGHT]
    assert _xml(document, "//snf:darkModeLogo") == []


@pytest.mark.parametrize(
    "changes",
    [{}, {"summary": None, "subtitle": None}, {"html": "<br>", "summary": None, "subtitle": None}],
)
def test_the_text_is_content_encoded_whatever_else_there_is(
    rendered: Render, head: Head, whole: Make, changes: dict[str, Any]
) -> None:
    entry = _for_partner(whole(**changes))
    document = rendered(Format.RSS, entry, of=head(profile="smartnews"))

    (item,) = etree.fromstring(document).iter("item")
    encoded = item.findtext("{http://purl.org/rss/1.0/modules/content/}encoded") or ""
    assert entry.article.html in encoded
    assert "<" not in (item.findtext("description") or "<")


@pytest.mark.parametrize("profile", [None, "reader", "msn", "flipboard", "apple-podcasts"])
@pytest.mark.parametrize("format", list(Format))
def test_no_other_document_names_the_partner(
    rendered: Render, head: Head, whole: Make, format: Format, profile: str | None
) -> None:
    of = head(profile=profile, logos=(LIGHT, DARK), analytics=COUNTER)

    document = rendered(format, whole(), of=of)

    assert document == rendered(format, whole())


@pytest.mark.parametrize("format", XML)
def test_stitched_documents_for_the_partner_are_written_like_whole_ones(
    renderers: Any, head: Head, whole: Make, format: Format
) -> None:
    of, renderer = head(profile="smartnews", logos=(LIGHT,)), renderers[format]
    entries = [
        _for_partner(whole(guid=f"urn:x-test:{n}"), COUNTER if n else None) for n in range(3)
    ]

    one_by_one = [renderer.fragments([entry], full_text=True)[0] for entry in entries]

    assert renderer.document(of, one_by_one) == renderer.whole(of, entries, full_text=True)
    assert renderer.fragments(entries, full_text=True) == one_by_one


MEDIA = "http://search.yahoo.com/mrss/"
FERRY = "https://images.example.org/ferry.jpg"
COUNTS = '<img src="https://count.example.org/x.gif" alt="a &gt; b" width="1" height="1">'


@pytest.mark.parametrize("profile", ["smartnews", "flipboard"])
@pytest.mark.parametrize("format", XML)
@pytest.mark.parametrize(
    ("html", "size"),
    [
        pytest.param(f'<p><img src="{FERRY}" alt="The > ferry"></p>', None, id="of-any-size"),
        pytest.param(f'{COUNTS}<img src="{FERRY}">', None, id="not-what-counts-readers"),
        pytest.param(f'<img alt="x"><img src="{FERRY}">', None, id="not-one-without-address"),
        pytest.param(
            f'<img src="{FERRY}" width="800" height="600">', ("800", "600"), id="with-its-size"
        ),
        pytest.param(f'<img width="100%" height="600" src="{FERRY}">', None, id="half-a-size"),
    ],
)
def test_the_first_picture_of_a_text_stands_among_the_media(
    rendered: Render,
    head: Head,
    whole: Make,
    format: Format,
    profile: str,
    html: str,
    size: tuple[str, str] | None,
) -> None:
    entry = replace(whole(html=html, image=None, enclosures=()), profile=profile)

    root = etree.fromstring(rendered(format, entry, of=head(profile=profile)))

    for name in ("content", "thumbnail"):
        (found,) = root.iter(f"{{{MEDIA}}}{name}")
        assert found.get("url") == FERRY
        assert (found.get("width"), found.get("height")) == (size or (None, None))


@pytest.mark.parametrize("format", XML)
@pytest.mark.parametrize(
    ("profile", "changes"),
    [
        pytest.param("smartnews", {"html": COUNTS}, id="none-to-be-shown"),
        pytest.param("smartnews", {"html": '<img src="data:image/png;base64,x">'}, id="no-file"),
        pytest.param("msn", {"html": f'<img src="{FERRY}">'}, id="who-looks-into-the-text"),
    ],
)
def test_other_texts_have_no_picture_among_the_media(
    rendered: Render, head: Head, whole: Make, format: Format, profile: str, changes: Any
) -> None:
    entry = replace(whole(image=None, enclosures=(), **changes), profile=profile)

    root = etree.fromstring(rendered(format, entry, of=head(profile=profile)))

    assert list(root.iter(f"{{{MEDIA}}}content", f"{{{MEDIA}}}thumbnail")) == []


def test_a_picture_that_is_called_the_lead_stays_the_only_one(
    rendered: Render, head: Head, whole: Make
) -> None:
    lead = Image(url="https://images.example.org/lead.jpg")
    entry = _for_partner(whole(html=f'<img src="{FERRY}">', image=lead, enclosures=()))

    root = etree.fromstring(rendered(Format.RSS, entry, of=head(profile="smartnews")))

    assert [one.get("url") for one in root.iter(f"{{{MEDIA}}}thumbnail")] == [lead.url]
