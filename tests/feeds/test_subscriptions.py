"""Sources -> OPML 2.0, and back through our own reader."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.feeds.subscriptions import Subscription, subscriptions
from feedsvc.gate import check
from feedsvc.parsers.opml import Outline, read
from feedsvc.text.clean import normalise, one_line

CREATED = datetime(2025, 3, 1, 8, 0, tzinfo=UTC)


def exported(*sources: Subscription, title: str = "Quellen") -> bytes:
    return subscriptions(sources, title=title, created=CREATED)


def source(number: int, **more: object) -> Subscription:
    told = {"title": f"Quelle {number}", "url": f"https://example.org/{number}", **more}
    return Subscription(**told)  # type: ignore[arg-type]


def test_the_document() -> None:
    data = exported(
        source(
            1,
            title='Ebbe & "Flut" <neu>',
            link="https://example.org/?a=1&b=2",
            language="de-AT",
            description="Vom Wasser",
            tags=("Meer", "Wind, Wetter", "Meer"),
        ),
        source(2, folder=("Küste", "Häfen")),
        source(3),
        source(4, folder=("Küste",)),
        source(5, folder=("Küste", "Häfen"), description="Quelle 5"),
        title="Was wir\nlesen",
    )

    assert data.decode() == (
        """<?xml version='1.0' encoding='UTF-8'?>
<opml version="2.0">
  <head>
    <title>Was wir lesen</title>
    <dateCreated>Sat, 01 Mar 2025 08:00:00 +0000</dateCreated>
  </head>
  <body>
    <outline text="Ebbe &amp; &quot;Flut&quot; &lt;neu&gt;" """
        """title="Ebbe &amp; &quot;Flut&quot; &lt;neu&gt;" type="rss" """
        """xmlUrl="https://example.org/1" htmlUrl="https://example.org/?a=1&amp;b=2" """
        """description="Vom Wasser" language="de-AT" category="Meer,Wind Wetter"/>
    <outline text="Küste" title="Küste">
      <outline text="Häfen" title="Häfen">
        <outline text="Quelle 2" title="Quelle 2" type="rss" xmlUrl="https://example.org/2"/>
        <outline text="Quelle 5" title="Quelle 5" type="rss" xmlUrl="https://example.org/5"/>
      </outline>
      <outline text="Quelle 4" title="Quelle 4" type="rss" xmlUrl="https://example.org/4"/>
    </outline>
    <outline text="Quelle 3" title="Quelle 3" type="rss" xmlUrl="https://example.org/3"/>
  </body>
</opml>
"""
    )


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(source(1, title=""), id="no-title"),
        pytest.param(source(1, title="\x00 \ud800"), id="a-title-xml-cannot-hold"),
        pytest.param(source(1, folder=("", " ", "A")), id="folders-without-a-name"),
        pytest.param(source(1, tags=(",", "", " a\x0bb ")), id="tags-without-a-word"),
        pytest.param(source(1, link="", language="", description=""), id="empty-fields"),
    ],
)
def test_every_document_is_one_a_validator_accepts(odd: Subscription) -> None:
    data = exported(odd)

    assert check(data, "opml") == ()
    assert [one.url for one in read(data, url=None).outlines] == ["https://example.org/1"]


def test_an_odd_address_does_not_break_the_document() -> None:
    data = exported(source(1, url="https://example.org/\x01?a=<b>&'\""))

    (found,) = read(data, url=None).outlines
    assert found.url == "https://example.org/?a=%3Cb%3E&'%22"


def test_a_list_of_nothing_is_a_document() -> None:
    data = subscriptions((), title="Leer", created=None)

    assert b"dateCreated" not in data
    assert read(data, url=None).title == "Leer"


def test_the_moment_is_told_in_the_zone_it_was_given_in() -> None:
    moment = CREATED.astimezone(timezone(timedelta(hours=2)))

    data = subscriptions((), title="Zeit", created=moment)

    assert b"<dateCreated>Sat, 01 Mar 2025 10:00:00 +0200</dateCreated>" in data


def test_equal_sources_are_equal_bytes() -> None:
    sources = [source(number, folder=("A", str(number % 3))) for number in range(50)]

    assert exported(*sources) == exported(*sources)


def clean(text: str) -> str:
    return one_line(normalise(text))


_words = st.text(st.characters(codec="utf-8"), max_size=20).map(clean)
_folders = st.lists(_words.filter(bool), max_size=4).map(tuple)
_tags = st.lists(
    _words.map(lambda word: clean(word.replace(",", " ").strip("/ "))), max_size=3
).map(lambda words: tuple(dict.fromkeys(word for word in words if word)))
_sources = st.lists(
    st.builds(
        Subscription,
        title=_words.filter(bool),
        url=st.integers(0, 10**6).map(lambda number: f"https://example.org/{number}?a=1&b=%3C"),
        link=st.none() | st.just("https://example.org/'x'"),
        language=st.none() | st.sampled_from(["de", "en-GB", "zh-Hant-TW"]),
        description=st.none() | st.just("Beschreibung & mehr"),
        folder=_folders,
        tags=_tags,
    ),
    unique_by=lambda one: one.url,
    max_size=12,
)


@given(_sources, _words)
def test_what_is_exported_is_read_again(sources: list[Subscription], title: str) -> None:
    found = read(exported(*sources, title=title), url=None)

    assert found.well_formed
    assert found.title == (title or None)
    assert {one.url: one for one in found.outlines} == {
        one.url: Outline(
            url=one.url,
            title=one.title,
            link=one.link,
            folder=one.folder,
            tags=one.tags,
            type="rss",
            language=one.language,
            description=one.description if one.description != one.title else None,
        )
        for one in sources
    }
    assert all(
        [one.url for one in found.outlines if one.folder == folder]
        == [one.url for one in sources if one.folder == folder]
        for folder in {one.folder for one in sources}
    )
