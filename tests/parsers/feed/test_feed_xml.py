"""XML feeds -> Reading. A case is `data/xml/<name>.xml` beside `<name>.toml`.

The TOML names the fields of the reading, its head and its drafts that are not empty; a case whose
name begins with `broken` is not well-formed, nor is one that needs the entities of its DOCTYPE.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.errors import ParseError
from feedsvc.model import Draft, Hints, Pace, Reading, SourceHead
from feedsvc.parsers.feed import DoubtfulError, NotAFeedError, read
from feedsvc.parsers.feed.document import read_tree
from feedsvc.parsers.feed.media import duration
from feedsvc.parsers.feed.mend import mend
from feedsvc.parsers.feed.tree import Tree, repaired, strict
from tests.large import MIB, memory, some
from tests.peak import PEAK
from tests.support import as_toml, said

DATA = Path(__file__).parent / "data" / "xml"
CASES = sorted(DATA.glob("*.xml"))
URL = "https://feeds.example.org/dir/feed.xml"
ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
HINTS = Hints(language="de", zone=ZoneInfo("Europe/Berlin"))


def reading(data: bytes | str, *, max_entries: int = 2_000, **answer: str) -> Reading:
    written = data.encode() if isinstance(data, str) else data
    return read(written, url=URL, hints=HINTS, max_entries=max_entries, **answer)


def rss(*items: str, head: str = "<title>Test</title>") -> str:
    entries = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0"><channel>{head}{entries}</channel></rss>'


def draft(item: str) -> Draft:
    (only,) = reading(rss(item)).drafts
    return only


# --- cases


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    expected = tomllib.loads(path.with_suffix(".toml").read_text(encoding="utf-8"))

    found = reading(path.read_bytes())

    assert told(found) == expected
    assert found.well_formed is not path.stem.startswith(("broken", "doctype"))


def told(found: Reading) -> dict[str, Any]:
    parts = {
        "format": found.format,
        "encoding": found.encoding,
        "well_formed": found.well_formed,
        "problems": list(found.problems),
        "deleted": as_toml(found.deleted),
        "head": told_of_head(found.head),
        "drafts": [said(draft) for draft in found.drafts],
    }
    return {name: value for name, value in parts.items() if value != [] or name == "drafts"}


def told_of_head(head: SourceHead) -> dict[str, Any]:
    parts = {one.name: as_toml(getattr(head, one.name)) for one in fields(head)}
    parts["pace"] = told_of_pace(head.pace)
    return {name: value for name, value in parts.items() if value}


def told_of_pace(pace: Pace) -> dict[str, Any]:
    parts = {
        "ttl": int(pace.ttl.total_seconds()) if pace.ttl else None,
        "every": int(pace.every.total_seconds()) if pace.every else None,
        "skip_hours": sorted(pace.skip_hours),
        "skip_days": sorted(pace.skip_days),
    }
    return {name: value for name, value in parts.items() if value}


# --- the two tiers


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_both_tiers_read_the_same(path: Path) -> None:
    data = path.read_bytes()
    first, second = strict(data), repaired(data)
    if isinstance(first, str):
        assert path.stem.startswith(("broken", "doctype", "rss091"))
        return

    assert second is not None
    assert second.well_formed
    assert by_tree(second, data) == by_tree(first, data)


def by_tree(tree: Tree, data: bytes) -> Reading | None:
    return read_tree(tree, data=data, encoding="utf-8", url=URL, hints=HINTS, max_entries=50)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_was_mended_needs_no_more_mending(path: Path) -> None:
    once = mend(path.read_bytes())

    assert once is not None
    again = mend(once.data)
    assert again is not None
    assert again.data == once.data
    assert not again.touched


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_document_cut_anywhere_gives_no_half_entry(path: Path) -> None:
    data = path.read_bytes()
    whole = {(one.id, one.link, one.title) for one in reading(data).drafts}
    odd = []

    for end in range(0, len(data), 37):
        try:
            found = reading(data[:end])
        except ParseError:
            continue
        odd += [one for one in found.drafts if (one.id, one.link, one.title) not in whole]

    # An entry that never ends is taken to end where the next begins, when that is there to see.
    assert [one.id for one in odd if not path.stem.startswith("broken")] == []


_PIECES = st.sampled_from(
    [
        *("<item>", "</item>", "<title>", "</title>", "<channel>", "</channel>", "</rss>", "<br>"),
        *("<![CDATA[", "]]>", "<!--", "-->", "<?x", "?>", "&", "&uuml;", "<", ">", '"', "a='", "x"),
        *(
            "<guid>1</guid>",
            "<dc:creator>",
            "<a b=c>",
            "<!DOCTYPE x [",
            "\0",
            "\x1b",
            "ä",
            "\ufffe",
        ),
    ]
)


@given(st.lists(_PIECES, max_size=30))
def test_whatever_follows_the_root_is_read_or_refused(pieces: list[str]) -> None:
    data = ('<rss version="2.0"><channel>' + "".join(pieces)).encode()

    mended = mend(data)

    assert mended is not None
    assert not isinstance(strict(mended.data), str)
    with suppress(ParseError):
        assert reading(data).format == "rss20"


# --- encodings

_WORDS = "Größe – “naïve” 10 €"


def encoded(encoding: str, *, declared: str | None = None, text: str = _WORDS) -> bytes:
    opening = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    return (opening + rss(f"<title>{text}</title>")).encode(encoding)


@pytest.mark.parametrize(
    ("data", "charset", "encoding"),
    [
        pytest.param(encoded("utf-8"), None, "utf-8", id="what-says-nothing-is-utf-8"),
        pytest.param(encoded("utf-8-sig"), "iso-8859-1", "utf-8", id="a-bom-wins-over-all"),
        pytest.param(encoded("utf-16"), None, "utf-16-le", id="utf-16-by-its-bom"),
        pytest.param(encoded("utf-16-be", declared="utf-16"), None, "utf-16-be", id="by-its-nuls"),
        pytest.param(encoded("utf-32-le"), "utf-8", "utf-32-le", id="utf-32-by-its-nuls"),
        pytest.param(
            encoded("cp1252", declared="windows-1252"), None, "cp1252", id="the-declaration"
        ),
        pytest.param(
            encoded("cp1252", declared="ISO-8859-1"), None, "cp1252", id="latin-1-means-cp1252"
        ),
        pytest.param(
            encoded("cp1252", declared="koi8-r"),
            "windows-1252",
            "cp1252",
            id="the-answer-wins-over-the-declaration",
        ),
        pytest.param(
            encoded("utf-8", declared="utf-8"),
            "iso-8859-1",
            "utf-8",
            id="bytes-of-utf-8-win-over-a-server-that-says-latin-1",
        ),
    ],
)
def test_a_text_is_read_in_its_encoding(data: bytes, charset: str | None, encoding: str) -> None:
    found = read(data, url=URL, charset=charset, hints=HINTS, max_entries=10)

    assert found.drafts[0].title == _WORDS
    assert found.encoding == encoding
    assert found.well_formed


@pytest.mark.parametrize(
    ("label", "text"),
    [
        pytest.param("koi8-r", "Привет, мир", id="koi8-r"),
        pytest.param("iso-8859-2", "Zażółć gęślą jaźń", id="latin-2"),
        pytest.param("shift_jis", "ニュースの見出し", id="shift-jis"),
        pytest.param("iso-2022-jp", "ニュースの見出し", id="iso-2022-jp"),
        pytest.param("gb2312", "新闻标题", id="gb2312"),
        pytest.param("euc-kr", "뉴스 제목", id="euc-kr"),
    ],
)
def test_declared_encodings_of_many_languages(label: str, text: str) -> None:
    found = reading(encoded(label, declared=label, text=text))

    assert found.drafts[0].title == text


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(encoded("utf-8", declared="bogus"), "unknown encoding", id="unknown-name"),
        pytest.param(encoded("utf-8", declared="utf-7"), "no feed may have", id="utf-7"),
        pytest.param(encoded("utf-8", declared="hex"), "unknown encoding", id="no-text-encoding"),
        pytest.param(encoded("cp1252", declared="utf-8"), "cp1252", id="not-what-it-says"),
        pytest.param(encoded("cp1252"), "guess", id="not-utf-8-and-says-nothing"),
        pytest.param(
            encoded("utf-8", text=_WORDS * 20)[:-60] + b"\xff" + encoded("utf-8")[-60:],
            "U+FFFD",
            id="one-bad-byte",
        ),
        pytest.param(
            encoded("utf-16")[:-21] + b"\xd8" + encoded("utf-16")[-20:], "U+FFFD", id="torn-utf-16"
        ),
    ],
)
def test_an_encoding_that_is_wrong_is_told(data: bytes, said: str) -> None:
    found = reading(data)

    assert said in " ".join(found.problems)
    assert not found.well_formed


def test_the_list_of_the_source_is_asked_before_guessing() -> None:
    hints = Hints(encodings=("iso-8859-2",))

    found = read(
        encoded("iso-8859-2", text="Zażółć gęślą jaźń"), url=URL, hints=hints, max_entries=10
    )

    assert found.drafts[0].title == "Zażółć gęślą jaźń"
    assert found.problems == ("nothing says that it is iso8859-2",)


def test_nuls_and_controls_are_taken_out() -> None:
    found = reading(rss("<guid>1</guid><title>A\0B\x1bC\x08D\ufffe</title>"))

    assert found.drafts[0].title == "ABCD"
    assert not found.well_formed


# --- what is no feed


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"", "is empty", id="nothing"),
        pytest.param(b" \r\n\xef\xbb\xbf", "is empty", id="white-space"),
        pytest.param(b"\0" * 100, "is empty", id="nuls"),
        pytest.param(b"<!doctype html><p>Hallo", "an HTML page", id="html"),
        pytest.param(
            b"<!-- x -->\n<html lang='de'><body><feed>", "an HTML page", id="html-with-a-feed-tag"
        ),
        pytest.param(
            b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>",
            "an HTML page",
            id="xhtml",
        ),
        pytest.param(b"%PDF-1.7\n", "a PDF", id="pdf"),
        pytest.param(b"\x1f\x8b\x08\0", "a gzip archive", id="gzip"),
        pytest.param(b"Not found", "plain text", id="plain-text"),
        pytest.param(b"<opml version='2.0'><body/></opml>", "an OPML list", id="opml"),
        pytest.param(b"<urlset/>", "a sitemap", id="sitemap"),
        pytest.param(b"<Error><Code>AccessDenied</Code></Error>", "an error report", id="error"),
        pytest.param(b"<recipe/>", "<recipe>", id="other-xml"),
        pytest.param(bytes(range(1, 256)) * 20, "binary data", id="binary"),
    ],
)
def test_what_is_no_feed_is_named(data: bytes, said: str) -> None:
    with pytest.raises(NotAFeedError, match=said) as caught:
        reading(data)

    assert caught.value.hint


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"<rss version='2.0'", id="a-tag-that-never-ends"),
        pytest.param(b"<rss><channel></chan", id="a-head-without-a-word"),
        pytest.param(b"<!DOCTYPE x [ <!-- <rss> ", id="a-prolog-without-an-end"),
    ],
)
def test_what_may_be_a_feed_is_doubtful(data: bytes) -> None:
    with pytest.raises(DoubtfulError, match="begins as a feed"):
        reading(data)


def test_a_feed_is_a_feed_whatever_the_server_calls_it() -> None:
    found = reading(rss("<title>x</title>"), media_type="text/html")

    assert len(found.drafts) == 1


def test_a_well_formed_feed_may_be_empty() -> None:
    found = reading("<rss version='2.0'/>")

    assert found.drafts == ()
    assert found.well_formed


def test_json_goes_to_its_own_reader() -> None:
    found = reading(
        '\ufeff {"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": []}'
    )

    assert found.format == "json11"
    assert found.head.title == "J"


# --- single values


@pytest.mark.parametrize(
    ("version", "form"),
    [
        pytest.param("0.91", "rss091", id="0.91"),
        pytest.param("0.92", "rss092", id="0.92"),
        pytest.param("0.93", "rss093", id="0.93"),
        pytest.param("0.94", "rss094", id="0.94"),
        pytest.param("2.0", "rss20", id="2.0"),
        pytest.param("2.1", "rss20", id="later-than-2.0"),
        pytest.param("", "rss20", id="none"),
        pytest.param("9", "rss", id="unheard-of"),
    ],
)
def test_the_version_of_rss(version: str, form: str) -> None:
    found = reading(f'<rss version="{version}"><channel><title>x</title></channel></rss>')

    assert found.format == form


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        pytest.param("3723", 3723, id="seconds"),
        pytest.param("62:03", 3723, id="minutes"),
        pytest.param("1:02:03", 3723, id="hours"),
        pytest.param("01:02:03.9", 3723, id="fractions-are-dropped"),
        pytest.param("0", None, id="nothing-lasts-no-time"),
        pytest.param("1:2:3:4", None, id="four-parts"),
        pytest.param("-5", None, id="negative"),
        pytest.param("９９", None, id="digits-of-another-script"),
        pytest.param("9" * 30, None, id="absurd"),
        pytest.param("lang", None, id="a-word"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_durations(written: str | None, seconds: int | None) -> None:
    assert duration(written) == seconds


@pytest.mark.parametrize(
    ("head", "pace"),
    [
        pytest.param("<ttl>60</ttl>", Pace(ttl=timedelta(hours=1)), id="ttl"),
        pytest.param("<ttl>0</ttl>", Pace(), id="ttl-0-says-nothing"),
        pytest.param("<ttl>-5</ttl>", Pace(), id="ttl-negative"),
        pytest.param("<ttl>99999999999999999999</ttl>", Pace(), id="ttl-absurd"),
        pytest.param("<ttl>an hour</ttl>", Pace(), id="ttl-in-words"),
        pytest.param(
            "<sy:updatePeriod>daily</sy:updatePeriod>", Pace(every=timedelta(days=1)), id="period"
        ),
        pytest.param(
            "<sy:updatePeriod>weekly</sy:updatePeriod><sy:updateFrequency>7</sy:updateFrequency>",
            Pace(every=timedelta(days=1)),
            id="seven-times-a-week",
        ),
        pytest.param(
            "<sy:updateFrequency>4</sy:updateFrequency>",
            Pace(every=timedelta(hours=6)),
            id="frequency",
        ),
        pytest.param(
            "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>",
            Pace(),
            id="never",
        ),
        pytest.param("<sy:updatePeriod>often</sy:updatePeriod>", Pace(), id="no-period"),
        pytest.param(
            "<skipHours><hour>24</hour><hour>7</hour><hour>-1</hour><hour>x</hour></skipHours>",
            Pace(skip_hours=frozenset({0, 7})),
            id="hours",
        ),
        pytest.param(
            "<skipDays><day>monday</day><day>SUNDAY</day><day>8</day></skipDays>",
            Pace(skip_days=frozenset({0, 6})),
            id="days",
        ),
    ],
)
def test_pace(head: str, pace: Pace) -> None:
    found = reading(
        f'<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel>'
        f"<title>x</title>{head}</channel></rss>"
    )

    assert found.head.pace == pace


def test_an_entry_is_read_whatever_one_value_is() -> None:
    found = draft(
        "<title>x</title><guid>1</guid><pubDate>never</pubDate><link>mailto:a@b.example.org</link>"
        '<enclosure url="data:text/html,x" length="-1"/><comments>No comments yet</comments>'
    )

    assert (found.title, found.id) == ("x", "1")
    assert (found.published, found.link, found.enclosures, found.extra) == (None, None, (), ())
    assert len(found.warnings) == 3


@pytest.mark.parametrize(
    ("source", "authors"),
    [
        pytest.param("", ["Planet"], id="its-own"),
        pytest.param('<source url="https://kai.example.org/f">Kai</source>', [], id="a-copy"),
        pytest.param(f'<source url="{URL}">Wir</source>', ["Planet"], id="of-this-feed"),
        pytest.param("<source>Kai</source>", ["Planet"], id="of-nobody-knows-where"),
    ],
)
def test_who_makes_a_feed_wrote_what_stands_in_no_other(source: str, authors: list[str]) -> None:
    head = f"<title>T</title><itunes:author xmlns:itunes='{ITUNES}'>Planet</itunes:author>"
    (found,) = reading(rss(f"<guid>1</guid>{source}", head=head)).drafts

    assert [one.name for one in found.authors] == authors


def test_a_link_that_tells_where_the_entry_was_found_keeps_its_title() -> None:
    link = "<a:link xmlns:a='http://www.w3.org/2005/Atom' rel='via' href='/b'"
    found = draft(f"{link} title='Blatt  B'/>{link}/>")

    at = urljoin(URL, "/b")
    assert found.extra == (
        ("atom:via", f'{{"href":"{at}","title":"Blatt B"}}'),
        ("atom:via", at),
    )


@pytest.mark.parametrize("rel", ["via", "related", "replies", "replies' type='text/html"])
def test_an_address_that_would_be_cut_is_left_out(rel: str) -> None:
    link = "<a:link xmlns:a='http://www.w3.org/2005/Atom' href='/{}' rel='{}'/>"
    found = draft(link.format("c" * 2000, rel) + link.format("c" * 1900, rel))

    assert [len(line) for _, line in found.extra] == [len(urljoin(URL, "/")) + 1900]
    assert len(found.warnings) == 1


def test_dates_without_a_zone_are_those_of_the_source() -> None:
    found = draft("<title>x</title><pubDate>2025-07-01 12:00:00</pubDate>")

    assert found.published == datetime(2025, 7, 1, 10, 0, tzinfo=UTC)


def test_the_language_of_the_feed_helps_with_its_dates() -> None:
    head = "<title>x</title><language>en-us</language>"

    found = reading(rss("<title>x</title><pubDate>05/03/2025 10:00 GMT</pubDate>", head=head))

    assert found.drafts[0].published == datetime(2025, 5, 3, 10, 0, tzinfo=UTC)


# --- bounds


def test_entries_beyond_the_bound_are_counted() -> None:
    found = reading(rss(*(f"<guid>{n}</guid>" for n in range(50))), max_entries=20)

    assert [one.id for one in found.drafts] == [str(n) for n in range(20)]
    assert found.problems == ("30 of 50 entries were left out",)


@pytest.mark.parametrize(
    ("unit", "field"),
    [
        pytest.param("<category>{n}</category>", "tags", id="categories"),
        pytest.param("<author>{n}</author>", "authors", id="authors"),
        pytest.param('<enclosure url="/{n}.mp3"/>', "enclosures", id="enclosures"),
    ],
)
def test_values_beyond_the_bound_are_counted(unit: str, field: str) -> None:
    many = "".join(unit.format(n=n) for n in range(50_000))

    found = reading(rss("<guid>1</guid>" + many))

    assert len(getattr(found.drafts[0], field)) == 200
    assert "49,800 more" in found.problems[0]


def test_lines_that_would_be_cut_are_left_out() -> None:
    item = f'<guid>1</guid><podcast:value type="{"x" * 3_000}"/>'

    found = draft(item)

    assert found.extra == ()
    assert "podcast:value" in found.warnings[0]


def test_depth_costs_the_markup_and_not_the_entry() -> None:
    deep = "<b>" * 10_000 + "Tief" + "</b>" * 10_000

    found = reading(rss(f"<guid>1</guid><description>{deep}</description>", "<guid>2</guid>"))

    assert [one.id for one in found.drafts] == ["1", "2"]
    assert "Tief" in found.drafts[0].html
    assert any("nested deeper" in problem for problem in found.problems)


def test_no_entity_is_expanded_and_no_file_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("geheim", encoding="utf-8")
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(12))
    doctype = f'<!DOCTYPE rss [{levels}<!ENTITY file SYSTEM "{secret.as_uri()}">]>'

    found = reading(doctype + rss('<title a="&e11;">&e11; &file;</title>'))

    assert found.drafts[0].title == "&e11; &file;"


_HOSTILE = {
    "open-tags": b"<a>",
    "empty-tags": b"<a/>",
    "attributes": b"<a b='' c='' d='' e=''/>",
    "signs": b"<",
    "ampersands": b"&",
    "unknown-references": b"&nbsp;",
    "c1-references": b"&#150;",
    "quotes": b"<a \"'",
    "comments": b"<!--",
    "instructions": b"<?x ",
    "cdata": b"<![CDATA[",
    "end-tags": b"</b>",
    "crossed-tags": b"<b></c>",
    "entries": b"<item><guid>1</guid></item>",
    "open-entries": b"<item>",
    "categories": b"<category>c</category>",
    "authors": b"<author>( ,- @ - , (</author>",
    "dates": b"<pubDate>32 Foo 2099999 25:61</pubDate>",
    "doctypes": b"<!DOCTYPE x [",
    "nuls": b"\0",
    "prefixes": b"<p1:x/><p2:x p3:y='1'/>",
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", _HOSTILE)
def test_megabytes_of_anything_are_read_in_bounds(name: str, tmp_path: Path) -> None:
    opening = b"" if name == "doctypes" else b"<rss version='2.0'><channel><item><guid>1</guid>"
    unit = _HOSTILE[name]
    document = tmp_path / "feed.xml"
    document.write_bytes(
        opening + unit * (some(15 * MIB) // len(unit)) + b"</item></channel></rss>"
    )

    done = subprocess.run(
        [sys.executable, "-c", _BOUNDED, str(document), str(memory(340 * MIB))],
        check=False, capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-2_000:]


# The bounds are for the reading alone: 5 s of CPU, ten times over on a slow machine, and memory.
_BOUNDED = (
    PEAK
    + """
import resource, sys
from pathlib import Path
from feedsvc.errors import ParseError
from feedsvc.model import Hints
from feedsvc.parsers.feed import read

data = Path(sys.argv[1]).read_bytes()
resource.setrlimit(resource.RLIMIT_CPU, (50, 50))
resource.setrlimit(resource.RLIMIT_AS, (700 * 1024 * 1024,) * 2)
try:
    read(data, url="https://feeds.example.org/", hints=Hints(), max_entries=2000)
except ParseError:
    pass
used, most = peak(), int(sys.argv[2])
assert used < most, f"{used} of {most} bytes"
"""
)


def test_the_reader_is_quick_to_import() -> None:
    code = "import sys, feedsvc.parsers.feed; print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    heavy = {"feedparser", "dateparser", "charset_normalizer", "sqlalchemy", "httpx"}
    assert not heavy & set(done.stdout.split())
