"""JSON Feed -> Reading. A case is `data/json/<name>.json` beside `<name>.toml`.

The TOML names the fields of the reading, its head and its drafts that are not empty.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.model import Draft, Hints, Origin, Pace, Reading, SourceHead
from feedsvc.parsers.feed.json import read
from feedsvc.parsers.feed.refusals import NotAFeedError
from tests.large import MIB, memory, seconds, some
from tests.peak import PEAK
from tests.support import as_toml, said

DATA = Path(__file__).parent / "data" / "json"
CASES = sorted(DATA.glob("*.json"))
URL = "https://kueste.example.org/2025/feed.json"
VERSION = "https://jsonfeed.org/version/1.1"
_HEAD = f'{{"version": "{VERSION}", "items": ['


def reading(text: str, *, max_entries: int = 2_000, url: str | None = URL) -> Reading:
    hints = Hints(zone=ZoneInfo("Europe/Berlin"), language="de")
    return read(text, url=url, encoding="utf-8", hints=hints, max_entries=max_entries)


def feed(*items: object, **members: object) -> str:
    return json.dumps({"version": VERSION, "title": "Test", **members, "items": items})


def draft(**members: object) -> Draft:
    (only,) = reading(feed({"id": "1", **members})).drafts
    return only


def said_of(head: SourceHead) -> dict[str, Any]:
    found = {one.name: as_toml(getattr(head, one.name)) for one in fields(head)}
    assert head.pace == Pace()  # JSON Feed has no word for it
    return {name: value for name, value in found.items() if name != "pace" and value}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    expected = tomllib.loads(path.with_suffix(".toml").read_text(encoding="utf-8"))

    found = reading(path.read_text(encoding="utf-8"))

    assert [said(one) for one in found.drafts] == expected.get("drafts", [])
    assert said_of(found.head) == expected.get("head", {})
    assert list(found.problems) == expected.get("problems", [])
    assert (found.format, found.well_formed) == (expected["format"], expected["well_formed"])


def test_every_expectation_has_its_document() -> None:
    assert {path.stem for path in DATA.glob("*.toml")} == {path.stem for path in CASES}


# --- which documents are JSON Feeds ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "format", "doubted"),
    [
        pytest.param("https://jsonfeed.org/version/1", "json10", False, id="1.0"),
        pytest.param("https://jsonfeed.org/version/1.1", "json11", False, id="1.1"),
        pytest.param("http://jsonfeed.org/version/1.1", "json11", False, id="http"),
        pytest.param("https://www.jsonfeed.org/version/1/", "json10", False, id="www-and-slash"),
        pytest.param(" HTTPS://JSONFeed.org/version/1.1\n", "json11", False, id="case-and-space"),
        pytest.param("https://jsonfeed.org/version/2", "json11", True, id="a-later-one"),
        pytest.param("1.0", "json10", True, id="the-number-alone"),
        pytest.param(1.1, "json11", True, id="a-number"),
        pytest.param(1, "json10", True, id="a-whole-number"),
    ],
)
def test_the_version_is_read_as_people_write_it(
    version: object, format: str, doubted: bool
) -> None:
    found = reading(json.dumps({"version": version, "title": "T", "items": [{"id": "1"}]}))

    assert found.format == format
    assert bool(found.problems) is doubted


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"home_page_url": "https://example.org/", "items": []}, id="by-its-members"),
        pytest.param({"items": [{"id": 1, "content_html": "x"}]}, id="by-its-items"),
        pytest.param({"version": "", "items": [{"content_text": "x"}]}, id="with-an-empty-version"),
        pytest.param({"version": "2.0.1", "items": [{"date_published": 1}]}, id="with-an-odd-one"),
    ],
)
def test_a_feed_without_its_version_is_accepted_and_told(document: object) -> None:
    found = reading(json.dumps(document))

    assert found.format == "json11"
    assert found.well_formed
    assert "read as JSON Feed 1.1" in found.problems[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param('{"error": {"code": 404}, "message": ""}', "error, message", id="an-error"),
        pytest.param(
            '{"total_count": 1, "items": [{"id": 1, "url": "x", "title": "y"}]}',
            "JSON, but no JSON Feed: an object with total_count, items",
            id="the-answer-of-an-api",
        ),
        pytest.param('{"name": "x", "version": "1.1"}', "name, version", id="a-package"),
        pytest.param("{}", "JSON, but no JSON Feed: an object with no keys", id="an-empty-object"),
        pytest.param("[]", "JSON, but no JSON Feed: it is a list", id="a-list"),
        pytest.param("null", "JSON, but no JSON Feed: it is null", id="null"),
        pytest.param('"version"', "JSON, but no JSON Feed: it is a text", id="a-text"),
        pytest.param("17", "JSON, but no JSON Feed: it is a number", id="a-number"),
        pytest.param("", "not well-formed: expecting value (line 1)", id="nothing"),
        pytest.param("<html><body>Fehler", "not well-formed", id="a-page"),
        pytest.param(
            "<script>var a = {b: 1}</script>", "JSON, but no JSON Feed", id="a-page-with-a-script"
        ),
        pytest.param("{" * 1_000, "no JSON Feed", id="brackets"),
        pytest.param('{"\\u001b[31m": 1}', "an object with [31m", id="a-key-for-terminals"),
    ],
)
def test_all_else_is_refused_and_named(text: str, told: str) -> None:
    with pytest.raises(NotAFeedError) as refused:
        reading(text)

    assert told in str(refused.value)
    assert refused.value.hint
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize(
    ("items", "told"),
    [
        pytest.param(None, "has no items", id="null"),
        pytest.param("none", "items is a text, not a list", id="a-text"),
        pytest.param(3, "items is a number, not a list", id="a-number"),
        pytest.param([], None, id="an-empty-list"),
    ],
)
def test_a_feed_may_have_no_items(items: object, told: str | None) -> None:
    found = reading(json.dumps({"version": VERSION, "title": "T", "items": items}))

    assert found.drafts == ()
    assert found.problems == ((told,) if told else ())


def test_one_object_for_a_list_of_items_is_an_item() -> None:
    found = reading(json.dumps({"version": VERSION, "items": {"id": "a", "title": "b"}}))

    assert [one.id for one in found.drafts] == ["a"]


# --- single values --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        pytest.param("1", "1", id="a-whole-number"),
        pytest.param("1.0", "1", id="the-same-number-with-a-point"),
        pytest.param("1.5", "1.5", id="a-fraction"),
        pytest.param("-0", "0", id="nothing"),
        pytest.param("9007199254740993", "9007199254740993", id="more-than-a-double-holds"),
        pytest.param("7" * 5_000, "7" * 5_000, id="more-digits-than-python-converts"),
        pytest.param('" a b\\n"', "a b", id="a-text-is-trimmed"),
        pytest.param('"A%20b/Ä?x#Y"', "A%20b/Ä?x#Y", id="a-text-is-kept-as-it-is"),
        pytest.param("true", None, id="a-truth-is-none"),
        pytest.param("null", None, id="null-is-none"),
        pytest.param('"  "', None, id="blanks-are-none"),
        pytest.param("1e999", None, id="infinity-is-none"),
        pytest.param("[1]", None, id="a-list-is-none"),
    ],
)
def test_an_id_is_any_text_or_number(written: str, read_as: str | None) -> None:
    document = f'{{"version": "{VERSION}", "items": [{{"title": "T", "id": {written}}}]}}'

    (found,) = reading(document).drafts

    assert found.id == read_as


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        pytest.param("2025-03-01T08:00:00+01:00", "2025-03-01T07:00:00+00:00", id="rfc-3339"),
        pytest.param("2025-03-01T08:00:00.25Z", "2025-03-01T08:00:00.250000+00:00", id="fraction"),
        pytest.param("2025-03-01T08:00:00", "2025-03-01T07:00:00+00:00", id="in-the-sources-zone"),
        pytest.param("2025-03-01", "2025-02-28T23:00:00+00:00", id="a-day"),
        pytest.param("Sat, 01 Mar 2025 08:00:00 GMT", "2025-03-01T08:00:00+00:00", id="rfc-5322"),
        pytest.param("1. März 2025", "2025-02-28T23:00:00+00:00", id="in-words"),
        pytest.param(1740816000, "2025-03-01T08:00:00+00:00", id="seconds"),
        pytest.param(1740816000123, "2025-03-01T08:00:00+00:00", id="milliseconds"),
        pytest.param("1740816000", "2025-03-01T08:00:00+00:00", id="seconds-as-text"),
    ],
)
def test_dates_are_instants(written: object, instant: str) -> None:
    found = draft(date_published=written)

    assert found.published is not None
    assert found.published.isoformat() == instant
    assert found.warnings == ()


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("gestern", id="a-word"),
        pytest.param("2025-02-30T00:00:00Z", id="a-day-that-never-was"),
        pytest.param("0001-01-01T00:00:00Z", id="a-tools-word-for-none"),
        pytest.param("99999-01-01T00:00:00Z", id="the-year-99999"),
        pytest.param(5, id="a-small-number"),
        pytest.param(10**30, id="a-huge-number"),
        pytest.param(-1740816000, id="before-1970"),
        pytest.param(True, id="a-truth"),
        pytest.param(["2025-03-01"], id="a-list"),
        pytest.param("9" * 100_000, id="an-endless-text"),
    ],
)
def test_an_odd_date_costs_the_date(written: object) -> None:
    found = draft(date_published=written, date_modified="2025-03-01T08:00:00Z", title="Bleibt")

    assert (found.published, found.title) == (None, "Bleibt")
    assert found.updated is not None
    assert [line.partition(":")[0] for line in found.warnings] == ["date_published"]
    assert len(found.warnings[0]) < 200


@pytest.mark.parametrize(
    ("size", "length"),
    [
        pytest.param(0, 0, id="zero"),
        pytest.param("1024", 1024, id="a-text"),
        pytest.param(10.7, 11, id="a-fraction"),
        pytest.param(-5, None, id="less-than-nothing"),
        pytest.param(10**40, None, id="more-than-there-is"),
        pytest.param("groß", None, id="a-word"),
        pytest.param("nan", None, id="not-a-number"),
        pytest.param("inf", None, id="infinity"),
        pytest.param(False, None, id="a-truth"),
    ],
)
def test_sizes_are_counts_of_bytes(size: object, length: int | None) -> None:
    found = draft(attachments=[{"url": "/a.mp3", "size_in_bytes": size}])

    assert [one.length for one in found.enclosures] == [length]


@pytest.mark.parametrize(
    ("written", "address"),
    [
        pytest.param("/a", "https://kueste.example.org/a", id="from-the-host"),
        pytest.param("a", "https://kueste.example.org/2025/a", id="from-the-folder"),
        pytest.param("//cdn.example.net/a", "https://cdn.example.net/a", id="from-the-scheme"),
        pytest.param("?p=1", "https://kueste.example.org/2025/feed.json?p=1", id="a-query"),
        pytest.param(" https://example.org/ä ", "https://example.org/ä", id="whole-and-trimmed"),
        pytest.param("javascript:x", "javascript:x", id="a-script-is-left-to-the-filters"),
    ],
)
def test_addresses_start_where_the_document_was(written: str, address: str) -> None:
    found = draft(
        url=written,
        image=written,
        attachments=[{"url": written}],
        author={"name": "N", "url": written},
    )

    assert found.image is not None
    assert {
        found.link,
        found.image.url,
        found.enclosures[0].url,
        found.authors[0].uri,
    } == {address}


def test_without_an_address_of_its_own_relative_ones_stay_as_they_are() -> None:
    (found,) = reading(feed({"url": "/a"}), url=None).drafts

    assert (found.link, found.base) == ("/a", None)


def test_html_comes_before_text() -> None:
    assert draft(content_html="<p>H", content_text="T").html == "<p>H"
    assert draft(content_html="", content_text="T").html == "<p>T</p>"
    assert draft(content_html=None, content_text="T").html == "<p>T</p>"
    assert draft(content_html=[], content_text="T").html == "<p>T</p>"


def test_plain_text_holds_no_markup() -> None:
    found = draft(content_text="# Kein Titel\n\n<script>x</script>\n\n- kein Punkt")

    assert found.html == (
        "<p># Kein Titel</p>\n<p>&lt;script&gt;x&lt;/script&gt;</p>\n<p>- kein Punkt</p>"
    )


def test_the_last_of_two_equal_keys_counts() -> None:
    text = f'{_HEAD}{{"id": "1", "id": "2"}}], "title": "a", "title": "b"}}'

    found = reading(text)

    assert (found.drafts[0].id, found.head.title) == ("2", "b")


def test_half_a_character_costs_that_character() -> None:
    found = reading(f'{_HEAD}{{"id": "1", "title": "\\udc00"}}], "title": "A\\ud800b"}}')

    assert found.head.title == "Ab"
    assert found.well_formed
    assert [one.id for one in found.drafts] == ["1"]


# --- documents that are no JSON -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "well_formed"),
    [
        pytest.param("\ufeff{}", True, id="a-mark-in-front-is-allowed"),
        pytest.param("  \n{}\n\n", True, id="white-space-around-is-allowed"),
        pytest.param("{} and more", False, id="something-behind-it"),
        pytest.param("{}{}", False, id="a-second-document"),
        pytest.param("callback({});", False, id="jsonp"),
        pytest.param(")]}',\n{}", False, id="a-guard-against-scripts"),
        pytest.param("<b>Notice</b>: undefined index\n{}", False, id="a-warning-in-front"),
        pytest.param("/* made by hand { */ {}", False, id="a-comment-in-front"),
    ],
)
def test_what_stands_around_the_document_does_not_matter(written: str, well_formed: bool) -> None:
    document = feed({"id": "a"}, {"id": "b"})

    found = reading(written.replace("{}", document))

    assert [one.id for one in found.drafts] == ["a", "b"]
    assert found.well_formed is well_formed
    assert bool(found.problems) is not well_formed


@pytest.mark.parametrize(
    ("item", "kept"),
    [
        pytest.param('{"id": "x",}', {"id": "x"}, id="a-comma-too-many"),
        pytest.param('{"id": "x" "title": "T"}', {"id": "x", "title": "T"}, id="a-comma-missing"),
        pytest.param('{"id": NaN, "title": "T"}', {"title": "T"}, id="nan"),
        pytest.param('{"title": -Infinity, "id": "x"}', {"id": "x"}, id="infinity"),
        pytest.param('{"title": , "id": "x"}', {"id": "x"}, id="no-value"),
        pytest.param('{"title", "id": "x"}', {"id": "x"}, id="no-value-nor-colon"),
        pytest.param('{"title": what() "id": "x"}', {"id": "x"}, id="a-call"),
        pytest.param(
            '{"title": "a "b" c", "id": "x"}', {"id": "x", "title": 'a "b" c'}, id="quotes"
        ),
        pytest.param(
            '{"title": "5" lang", "id": "x"}', {"id": "x", "title": '5" lang'}, id="inches"
        ),
        pytest.param('{"title": "a\nb", "id": "x"}', {"id": "x", "title": "a\nb"}, id="a-newline"),
        pytest.param(
            '{"title": "a\nb", "id": "x",}', {"id": "x", "title": "a\nb"}, id="and-a-comma"
        ),
        pytest.param(
            r'{"title": "it\'s", "id": "x"}', {"id": "x", "title": "it's"}, id="an-escape"
        ),
        pytest.param(
            r'{"title": "\ud83c\udf0a \x", "id": "x"}',
            {"id": "x", "title": "🌊 x"},
            id="two-halves",
        ),
        pytest.param(
            '{"id": "x", "tags": ["a", "b"}', {"id": "x", "tags": ["a", "b"]}, id="a-list"
        ),
        pytest.param('{"id": "x"}}', {"id": "x"}, id="a-bracket-too-many"),
        pytest.param('{"id": "x"]', {"id": "x"}, id="the-wrong-bracket"),
        pytest.param('{"id": "x"', {"id": "x"}, id="no-bracket"),
        pytest.param('{"id": "x"\n"title": "T"}', {"id": "x", "title": "T"}, id="a-line-without"),
        pytest.param('{"id": 01, "title": "T"}', {"id": "1", "title": "T"}, id="a-leading-zero"),
        pytest.param('{"id": "x", "title": None}', {"id": "x"}, id="pythons-none"),
        pytest.param(
            '{"_x": ' + "[" * 50_000 + "]" * 50_000 + ', "id": "x"}', {"id": "x"}, id="a-deep-value"
        ),
        pytest.param(
            '{"_x": ' + '{"a":' * 50_000 + "1" + "}" * 50_000 + ', "id": "x"}',
            {"id": "x"},
            id="deep-objects",
        ),
    ],
)
def test_a_slip_costs_at_most_its_value(item: str, kept: dict[str, object]) -> None:
    text = f'{{"version": "{VERSION}", "items": [{{"id": "vor"}}, {item}, {{"id": "nach"}}]}}'

    found = reading(text)

    before, slipped, after = found.drafts
    assert (before.id, after.id) == ("vor", "nach")
    told = said(slipped)
    told.pop("base")
    assert told == kept
    assert not found.well_formed
    assert found.problems[0].startswith("the document is not well-formed: ")


def test_of_every_beginning_the_whole_items_are_kept() -> None:
    items = [{"id": str(number), "tags": ["a", "b"], "_x": {"y": [1]}} for number in range(5)]
    text = feed(*items)
    ends = [text.index(json.dumps(one)) + len(json.dumps(one)) for one in items]

    for length in range(text.index('"items"') + 8, len(text)):
        found = reading(text[:length])

        assert len(found.drafts) == sum(end <= length for end in ends)
        assert not found.well_formed
        assert found.head.title == "Test"


# --- bounds ---------------------------------------------------------------------------------------

_MANY = some(1_000_000)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: _HEAD + "[" * 5 * _MANY, id="lists-without-end"),
        pytest.param(lambda: _HEAD + '{"a":' * _MANY, id="objects-without-end"),
        pytest.param(lambda: _HEAD + '{"id": 1,},' * _MANY, id="a-comma-too-many-in-each"),
        pytest.param(lambda: _HEAD + '{"id": "' + '"' * 5 * _MANY, id="quotes"),
        pytest.param(lambda: _HEAD + '{"id": "' + "\\" * 5 * _MANY, id="backslashes"),
        pytest.param(lambda: _HEAD + '{"id": "' + '" ,' * 2 * _MANY, id="quotes-and-commas"),
        pytest.param(
            lambda: _HEAD + '{"id": "' + ('"' + " " * 99) * some(50_000), id="quotes-and-blanks"
        ),
        pytest.param(lambda: _HEAD + '{"id": "' + '"a" ' * _MANY, id="quotes-and-keys"),
        pytest.param(lambda: _HEAD + "/*" * 2 * _MANY, id="comments-without-end"),
        pytest.param(
            lambda: _HEAD + ("{" * 60 + "]" * 60) * some(40_000), id="brackets-that-do-not-fit"
        ),
        pytest.param(lambda: _HEAD + '{"id": 1' + "0" * 5 * _MANY + "},", id="a-long-number"),
        pytest.param(lambda: _HEAD + '{"id": 1' + ".0" * 2 * _MANY + "},", id="many-points"),
    ],
)
def test_no_document_is_slow_or_deep(make: Callable[[], str]) -> None:
    text = make()
    started = time.process_time()

    found = reading(text)

    assert time.process_time() - started < seconds(20)  # seen: a tenth of it
    assert not found.well_formed
    assert len(found.drafts) <= 2_000


_MEASURED = (
    PEAK
    + """
