"""Feeds made to break a reader, through all its tiers: a result or one clear error, in bounds.

The large ones are read in a process of their own, whose time and memory are measured.
"""

from __future__ import annotations

import codecs
import gzip
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import pytest

from feedsvc.errors import ParseError
from feedsvc.model import Hints, Reading
from feedsvc.parsers.feed import DoubtfulError, forgiving, read
from feedsvc.regex import TRUSTED
from tests.large import MIB, memory, seconds, some
from tests.peak import PEAK

URL = "https://news.example.org/feed"
MOST = some(15 * MIB)  # of what the client lets through
MOST_ENTRIES = 2_000
CPU = seconds(25.0)  # five times what is promised, since the machine may be slow or busy
MEMORY = memory(300 * MIB)


def read_all(data: bytes, **options: Any) -> Reading:
    """The reading of the first tier that has one, as a sync asks them."""
    asked: dict[str, Any] = {"url": URL, "hints": Hints(), "max_entries": MOST_ENTRIES, **options}
    try:
        return read(data, **asked)
    except DoubtfulError:
        return forgiving.read(data, **asked)


def rss(inside: str, *, head: str = "<title>Harbour</title>", prolog: str = "") -> str:
    return f'{prolog}<rss version="2.0"><channel>{head}{inside}</channel></rss>'


def item(number: int = 1, more: str = "") -> str:
    return (
        f"<item><title>No {number}</title><link>https://news.example.org/{number}</link>"
        f"<guid>https://news.example.org/{number}</guid>{more}</item>"
    )


