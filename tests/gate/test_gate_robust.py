"""Whatever the bytes: no exception, no expanded entity, no quadratic time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsvc.gate import RULES, check, sniff, values

DATA = Path(__file__).parent / "data"
FORMATS = ("atom", "rss", "json", "opml", "html", "sitemap", "auto")
SEEDS = [
    (DATA / name).read_bytes()
    for name in ("atom.xml", "rss.xml", "feed.json", "opml.xml", "sitemap.xml")
]
NOW = datetime(2025, 3, 5, tzinfo=UTC)
PIECES = [
    b"<", b">", b"&", b"&#0;", b"&lol;", b"<!DOCTYPE a [", b"]]>", b"<![CDATA[", b"\x00", b"\xff",
    b"\xed\xa0\x80", b"\xef\xbf\xbe", b"--", b"<?xml ", b'encoding="utf-7"?>', b"[", b"{", b'"',
    b"9" * 5000, b"xmlns:a='x'", b"\\ud800", b"http://[", b"0000-00-00T00:00:00Z", b"NaN",
    b"9999-12-31T23:59:59-23:59", b"0001-01-01T00:00:00+23:59", "\u0660".encode(), b" ",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(FORMATS))
def test_any_bytes_are_judged_and_nothing_raises(body: bytes, format: str) -> None:
    found = check(body, format)

    assert {finding.code for finding in found} <= set(RULES)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_damaged_document_is_judged_and_nothing_raises(data: st.DataObject) -> None:
    body = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(body)))
        body[start : start + data.draw(st.integers(0, 40))] = data.draw(st.sampled_from(PIECES))

    found = check(bytes(body), data.draw(st.sampled_from(FORMATS)), now=NOW)

    assert {finding.code for finding in found} <= set(RULES)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80) | st.sampled_from([piece.decode("latin-1") for piece in PIECES]))
def test_any_text_is_a_value_and_nothing_raises(text: str) -> None:
    for judge in (values.w3cdtf, values.address, values.atom_id, values.language, values.email):
        assert judge(text) is None or judge(text).code in RULES  # type: ignore[union-attr]
    values.rfc3339(text)
    values.rfc822(text)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><feed>&b;</feed>',
            id="entity-bomb",
        ),
        pytest.param(
            b'\n<?x y?><!-- > --><!DOCTYPE a SYSTEM "file:///etc/hostname"><feed/>',
            id="external-subset-after-a-comment",
        ),
        pytest.param(
            b'<!doctype a [<!ENTITY x SYSTEM "file:///etc/hostname">]><feed>&x;</feed>',
            id="external-entity",
        ),
        pytest.param(
            b'<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE a><feed/>', id="in-latin-1"
        ),
    ],
)
def test_a_document_with_a_doctype_is_refused_unread(body: bytes) -> None:
    found = check(body, "atom")

    assert "xml-doctype" in {finding.code for finding in found}
    assert not [finding for finding in found if finding.code.startswith("atom-")]


def test_an_encoding_that_could_hide_a_doctype_is_not_parsed() -> None:
    body = b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a+AD4-<feed/>'

    assert [finding.code for finding in check(body, "atom")] == ["encoding-not-utf8"]


def _atom(content: str) -> bytes:
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><content type="html"><![CDATA['
        f"{content}]]></content></entry></feed>"
    ).encode()


MANY = 200_000
HOSTILE = {
    "quotes-that-never-close": _atom("<a \"'" * MANY),
    "quotes-that-close-late": _atom('<a "' + '<a" "' * MANY),
    "tags-that-never-end": _atom("<a" * MANY),
    "attributes": _atom("<a " + 'onx=1 href="/" ' * MANY + ">"),
    "references": _atom("&amp " * MANY + "<a href='" + "&amp;" * MANY + "'>"),
    "style": _atom('<p style="' + "a:b;" * MANY + '">'),
    "srcset": _atom('<img srcset="' + "a, " * MANY + '">'),
    "entries": b'<feed xmlns="http://www.w3.org/2005/Atom">' + b"<entry/>" * 20_000 + b"</feed>",
    "doubtful-titles": b"<rss version='2.0'><channel>"
    + b"<item><title>a&amp;lt;</title></item>" * 20_000
    + b"&#x20;</channel></rss>",
    "comments": b"<!--" + b"- " * MANY,
    "instructions": b"<?" * MANY,
    "doctypes": b"<!DOCTYPE [" * MANY,
    "json-keys": b"{" + b",".join(b'"a%d":1,"a%d":2' % (n, n) for n in range(20_000)) + b"}",
    "json-depth": b'{"a":' * MANY,
    "values": f"<rss version='2.0'><channel><pubDate>{'1 (' * MANY}</pubDate>"
    f"<language>{'a-' * MANY}</language><webMaster>{'a.' * MANY}@{'a.' * MANY}!</webMaster>"
    f"<link>http://{'a:@' * MANY}</link></channel></rss>".encode(),
    "deleted": b"<feed xmlns='http://www.w3.org/2005/Atom'"
    b" xmlns:at='http://purl.org/atompub/tombstones/1.0'>"
    + b"<at:deleted-entry ref='a'/>" * 20_000
    + b"</feed>",
    "sitemap": b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>"
    + b"<url><loc>https://example.org/</loc></url>" * 60_000
    + b"</urlset>",
    "ids": f"<feed xmlns='http://www.w3.org/2005/Atom'><id>tag:{'a-.' * MANY}</id>"
    f"<entry><id>http://{'/..a' * MANY}</id></entry>"
    f"<entry><id>https://a{'@:80' * MANY}</id></entry></feed>".encode(),
}


@pytest.mark.timeout(60)  # quadratic work on these takes minutes
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_hostile_documents_take_time_in_proportion(body: bytes) -> None:
    named, guessed = check(body, sniff(body) or "html"), check(body, "auto")

    assert named or guessed  # none of them is a document without a fault