import sys
from feedsvc.model import Hints
from feedsvc.parsers.feed.json import read
part = sys.argv[1]
head = '{"version": "https://jsonfeed.org/version/1.1", "items": ['
text = head + part * (int(sys.argv[2]) // len(part)) + '{"id": 0}]}'
found = read(text, url=None, encoding="utf-8", hints=Hints(), max_entries=10)
print(len(found.drafts), peak())
"""
)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("part", "drafts"),
    [
        pytest.param('{"id":1},', 10, id="objects"),
        pytest.param("{},", 10, id="empty-objects"),
        pytest.param("[],", 0, id="lists"),
        pytest.param('"ab",', 1, id="texts"),
        pytest.param("1000,", 1, id="numbers"),
    ],
)
def test_megabytes_of_small_values_fit_into_memory(part: str, drafts: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, part, str(some(15_000_000))],
        capture_output=True,
        text=True,
        check=True,
    )

    found, used = map(int, done.stdout.split())
    assert found == drafts
    assert used < memory(400 * MIB)  # seen: at most two thirds of it


def test_of_100_000_items_the_first_are_read() -> None:
    found = reading(feed(*({"id": number} for number in range(100_000))), max_entries=50)

    assert [one.id for one in found.drafts] == [str(number) for number in range(50)]
    assert found.problems == ("holds 100000 items; only the first 50 were read",)


def test_100_000_rich_items_are_no_hostile_document() -> None:
    item = {
        "id": "https://kueste.example.org/2025/ein-artikel",
        "content_html": "<p>" + "Wort " * 30,
        "authors": [{"name": "Ida"}],
        "tags": ["Meer"],
        "attachments": [{"url": "/a.mp3", "mime_type": "audio/mpeg"}],
    }

    found = reading(feed(*[item] * 100_000), max_entries=1)

    assert found.well_formed
    assert found.problems == ("holds 100000 items; only the first 1 were read",)


def test_lists_inside_an_item_are_bounded() -> None:
    many = [f"wort{number}" for number in range(50_000)]

    found = draft(
        tags=many, authors=many, attachments=[f"/{one}.mp3" for one in many], title="Bleibt"
    )

    assert found.title == "Bleibt"
    assert (len(found.tags), len(found.authors), len(found.enclosures)) == (200, 200, 200)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
_MEMBERS = st.sampled_from(
    "id url external_url title content_html content_text summary image banner_image date_published "
    "date_modified author authors tags language attachments name size_in_bytes type hubs icon "
    "favicon home_page_url feed_url description expired".split()
)


@given(
    st.dictionaries(_MEMBERS, _json), st.lists(st.dictionaries(_MEMBERS, _json) | _json, max_size=3)
)
def test_any_value_in_any_place_is_read(
    top: dict[str, object], items: list[dict[str, object]]
) -> None:
    found = reading(feed(*items, **top))

    assert len(found.drafts) == sum(isinstance(one, dict) for one in items)


@given(st.text(alphabet='{}[],:"\\ \n1eax/*'))
def test_any_ill_formed_rest_leaves_what_was_before_it(rest: str) -> None:
    found = reading(f'{_HEAD}{{"id": "vorher"}}, {rest}')

    assert found.drafts[0].id == "vorher"


# -- whom an item is credited to -------------------------------------------------------------------


def test_our_own_extensions_are_read() -> None:
    source = {"id": "tag:kai.example.org,2025:f", "title": " Das  Kaiblatt ", "feed_url": "/f.json"}
    links = [{"url": "https://b.example.org/", "title": "B"}, {"url": "/c"}, {"title": "D"}, 7]
    links.append({"url": f"/{'e' * 2000}"})  # it would be cut
    found = draft(_source=source, _via={"links": links}, _rights={"text": "© Kai"})

    assert found.origin == Origin(
        id="tag:kai.example.org,2025:f",
        title="Das Kaiblatt",
        url="https://kueste.example.org/f.json",
    )
    assert found.extra == (
        ("atom:via", '{"href":"https://b.example.org/","title":"B"}'),
        ("atom:via", "https://kueste.example.org/c"),
    )
    assert found.rights == "© Kai"
    assert reading(feed(_rights={"text": "© alle"})).head.rights == "© alle"


@pytest.mark.parametrize("value", ["x", 7, [], [1], {}, {"links": 7}, {"title": 7.5e400}, None])
def test_what_others_mean_by_those_names_is_no_fault(value: object) -> None:
    found = draft(_source=value, _via=value, _rights=value)

    assert (found.origin, found.extra, found.rights, found.warnings) == (None, (), None, ())