# --- small enough to be read here


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a document: a reading, or the words of an error."""

    reading: Reading | None = None
    error: str = ""


def outcome(document: str | bytes, **options: Any) -> Outcome:
    data = document.encode("utf-8", "surrogatepass") if isinstance(document, str) else document
    start = time.process_time()
    try:
        result = Outcome(reading=read_all(data, **options))
    except ParseError as error:
        result = Outcome(error=str(error))
    assert time.process_time() - start < CPU
    return result


def texts(reading: Reading) -> str:
    """Every text of a reading in one."""
    found: list[str] = []

    def collect(value: object) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, tuple | frozenset):
            for one in value:
                collect(one)
        elif is_dataclass(value) and not isinstance(value, type):
            for one in fields(value):
                collect(getattr(value, one.name))

    collect(reading.head)
    collect(reading.drafts)
    return "\n".join(found)


LAUGHS = "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "laugh">' for n in range(12)
)


@pytest.mark.parametrize(
    "declared",
    [
        pytest.param(LAUGHS, id="a-billion-laughs"),
        pytest.param(f'<!ENTITY l11 "{"x" * 100_000}">', id="a-long-one-used-often"),
        pytest.param('<!ENTITY l11 SYSTEM "file:///etc/passwd">', id="a-file"),
        pytest.param('<!ENTITY l11 SYSTEM "http://127.0.0.1:9/x">', id="an-address"),
        pytest.param('<!ENTITY l11 PUBLIC "x" "file:///etc/hostname">', id="a-public-one"),
        pytest.param('<!ENTITY % l11 SYSTEM "file:///etc/passwd"> %l11;', id="a-parameter"),
        pytest.param('<!ENTITY l11 "&l11;">', id="one-that-holds-itself"),
        pytest.param('<!ENTITY l11 "<item><guid>x</guid></item>">', id="one-with-markup"),
        pytest.param('<!NOTATION n SYSTEM "x"><!ENTITY l11 SYSTEM "y" NDATA n>', id="no-text"),
        pytest.param('<!ATTLIST item a CDATA "d"><!ELEMENT rss ANY>', id="other-declarations"),
    ],
)
def test_no_declared_entity_is_expanded(declared: str) -> None:
    document = rss(
        item(1, f"<description>{'&l11;' * 500}</description>"),
        prolog=f'<?xml version="1.0"?><!DOCTYPE rss [{declared}]>',
    )

    found = outcome(document)

    assert found.reading is not None
    assert [draft.title for draft in found.reading.drafts] == ["No 1"]
    assert found.reading.drafts[0].link == "https://news.example.org/1"
    said = texts(found.reading)
    assert "root:" not in said
    assert "laugh" not in said
    assert len(said) < 100_000


def test_a_dtd_elsewhere_is_not_asked_for() -> None:
    document = '<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/rss.dtd">' + rss(item())

    found = outcome(document)

    assert found.reading is not None
    assert len(found.reading.drafts) == 1


def test_nothing_is_included() -> None:
    document = rss(
        item(1, '<xi:include href="file:///etc/passwd" parse="text"/>')
        + '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'
    )

    found = outcome(document)

    assert found.reading is not None
    assert "root:" not in texts(found.reading)


WHOLE = rss(
    "".join(
        item(number, "<description><![CDATA[<p>Flut & Ebbe</p>]]></description>")
        for number in range(1, 9)
    ),
    prolog='<?xml version="1.0" encoding="utf-8"?>\n',
)


@pytest.mark.parametrize("percent", range(100))
def test_a_feed_cut_off_anywhere_keeps_its_whole_entries_and_no_half_one(percent: int) -> None:
    whole = outcome(WHOLE).reading
    assert whole is not None
    document = WHOLE[: len(WHOLE) * percent // 100]

    found = outcome(document)

    if found.reading is None:
        assert found.error
        assert document.count("</item>") == 0
    else:
        assert found.reading.drafts == whole.drafts[: document.count("</item>")]
        assert not found.reading.well_formed


@pytest.mark.parametrize("percent", range(0, 100, 5))
def test_the_last_tier_alone_keeps_no_half_entry_either(percent: int) -> None:
    document = WHOLE[: len(WHOLE) * percent // 100].encode()
    whole = read(WHOLE.encode(), url=URL, hints=Hints(), max_entries=9)

    try:
        drafts = forgiving.read(document, url=URL, hints=Hints(), max_entries=9).drafts
    except ParseError:
        drafts = ()

    assert [one.id for one in drafts] == [one.id for one in whole.drafts][: len(drafts)]
    assert len(drafts) == document.count(b"</item>")


ENCODINGS = (
    *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"),
    *("iso-8859-1", "windows-1252", "koi8-r", "shift_jis", "gb18030", "utf-7", "cp037"),
)
LABELS = (None, "utf-8", "iso-8859-1", "utf-16", "us-ascii", "koi8-r", "bogus", "hex", "utf-7", "")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("declared", LABELS)
@pytest.mark.parametrize("charset", LABELS)
def test_any_charset_said_of_any_bytes_is_one_result_or_one_error(
    encoding: str, declared: str | None, charset: str | None
) -> None:
    label = f' encoding="{declared}"' if declared is not None else ""
    document = f'<?xml version="1.0"{label}?>' + rss(
        item(1, "<description>Fähre &#228; ü</description>")
    )

    found = outcome(document.encode(encoding, "replace"), charset=charset)

    if found.reading is None:
        assert found.error
    else:
        assert [draft.id for draft in found.reading.drafts] in (["https://news.example.org/1"], [])
    if encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        assert found.reading is not None  # bytes that speak for themselves
        assert found.reading.drafts[0].title == "No 1"
        assert "Fähre" in texts(found.reading)


YEARS = (
    *("0000-00-00", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "-0001-01-01T00:00:00Z"),
    *("1582-10-10", "1899-12-31", "2201-01-01", "9999-12-31T23:59:59-14:00", "10000-01-01"),
    *("99999-12-31T23:59:59Z", "2025-13-01", "2025-02-30", "2025-01-01T25:61:61Z", "2" * 5_000),
    *("Mon, 00 Jan 0000 00:00:00 GMT", "Mon, 99 Xyz 99999 99:99:99 +9999", "1" * 100_000),
    *(
        "-1",
        "0",
        "1e308",
        "inf",
        "NaN",
        "9" * 30,
        "now",
        "tomorrow",
        "\u0660" * 8,
        "   ",
        "T",
        "%s",
    ),
    *("Mon, 06 Jan 2025 09:30:00 +99999999999", "2025-01-06T09:30:00+99:99", "12:00", "W" * 300),
)


@pytest.mark.parametrize("written", YEARS, ids=lambda text: text[:30].strip() or "blank")
@pytest.mark.parametrize("name", ["pubDate", "dc:date", "updated", "lastBuildDate"])
def test_an_odd_date_costs_that_date(name: str, written: str) -> None:
    date = f"<{name}>{written}</{name}>"
    document = rss(
        item(1, date) + item(2, "<pubDate>Mon, 06 Jan 2025 09:30:00 GMT</pubDate>"),
        head=f"<title>Harbour</title>{date}",
    )

    found = outcome(document)

    assert found.reading is not None
    assert [draft.title for draft in found.reading.drafts] == ["No 1", "No 2"]
    assert found.reading.drafts[1].published is not None
    odd = found.reading.drafts[0]
    for moment in (odd.published, odd.updated, found.reading.head.updated):
        assert moment is None or 1900 <= moment.year <= 2200


ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "\x1b[2J\x1b]0;owned\x07",
    "{{ 7*7 }}${7*7}<%= 7*7 %>#{7*7}{%raw%}",
    "%s%s%n%(x)s{0.__class__}",
    "../../../etc/passwd\x00.xml",
    "' OR 1=1; DROP TABLE article; --",
    "\u202egpj.exe\u2066",
    "\ufffe\uffff\ufdd0",
    "A\u0300" + "\u0300" * 10_000,
    "\r\nSet-Cookie: a=b\r\n\r\n",
    "`id`$(id)|id;id",
    "=cmd|'/c calc'!A1",
    "\U0001f469\u200d" * 300,
)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda text: ascii(text)[1:24])
def test_an_attack_in_every_field_is_text_in_that_field(attack: str) -> None:
    quoted = attack.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    names = (
        "title link guid description author category comments pubDate source content:encoded "
        "dc:creator dc:date dc:subject dc:rights itunes:author itunes:summary itunes:duration "
        "media:title media:description media:credit"
    ).split()
    document = rss(
        "<item>"
        + "".join(f"<{name}>{quoted}</{name}>" for name in names)
        + f'<enclosure url="{quoted}" type="{quoted}" length="{quoted}"/>'
        + f'<media:content url="{quoted}" medium="{quoted}"/><itunes:image href="{quoted}"/>'
        + f'<atom:link rel="{quoted}" href="{quoted}"/><source url="{quoted}">{quoted}</source>'
        + "</item>"
        + item(2),
        head="".join(
            f"<{name}>{quoted}</{name}>"
            for name in "title link description language copyright ttl generator".split()
        )
        + f'<image><url>{quoted}</url></image><atom:link rel="self" href="{quoted}"/>',
    )

    found = outcome(document)

    assert found.reading is not None
    first, second = found.reading.drafts
    assert second.link == "https://news.example.org/2"
    for address in (
        first.link,
        found.reading.head.link,
        found.reading.head.image,
        found.reading.head.self_link,
        *(one.url for one in first.enclosures),
        first.image.url if first.image else None,
    ):
        assert address is None or address.startswith(("http://", "https://"))
        assert address is None or (address.isascii() and address.isprintable())


@pytest.mark.parametrize(
    ("data", "what"),
    [
        pytest.param(b"", "empty", id="nothing"),
        pytest.param(b" \r\n\t " * 1_000, "empty", id="white-space"),
        pytest.param(codecs.BOM_UTF8, "empty", id="a-mark-of-utf-8-alone"),
        pytest.param(codecs.BOM_UTF16_LE, "empty", id="a-mark-of-utf-16-alone"),
        pytest.param(b"\0" * 5_000, "empty", id="nothing-but-nuls"),
        pytest.param(gzip.compress(WHOLE.encode()), "gzip", id="still-compressed"),
        pytest.param(b"%PDF-1.7\n<rss>", "PDF", id="a-pdf"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "PNG", id="a-picture"),
        pytest.param(b"<!doctype html><title>503</title>Sorry", "HTML page", id="an-error-page"),
        pytest.param(
            b"<html><body><pre>&lt;rss></pre><rss></rss></body></html>", "HTML page", id="a-page"
        ),
        pytest.param(
            b"<!DOCTYPE html><html><script>var x='<rss><channel><item><title>t</title></item>'"
            b"</script></html>",
            "HTML page",
            id="a-page-that-quotes-a-feed",
        ),
        pytest.param(b'{"error": "quota"}', "JSON", id="json-of-something-else"),
        pytest.param(b"[1, 2, 3]", "JSON", id="a-list-in-json"),
        pytest.param(b"[" * 100_000, "JSON", id="json-that-only-opens"),
        pytest.param(b"Fatal error: allowed memory size", "plain text", id="an-error-message"),
        pytest.param(b"<opml><body/></opml>", "OPML", id="a-list-of-feeds"),
        pytest.param(b"<urlset/>", "sitemap", id="a-sitemap"),
        pytest.param(b"<Error><Code>AccessDenied</Code></Error>", "error", id="an-error-in-xml"),
        pytest.param(b"<!-- <rss> -->", "not a feed", id="a-feed-that-is-a-comment"),
        pytest.param(b"<?xml version='1.0'?>", "not a feed", id="a-declaration-alone"),
    ],
)
def test_what_is_no_feed_is_named(data: bytes, what: str) -> None:
    with pytest.raises(ParseError, match=what) as caught:
        read_all(data)

    assert not isinstance(caught.value, DoubtfulError)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(rss(item(), prolog='<?xml version="1.1"?>'), id="xml-1.1"),
        pytest.param(rss(item(), prolog='<?xml version="9.9" standalone="?">'), id="no-xml-at-all"),
        pytest.param(rss(item(1, "<x:y a:b='c' a:b='d'/>")), id="prefixes-nobody-declared"),
        pytest.param(rss(item(1, "<a b=1 b=2 c d='<'>x</a>")), id="attributes-of-all-kinds"),
        pytest.param(rss(item(1, "<dc:></dc:><:x/><-/><1>")), id="no-names"),
        pytest.param(rss(item(1, "\x00\x01\x0b\x1f\x7f\x85")), id="control-characters"),
        pytest.param(rss(item(1, "&#0;&#1;&#xD800;&#xFFFF;&#x110000;&#;")), id="no-characters"),
        pytest.param(rss(item(1, "\ud800\udc00\udfff")), id="lone-surrogates"),
        pytest.param(rss(item(1, "]]>")), id="the-end-of-no-cdata"),
        pytest.param(rss(item(1, "<!-- a -- b --->")), id="a-comment-with-dashes"),
        pytest.param(rss(item(1, "<?xml version='1.0'?>")), id="a-second-declaration"),
        pytest.param("\n\n junk " + rss(item(), prolog='<?xml version="1.0"?>'), id="junk-before"),
        pytest.param(rss(item()) + "<p>junk</b> & more", id="junk-behind"),
        pytest.param(rss(item()) + rss(item(2)), id="two-documents"),
        pytest.param(rss(item()).replace("</item>", "</ITEM>"), id="ends-in-upper-case"),
        pytest.param(rss(item(1, "<description><b><i></b></i><p>")), id="ends-in-disorder"),
        pytest.param(rss(item(1, "</channel></rss>")), id="the-end-before-the-end"),
        pytest.param(rss(item(1, 'xmlns="' + "u" * 5_000)), id="an-attribute-out-of-place"),
        pytest.param(f'<rss xmlns="urn:nobody"><channel>{item()}</channel></rss>', id="namespace"),
        pytest.param(rss(item(1, "<guid></guid><guid/>" * 50)), id="many-ids"),
    ],
)
def test_what_is_broken_in_one_place_is_read_in_all_others(document: str) -> None:
    found = outcome(document)

    assert found.reading is not None
    assert found.reading.drafts[0].title == "No 1"
    assert found.reading.drafts[0].link == "https://news.example.org/1"
    assert found.reading.drafts[0].id == "https://news.example.org/1"


# --- large ones


SCRIPT = f"""{PEAK}
import json, sys, time
from feedsvc.errors import ParseError
from feedsvc.model import Hints
from feedsvc.parsers.feed import DoubtfulError, read
data = sys.stdin.buffer.read()
asked = dict(url={URL!r}, hints=Hints(), max_entries={MOST_ENTRIES})
told = dict(entries=None, error=None, tier=1)
start = time.process_time()
try:
    try:
        reading = read(data, **asked)
    except DoubtfulError:
        from feedsvc.parsers.feed import forgiving
        told["tier"] = 3
        reading = forgiving.read(data, **asked)
    told["entries"] = len(reading.drafts)
    told["problems"] = reading.problems
