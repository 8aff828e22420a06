"""The filter that makes any draft fit to be stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsvc.filters.clean import clean
from feedsvc.model import Draft, Enclosure, Image, Origin, Person

BASE = "https://example.org/texte/"


def cleaned(
    draft: Draft,
    *,
    base: str | None = BASE,
    tags: tuple[str, ...] = (),
    language: str | None = None,
) -> Draft:
    return clean(draft, base=base, tags=tags, language=language)


def test_a_clean_draft_comes_out_as_it_went_in() -> None:
    draft = Draft(
        title="Größe",
        html="<p>Text</p>",
        id="tag:example.org,2025:x",
        link="https://example.org/x",
        summary="Kurz.",
        published=datetime(2025, 1, 6, tzinfo=UTC),
        authors=(Person(name="Anna Muster", email="anna@example.org"),),
        tags=("a", "b"),
        language="de",
        image=Image(url="https://example.org/b.png", caption="B"),
        enclosures=(Enclosure(url="https://example.org/a.mp3", type="audio/mpeg", length=1),),
        extra=(("Kommentar", "x"),),
        warnings=("etwas",),
    )

    assert cleaned(draft) == draft


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        pytest.param(
            "title", " Gro\u0308ße\n der\x00 Stadt ", "Größe der Stadt", id="one-line-in-nfc"
        ),
        pytest.param("title", "a < b & c", "a < b & c", id="plain-text-stays-plain"),
        pytest.param("title", "wort " * 500, "wort " * 199 + "wort…", id="a-title-is-bounded"),
        pytest.param("title", "\u200b", "", id="nothing-to-see"),
        pytest.param("subtitle", "  ", None, id="blank-is-nothing"),
        pytest.param("id", " a  b ", "a b", id="an-id-on-one-line"),
        pytest.param("link", "x", "https://example.org/texte/x", id="a-relative-link"),
        pytest.param("link", "javascript:x", None, id="no-link"),
        pytest.param("language", "de_AT", "de-AT", id="a-language"),
        pytest.param("language", "quatsch", None, id="no-language"),
        pytest.param("html", "<p onclick=x>a", "<p>a</p>", id="html-is-sanitised"),
        pytest.param("tags", ("A", "a", " ", "ä", "a\u0308"), ("A", "ä"), id="tags-once"),
        pytest.param(
            "published", datetime(1, 1, 1, tzinfo=UTC), None, id="a-tool's-word-for-no-date"
        ),
        pytest.param(
            "published",
            datetime.max.replace(tzinfo=timezone(timedelta(hours=-9))),
            None,
            id="a-date-beyond-the-calendar",
        ),
        pytest.param(
            "published",
            datetime(2025, 1, 6, 12, tzinfo=timezone(timedelta(hours=1))),
            datetime(2025, 1, 6, 11, tzinfo=UTC),
            id="times-are-in-utc",
        ),
        pytest.param("image", Image(url="b.png"), Image(url=f"{BASE}b.png"), id="a-relative-image"),
        pytest.param("image", Image(url="data:x", caption="y"), None, id="no-image"),
        pytest.param(
            "authors",
            (
                Person(name=" Anna  Muster", email="mailto:anna@example.org"),
                Person(name="anna muster", email="x", uri="/anna"),
                Person(name="", email="ben@example.org"),
                Person(name=" "),
            ),
            (
                Person(
                    name="Anna Muster", email="anna@example.org", uri="https://example.org/anna"
                ),
                Person(name="ben@example.org", email="ben@example.org"),
            ),
            id="people-once",
        ),
        pytest.param(
            "enclosures",
            (
                Enclosure(url="a.mp3", length=-1, duration=2),
                Enclosure(url=f"{BASE}a.mp3"),
                Enclosure(url="b", type="Audio/OGG; codecs=opus"),
                Enclosure(url="c.xyz", type="?"),
                Enclosure(url="file:///etc"),
            ),
            (
                Enclosure(url=f"{BASE}a.mp3", type="audio/mpeg", duration=2),
                Enclosure(url=f"{BASE}b", type="audio/ogg"),
                Enclosure(url=f"{BASE}c.xyz"),
            ),
            id="media-once",
        ),
        pytest.param(
            "extra",
            (("a", " b "), ("a", "b"), ("c", " "), ("", "d")),
            (("a", "b"), ("", "d")),
            id="extra",
        ),
    ],
)
def test_one_field(field: str, value: Any, expected: Any) -> None:
    draft = replace(Draft(title="x"), **{field: value})

    assert getattr(cleaned(draft), field) == expected


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        pytest.param("link", "javascript:x", "no address", id="link"),
        pytest.param("image", Image(url="//["), "no address", id="image"),
        pytest.param("enclosures", (Enclosure(url="data:x"),), "no address", id="enclosure"),
        pytest.param("language", "quatsch", "no language", id="language"),
        pytest.param("updated", datetime(1, 1, 1, tzinfo=UTC), "no date", id="date"),
    ],
)
def test_what_is_left_out_is_told(field: str, value: Any, word: str) -> None:
    (warning,) = cleaned(replace(Draft(title="x"), **{field: value})).warnings

    assert word in warning
    assert warning.startswith(field.rstrip("s"))


def test_addresses_start_at_the_article_s_own_link() -> None:
    draft = Draft(title="x", html="<img src=b.png>", link="/neu/x.html", image=Image(url="c.png"))

    result = cleaned(draft)

    assert result.link == "https://example.org/neu/x.html"
    assert result.html == '<img src="https://example.org/neu/b.png">'
    assert result.image == Image(url="https://example.org/neu/c.png")


def test_without_any_base_relative_addresses_are_left_out() -> None:
    draft = Draft(title="x", html="<a href=y>z</a>", link="/x", image=Image(url="b.png"))

    result = cleaned(draft, base=None)

    assert (result.link, result.image, result.html) == (None, None, "<a>z</a>")
    assert all("relative" in warning for warning in result.warnings)


def test_the_source_adds_its_tags_and_its_language() -> None:
    draft = Draft(title="x", tags=("Stadt",))

    result = cleaned(draft, tags=("stadt", "Land"), language="de")

    assert result.tags == ("Stadt", "Land")
    assert result.language == "de"
    assert cleaned(replace(draft, language="fr"), language="de").language == "fr"


def test_ids_too_long_stay_apart() -> None:
    one, other = (cleaned(Draft(title="x", id="i" * 5_000 + end)).id for end in "ab")

    assert one is not None
    assert len(one) == 2_000
    assert one != other


TEXT = st.text(max_size=20) | st.sampled_from(
    ["", " ", "//[", "javascript:x", "\ud800", "\x00", "x" * 3_000, "e\u0301",
     "\u200b", "&#13;", "<p>\u0338"]
)  # fmt: skip
MAYBE = st.none() | TEXT
WHEN = st.none() | st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14))]))
NUMBER = st.none() | st.integers()


@settings(max_examples=200)
@given(
    draft=st.builds(
        Draft,
        title=TEXT,
        html=TEXT,
        id=MAYBE,
        link=MAYBE,
        summary=MAYBE,
        subtitle=MAYBE,
        published=WHEN,
        updated=WHEN,
        authors=st.lists(st.builds(Person, name=TEXT, email=MAYBE, uri=MAYBE), max_size=4).map(
            tuple
        ),
        tags=st.lists(TEXT, max_size=5).map(tuple),
        section=MAYBE,
        language=MAYBE,
        image=st.none() | st.builds(Image, url=TEXT, caption=MAYBE, credit=MAYBE),
        enclosures=st.lists(
            st.builds(Enclosure, url=TEXT, type=MAYBE, length=NUMBER, duration=NUMBER), max_size=3
        ).map(tuple),
        rights=MAYBE,
        extra=st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
        warnings=st.lists(TEXT, max_size=3).map(tuple),
    ),
    base=st.sampled_from([None, BASE, "quatsch"]),
)
def test_any_draft_can_be_cleaned_and_only_once(draft: Draft, base: str | None) -> None:
    once = cleaned(draft, base=base, tags=("a",), language="de")

    assert cleaned(once, base=base, tags=("a",), language="de") == once


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param(Origin(), id="nothing-said"),
        pytest.param(Origin(title=" ", url="javascript:alert(1)"), id="nothing-usable"),
    ],
)
def test_an_origin_that_names_nobody_is_none(origin: Origin) -> None:
    # It is stored as none: else its article would differ from itself at every reading.
    found = clean(Draft(title="Nebel"), base=None, tags=(), language=None, origin=origin)

    assert found.origin is None
