"""What other people's feeds hold, on its way from a draft to a document: valid, whatever it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import etree

from feedsvc.decide import Authority, Policy, first_seen, stable_key
from feedsvc.errors import RenderError
from feedsvc.feeds.atom import AtomFormat
from feedsvc.feeds.rss import RssFormat
from feedsvc.filters.clean import clean
from feedsvc.gate import check
from feedsvc.model import Draft, Enclosure, Entry, FeedHead, Format, Image, Origin, Person
from feedsvc.ports import Renderer

NOW = datetime(2025, 5, 2, 7, 30, tzinfo=UTC)
AUTHORITY = Authority(domain="news.example.org", since="2025")
BASE = "https://tides.example.net/feed.xml"
WORDS = "Fog on the river"
LONG = "fog " * 40_000

# What a publisher cannot mend without saying something else than the source did; `&#0;` is U+FFFD
# to HTML (§13.2.5.80).
WARNINGS = {
    "characters-suspicious", "date-implausible", "id-not-canonical", "size-large", "size-huge",
}  # fmt: skip

SCRIPTS = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)",
    "]]><entry>", "<![CDATA[x]]>", "</p></content></entry>", "<!--", "&#0;&#x1b;[31m", "{{7*7}}",
    "${jndi:ldap://a}", "\x1b]0;title\x07", "\ud83d", "\ufffe\uffff\x00", "\u202egnp.exe", "",
    "   ", "\u200b", "a\u0301" * 500, LONG, "<a href='data:text/html,x'>x</a>", "  <entry",
    "&lt;b&gt;&amp;amp;", "<svg/onload=alert(1)>", "<b>bold</b> & <i>more", "1 < 2 & 3 > 2",
    "    <item",
)  # fmt: skip
ADDRESSES = (
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "//tides.example.net/a",
    "/a", "?a", "#", "", "http://", "http://[", "http://[::1]/a", "https://a b/c d", "a" * 9_000,
    "https://tides.example.net/größe?q=ä#ö", "http://user:pw@tides.example.net:80/%zz%C3",
    "https://tides.example.net/a|b<c>\"d\"", "feed:https://tides.example.net/", "ftp://x/y",
    "https://xn--/", "https://tides.example.net\\a", "\thttps://tides.example.net/a\n",
)  # fmt: skip
MOMENTS = (
    datetime(1, 1, 1, tzinfo=UTC), datetime(1899, 12, 31, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), datetime(1900, 1, 1, tzinfo=UTC),
    datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC),
    datetime(9999, 12, 31, tzinfo=timezone(timedelta(hours=-14))),
    datetime(2025, 5, 1, tzinfo=timezone(timedelta(hours=23, minutes=59))),
    datetime(1890, 5, 1, tzinfo=ZoneInfo("Europe/Amsterdam")),
)  # fmt: skip
LANGUAGES = ("english", "de_DE", "x-klingon", "zz", "bar", "", "\x00", "en" * 200, "zh-Hant-TW")


def _drafts() -> Iterator[Draft]:
    """Hostile and odd drafts: one thing wrong, then everything at once."""
    plain = Draft(title=WORDS, html=f"<p>{WORDS}</p>", link="https://tides.example.net/1")
    for text in SCRIPTS:
        person = Person(name=text, email=text, uri=text)
        yield replace(
            plain, title=text, html=text, summary=text, subtitle=text, id=text, rights=text,
            authors=(person, person), tags=(text, text + "!"), section=text, agency=text,
            origin=Origin(id=text, title=text, url=text, link=text, rights=text),
        )  # fmt: skip
        yield replace(plain, title="", html=text)
    for address in ADDRESSES:
        yield replace(
            plain, id=address, link=address, html=f'<a href="{address}">x</a><img src="{address}">',
            image=Image(url=address, caption=address), authors=(Person(name="A", uri=address),),
            enclosures=(Enclosure(url=address), Enclosure(url=address, type="a b", length=-1)),
            origin=Origin(url=address, link=address),
        )  # fmt: skip
    for moment in MOMENTS:
        yield replace(plain, published=moment)
        yield replace(plain, published=moment, updated=moment, origin=Origin(updated=moment))
    for language in LANGUAGES:
        yield replace(plain, language=language)
    yield Draft(title="")
    yield Draft(title="", link="https://tides.example.net/2")
    yield Draft(title="", html="<img src=https://tides.example.net/i.jpg>")
    yield replace(plain, tags=tuple(f"tag {n}, and <b>{n}</b>" for n in range(400)))
    yield replace(plain, authors=tuple(Person(name=f"Person {n} <b>") for n in range(400)))
    yield replace(plain, html="<div>" * 10_000 + WORDS)
    many = tuple(
        Enclosure(url=f"https://tides.example.net/{n}{end}", type=kind, length=length)
        for n in range(10)
        for end, kind, length in (("", None, None), (".mp3", "audio/mpeg", 2**60), (".b", "x/y", 0))
    )
    yield replace(plain, enclosures=many)


def _articles() -> list[Entry]:
    found = []
    for number, draft in enumerate(_drafts()):
        known = clean(draft, base=BASE, tags=("tides",), language="de")
        key = stable_key(known, f"{number}")
        guid = AUTHORITY.mint("tides", f"{key};{number}")
        article = first_seen(
            known, source="tides", key=key, guid=guid, link=known.link,
            policy=Policy(future="clamp"), now=NOW,
        )  # fmt: skip
        found.append(Entry(article=article, zone=ZoneInfo("Europe/Berlin")))
    return found


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    return _articles()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("full_text", [True, False], ids=["full", "excerpt"])
@pytest.mark.parametrize("format", list(Format))
def test_hostile_drafts_become_valid_documents(
    renderers: dict[Format, Renderer],
    head: Callable[..., FeedHead],
    entries: list[Entry],
    format: Format,
    full_text: bool,
) -> None:
    fragments = renderers[format].fragments(entries, full_text=full_text)

    assert len(entries) > 100
    assert [fragment for fragment in fragments if isinstance(fragment, RenderError)] == []
    document = renderers[format].document(head(), fragments)  # type: ignore[arg-type]
    found = check(document, format.value)
    assert [finding for finding in found if finding.error] == []
    assert {finding.code for finding in found} <= WARNINGS
    if isinstance(renderer := renderers[format], AtomFormat | RssFormat):
        assert document == renderer.whole(head(), entries, full_text=full_text)


def test_entries_that_share_a_link_stay_two_entries(
    rendered: Callable[..., bytes], whole: Callable[..., Entry]
) -> None:
    twins = [whole(guid="urn:x-test:1"), whole(guid="urn:x-test:2", title="The other one")]

    for format in Format:
        assert check(rendered(format, *twins), format.value) == ()


def test_each_entry_says_its_own_language(
    rendered: Callable[..., bytes], sparse: Callable[..., Entry], head: Callable[..., FeedHead]
) -> None:
    entries = [sparse(guid=f"urn:x-test:{tag}", language=tag) for tag in ("de-AT", "zh-Hant")]
    of = head(language="en")

    def found(document: bytes, path: str) -> Any:
        return etree.fromstring(document).xpath(path)

    atom, rss = rendered(Format.ATOM, *entries, of=of), rendered(Format.RSS, *entries, of=of)
    items = json.loads(rendered(Format.JSON, *entries, of=of))["items"]

    assert found(atom, "//@xml:lang") == ["en", "de-AT", "zh-Hant"]
    said = chain(found(rss, "//language/text()"), found(rss, "//*[name()='dc:language']/text()"))
    assert list(said) == ["en", "de-AT", "zh-Hant"]
    assert [item["language"] for item in items] == ["de-AT", "zh-Hant"]