except ParseError as error:
    told["error"] = str(error)
told["cpu"] = time.process_time() - start
told["peak"] = peak()
print(json.dumps(told))
"""


def measured(data: bytes) -> dict[str, Any]:
    """What a process of its own made of `data`, and what that took."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], input=data, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2_000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def filled(pattern: str) -> str:
    """As much of a pattern as the client lets through."""
    return pattern * ((MOST - 1_000) // len(pattern.encode()))


def nested(depth: int, tag: str = "a") -> str:
    return f"<{tag}>" * depth + "x" + f"</{tag}>" * depth


LARGE: dict[str, Callable[[], str | bytes]] = {
    "a-billion-laughs-in-every-entry": lambda: rss(
        "".join(item(n, "<description>&l11;</description>") for n in range(2_000)),
        prolog=f"<!DOCTYPE rss [{LAUGHS}]>",
    ),
    "a-quadratic-entity": lambda: rss(
        item(1, "<description>" + "&l;" * 100_000 + "</description>"),
        prolog=f'<!DOCTYPE rss [<!ENTITY l "{"x" * 100_000}">]>',
    ),
    "a-long-doctype": lambda: "<!DOCTYPE rss [" + filled('<!ENTITY a "b">') + "]>" + rss(item()),
    "a-doctype-that-never-ends": lambda: "<!DOCTYPE rss [" + filled("<!D ["),
    "depth-10,000": lambda: rss(item(1, nested(10_000))),
    "depth-of-very-many": lambda: rss(item(1, nested(some(1_000_000)))),
    "depth-10,000-in-a-body": lambda: rss(
        item(1, f'<content type="xhtml">{nested(10_000, "div")}</content>')
    ),
    "depth-of-entries": lambda: "<rss><channel>" + "<item>" * some(500_000),
    "depth-of-channels": lambda: "<rss>" + "<channel>" * some(500_000) + item(),
    "depth-that-never-closes": lambda: rss(item(1, filled("<a>"))),
    "very-many-entries": lambda: rss("".join(item(n) for n in range(some(100_000)))),
    "very-many-entries-never-closed": lambda: "<rss><channel>" + "<item><title>x" * some(100_000),
    "very-many-empty-entries": lambda: rss("<item/>" * some(1_000_000)),
    "50,000-categories": lambda: rss(
        item(1, "".join(f"<category>c{n}</category>" for n in range(50_000)))
    ),
    "50,000-enclosures": lambda: rss(
        item(1, "".join(f'<enclosure url="/{n}"/>' for n in range(50_000)))
    ),
    "50,000-links": lambda: rss(
        item(1, "".join(f'<atom:link rel="{n}" href="/{n}"/>' for n in range(50_000)))
    ),
    "50,000-authors": lambda: rss(
        item(1, "".join(f"<dc:creator>a{n}</dc:creator>" for n in range(50_000)))
    ),
    "50,000-tombstones": lambda: (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0">'
        + '<at:deleted-entry ref="x" when="2025-01-01T00:00:00Z"/>' * 50_000
        + "</feed>"
    ),
    "8,000-attributes": lambda: rss(
        item(1, "<description " + "".join(f'a{n}="b" ' for n in range(8_000)) + ">x</description>")
    ),
    "8,000-attributes-on-the-root": lambda: rss(item()).replace(
        "<rss", "<rss " + "".join(f'a{n}="b" ' for n in range(8_000))
    ),
    "very-many-equal-attributes": lambda: rss(item(1, "<a " + 'b="c" ' * some(500_000) + "/>")),
    "20,000-namespaces": lambda: rss(
        item(1, "".join(f'<p{n}:a xmlns:p{n}="urn:{n}"/>' for n in range(20_000)))
    ),
    "20,000-namespaces-on-the-root": lambda: rss(item()).replace(
        "<rss", "<rss " + "".join(f'xmlns:p{n}="urn:{n}" ' for n in range(20_000))
    ),
    "20,000-prefixes-nobody-declared": lambda: rss(
        item(1, "".join(f"<p{n}:a/>" for n in range(20_000)))
    ),
    "very-much-html-escaped": lambda: rss(
        item(1, "<description>" + "&lt;p&gt;x&lt;/p&gt;" * some(600_000) + "</description>")
    ),
    "very-much-html-in-cdata": lambda: rss(
        item(1, "<description><![CDATA[" + "<p>x</p>" * some(1_500_000) + "]]></description>")
    ),
    "very-much-html-unescaped": lambda: rss(
        item(1, "<description>" + "<p>x</p>" * some(1_500_000) + "</description>")
    ),
    "very-much-xhtml": lambda: (
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>a:1</id><content type="xhtml">'
        '<div xmlns="http://www.w3.org/1999/xhtml">'
        + "<p>x</p>" * some(1_500_000)
        + "</div></content></entry></feed>"
    ),
    "very-much-in-a-title": lambda: rss(f"<item><title>{'x ' * (some(6 * MIB))}</title></item>"),
    "very-much-markup-in-a-title": lambda: rss(
        f"<item><title>{'&lt;b&gt;' * some(1_500_000)}</title></item>"
    ),
    "very-much-in-an-id": lambda: rss(f"<item><guid>{'x' * (some(12 * MIB))}</guid></item>"),
    "very-much-in-a-date": lambda: rss(item(1, f"<pubDate>{'1 ' * (some(6 * MIB))}</pubDate>")),
    "very-much-in-an-attribute": lambda: rss(
        item(1, f'<enclosure url="/{"x" * (some(12 * MIB))}"/>')
    ),
    "very-much-in-a-name": lambda: rss(item(1, f"<{'n' * (some(12 * MIB))}/>")),
    "very-much-in-a-prefix": lambda: rss(item(1, f"<{'n' * (some(12 * MIB))}:a/>")),
    "full-of-less-than": lambda: rss(item()) + filled("<"),
    "full-of-less-than-inside": lambda: rss(item(1, filled("<"))),
    "full-of-less-than-alone": lambda: filled("<"),
    "full-of-ampersands": lambda: rss(item(1, filled("&"))),
    "full-of-references": lambda: rss(item(1, filled("&#228;"))),
    "full-of-names": lambda: rss(item(1, filled("&auml;"))),
    "full-of-no-references": lambda: rss(item(1, filled("&bogus;"))),
    "full-of-ends-of-cdata": lambda: rss(item(1, filled("]]>"))),
    "full-of-starts-of-cdata": lambda: rss(item(1, filled("<![CDATA["))),
    "full-of-empty-cdata": lambda: rss(item(1, filled("<![CDATA[]]>"))),
    "full-of-starts-of-comments": lambda: rss(item(1, filled("<!--"))),
    "full-of-starts-of-comments-before": lambda: filled("<!--") + rss(item()),
    "full-of-empty-comments": lambda: filled("<!---->") + rss(item()),
    "full-of-instructions": lambda: filled("<?x?>") + rss(item()),
    "full-of-starts-of-instructions": lambda: rss(item(1, filled("<?"))),
    "full-of-starts-of-declarations": lambda: rss(item(1, filled("<!"))),
    "full-of-doctypes": lambda: filled("<!DOCTYPE ") + rss(item()),
    "full-of-quotes": lambda: rss(item(1, "<a " + filled('"') + ">")),
    "full-of-open-quotes": lambda: rss(item(1, filled("<a b='"))),
    "full-of-mixed-quotes": lambda: rss(item(1, filled("<a '\""))),
    "full-of-ends": lambda: rss(item(1, filled("</a>"))),
    "full-of-spaces": lambda: filled(" ") + rss(item()),
    "full-of-spaces-in-a-tag": lambda: rss(item(1, "<a" + filled(" ") + ">")),
    "full-of-nuls": lambda: filled("\0") + rss(item()),
    "full-of-nuls-inside": lambda: rss(item(1, filled("\0"))),
    "full-of-accents": lambda: rss(f"<item><title>{filled(chr(0x300))}</title></item>"),
    "full-of-emoji": lambda: rss(item(1, filled("\U0001f600"))),
    "full-of-emoji-unbalanced": lambda: "<rss><x>" + filled("\U0001f600<b>") + "</rss>",
    "full-of-utf-16-without-a-mark": lambda: rss(item(1, "x" * (MOST // 2 - 1_000))).encode(
        "utf-16-le"
    ),
    "full-of-bytes-of-no-encoding": lambda: (
        b"<rss><channel>" + bytes(range(128, 256)) * some(120_000)
    ),
    "full-of-latin-1": lambda: rss(item(1, "ä" * (MOST - 1_000))).encode("latin-1"),
    "full-of-surrogates": lambda: b"<rss><channel><item>" + b"\xed\xa0\x80" * (MOST // 3),
    "full-of-attributes": lambda: rss(item(1, "<a " + filled("b ") + "/>")),
    "full-of-tags-with-a-base": lambda: rss(filled('<a xml:base="b/">')),
    "a-base-in-every-ancestor": lambda: rss(
        item(1, '<a xml:base="b/" xml:lang="de">' * 150 + "x" * 100)
    ),
    "full-of-json": lambda: (
        '{"version":"https://jsonfeed.org/version/1","items":['
        + ",".join(['{"id":"1","content_text":"x"}'] * some(450_000))
        + "]}"
    ),
    "json-of-any-depth": lambda: (
        '{"version":"https://jsonfeed.org/version/1","items":' + "[" * some(1_000_000)
    ),
    "json-of-large-numbers": lambda: (
        '{"version":"https://jsonfeed.org/version/1","items":[' + "9" * some(5_000_000) + "]}"
    ),
    "json-of-one-text": lambda: (
        '{"version":"https://jsonfeed.org/version/1","items":'
        '[{"id":"1","content_html":"' + filled("\\u00e4") + '"}]}'
    ),
    "json-of-many-keys": lambda: (
        '{"version":"https://jsonfeed.org/version/1",'
        + ",".join(f'"k{n}":1' for n in range(some(900_000)))
        + "}"
    ),
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", LARGE)
@pytest.mark.skipif(not TRUSTED, reason="this Python's possessive groups are broken, see regex.py")
def test_a_large_attack_stays_in_bounds(name: str) -> None:
    document = LARGE[name]()
    data = document if isinstance(document, bytes) else document.encode("utf-8", "surrogatepass")
    assert len(data) <= MOST + 4_000

    told = measured(data)

    assert told["cpu"] < CPU
    assert told["peak"] < MEMORY
    assert (told["entries"] is None) != (told["error"] is None)
    assert told["entries"] is None or told["entries"] <= MOST_ENTRIES
    assert len(json.dumps(told)) < 10_000
