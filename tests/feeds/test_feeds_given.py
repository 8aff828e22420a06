"""`full_text = "given"`: an entry says what its source said, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from feedsvc.gate import check
from feedsvc.model import Enclosure, Entry, Format

Render = Callable[..., bytes]
Make = Callable[..., Entry]

NAMES = {
    "a": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
}
BODY = "<p>It runs again.</p>"
LINK = "https://news.example.org/ferry"
TITLE = "Ferry back in service"


def _texts(document: bytes, path: str) -> list[str]:
    return [str(one) for one in etree.fromstring(document).xpath(path, namespaces=NAMES)]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changes", "content", "summary"),
    [
        pytest.param({"html": BODY, "link": LINK}, [BODY], [], id="body-alone"),
        pytest.param({"html": BODY, "summary": "S"}, [BODY], ["S"], id="body-and-summary"),
        pytest.param({"html": "", "summary": "S", "link": LINK}, [], ["S"], id="summary-alone"),
        pytest.param({"html": "", "link": LINK}, [], [], id="title-alone"),
        # RFC 4287 §4.1.2: without a link to lead to, an entry has content.
        pytest.param({"html": "", "summary": "S"}, ["<p>S</p>"], ["S"], id="no-link"),
        pytest.param({"html": ""}, [f"<p>{TITLE}</p>"], [], id="no-link-and-no-words"),
    ],
)
def test_atom_holds_what_was_given(
    rendered: Render, sparse: Make, changes: dict[str, Any], content: list[str], summary: list[str]
) -> None:
    document = rendered(Format.ATOM, sparse(**changes), full_text="given")

    assert _texts(document, "a:entry/a:content/text()") == content
    assert _texts(document, "a:entry/a:summary/text()") == summary
    assert [finding for finding in check(document, "atom") if finding.error] == []


@pytest.mark.parametrize(
    ("changes", "encoded", "description"),
    [
        pytest.param({"html": BODY, "link": LINK}, [], [BODY], id="body-alone"),
        pytest.param({"html": BODY, "summary": "S"}, [BODY], ["S"], id="body-and-summary"),
        pytest.param({"html": "", "summary": "S", "link": LINK}, [], ["S"], id="summary-alone"),
        pytest.param({"html": "", "link": LINK}, [], [], id="title-alone"),
        pytest.param({"html": "", "link": LINK, "title": ""}, [], [LINK], id="only-a-link"),
    ],
)
def test_rss_holds_what_was_given(
    rendered: Render,
    sparse: Make,
    changes: dict[str, Any],
    encoded: list[str],
    description: list[str],
) -> None:
    document = rendered(Format.RSS, sparse(**changes), full_text="given")

    assert _texts(document, "channel/item/content:encoded/text()") == encoded
    assert _texts(document, "channel/item/description/text()") == description
    assert check(document, "rss") == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"html": BODY, "link": LINK}, {"content_html": BODY}, id="body-alone"),
        pytest.param(
            {"html": BODY, "summary": "S"}, {"content_html": BODY, "summary": "S"}, id="both"
        ),
        # JSON Feed 1.1, items: one of content_html and content_text has to be there.
        pytest.param(
            {"html": "", "summary": "S", "link": LINK}, {"content_text": "S"}, id="summary-alone"
        ),
        pytest.param({"html": "", "link": LINK}, {"content_text": TITLE}, id="title-alone"),
    ],
)
def test_json_holds_what_was_given(
    rendered: Render, sparse: Make, changes: dict[str, Any], said: dict[str, str]
) -> None:
    document = rendered(Format.JSON, sparse(**changes), full_text="given")

    (item,) = json.loads(document)["items"]
    names = ("content_html", "content_text", "summary")
    assert {name: item[name] for name in names if name in item} == said
    assert check(document, "json") == ()


@pytest.mark.parametrize("format", list(Format))
def test_no_picture_is_put_into_the_text(rendered: Render, whole: Make, format: Format) -> None:
    pictures = (Enclosure(url="https://news.example.org/dock.png"),)

    given = rendered(format, whole(enclosures=pictures), full_text="given")
    full = rendered(format, whole(enclosures=pictures), full_text=True)

    assert b"figure" not in given
    assert b"figure" in full
