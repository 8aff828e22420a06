"""Every rule: a document that breaks it, and one that comes close and does not."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feedsvc.gate import RULES, check, sniff
from feedsvc.gate.rules import PROFILE_RULES, SERVED_RULES
from feedsvc.model import Finding

DATA = Path(__file__).parent / "data"
URLS = {
    "atom": "https://example.org/hafen/atom.xml",
    "rss": "https://example.org/harbour/rss.xml",
    "json": "https://example.org/hafen/feed.json",
    "sitemap": "https://example.org/sitemap.xml",
}
CLOCKS = {"sitemap": datetime(2025, 3, 5, 12, tzinfo=UTC)}  # news are judged by their age
GOOD = {
    "atom": (DATA / "atom.xml").read_text("utf-8"),
    "rss": (DATA / "rss.xml").read_text("utf-8"),
    "json": (DATA / "feed.json").read_text("utf-8"),
    "opml": (DATA / "opml.xml").read_text("utf-8"),
    "html": (DATA / "page.html").read_text("utf-8"),
    "sitemap": (DATA / "sitemap.xml").read_text("utf-8"),
}
TABLE = tomllib.loads((DATA / "cases.toml").read_text("utf-8"))["case"]
SITEMAP = (
    b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    b' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">%b</urlset>'
)
URL = b"<url><loc/></url>"
# Rules about bytes that no text file can hold, or about sizes: their tests stand below
BYTES = {
    "encoding-broken": (b"<feed>\xe4</feed>", "<feed>ä</feed>".encode()),
    "document-too-complex": (b"<feed>" + b"<a>" * 300 + b"</a>" * 300 + b"</feed>", b"<feed/>"),
    "size-large": (
        b"<feed>" + b" " * 524_288 + b"</feed>",
        b"<feed>" + b" " * 524_200 + b"</feed>",
    ),
    "size-huge": (
        b"<feed>" + b" " * 5_000_001 + b"</feed>",
        b"<feed>" + b" " * 524_288 + b"</feed>",
    ),
    "encoding-not-utf8": ("<feed/>".encode("utf-16"), b"\xef\xbb\xbf<feed/>"),
    "sitemap-size": (SITEMAP % (b" " * 52_428_800), SITEMAP % (b" " * 5_200_000)),
    "sitemap-urls-many": (SITEMAP % (URL * 50_001), SITEMAP % (URL * 50_000)),
    "news-urls-many": (
        SITEMAP % URL.replace(b"/>", b"/>" + b"<news:news/>" * 1_001),
        SITEMAP % URL.replace(b"/>", b"/>" + b"<news:news/>" * 1_000),
    ),
}


@dataclass(frozen=True)
class Case:
    rule: str
    format: str
    bad: str
    good: str | None


def _read(row: dict[str, str]) -> Case:
    format = row["in"]
    if "all" in row:
        return Case(row["rule"], format, row["all"], row.get("good_all", GOOD.get(format)))
    text = GOOD[format]
    assert text.count(row["at"]) >= 1, f"{row['at']} is not in the {format} document"
    if "extra_at" in row:
        text = text.replace(row["extra_at"], row["extra"], 1)
    good = text.replace(row["at"], row["good"], 1) if "good" in row else None
    return Case(row["rule"], format, text.replace(row["at"], row["bad"], 1), good)


CASES = [_read(row) for row in TABLE]
_IDS = [f"{case.rule}-{case.format}-{number}" for number, case in enumerate(CASES)]


def codes(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.code for finding in findings}


def _check(text: str, format: str) -> tuple[Finding, ...]:
    return check(text.encode("utf-8"), format, url=URLS.get(format), now=CLOCKS.get(format))


@pytest.mark.parametrize("case", CASES, ids=_IDS)
def test_a_broken_document_is_told_with_the_rules_severity(case: Case) -> None:
    found = _check(case.bad, case.format)

    mine = [finding for finding in found if finding.code == case.rule]
    assert mine, f"only {codes(found)}"
    assert all(finding.error == RULES[case.rule].error for finding in mine)
    assert codes(found) <= set(RULES)


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=name) for case, name in zip(CASES, _IDS, strict=True) if case.good],
)
def test_a_near_miss_is_let_pass(case: Case) -> None:
    assert case.good is not None

    found = _check(case.good, case.format)

    assert case.rule not in codes(found), [f for f in found if f.code == case.rule]


@pytest.mark.parametrize(("rule", "documents"), BYTES.items(), ids=BYTES)
def test_rules_about_bytes(rule: str, documents: tuple[bytes, bytes]) -> None:
    bad, good = documents

    format = "sitemap" if sniff(bad) == "sitemap" else "atom"

    assert rule in codes(check(bad, format))
    assert rule not in codes(check(good, format))


@pytest.mark.parametrize("format", GOOD)
def test_what_feedsvc_writes_comes_out_without_a_finding(format: str) -> None:
    found = _check(GOOD[format], format)

    assert found == ()


def test_a_sitemap_is_measured_by_its_own_protocol() -> None:
    body = SITEMAP % b"".join(
        b"<url><loc>https://example.org/%d</loc></url>%b" % (n, b" " * 100) for n in range(40_000)
    )

    assert len(body) > 5_000_000
    assert check(body, "sitemap") == ()


@pytest.mark.parametrize("format", GOOD)
def test_the_format_is_recognised_from_the_bytes(format: str) -> None:
    assert sniff(GOOD[format].encode()) == format
    assert sniff(b"\xef\xbb\xbf\n" + GOOD[format].encode()) == format


def test_every_rule_has_an_example_that_breaks_it() -> None:
    shown = {case.rule for case in CASES} | set(BYTES)

    elsewhere = {*PROFILE_RULES, *SERVED_RULES}  # in profiles/, and in test_gate_served.py
    assert shown == set(RULES) - elsewhere


def test_equal_updated_and_deleted_entries_are_accepted_by_name() -> None:
    tombstone = (
        '<at:deleted-entry xmlns:at="http://purl.org/atompub/tombstones/1.0"'
        ' ref="tag:example.org,2025:artikel/alt" when="2025-03-01T00:00:00Z"/><icon>'
    )
    text = GOOD["atom"].replace("<icon>", tombstone, 1)
    text = text.replace("2025-03-03T18:30:00.25+01:00", "2025-03-04T09:00:00Z", 1)

    assert _check(text, "atom") == ()


def test_the_line_of_the_element_is_told() -> None:
    text = GOOD["atom"].replace("<icon>https:", "<icon>htt ps:", 1)
    line = text[: text.index("<icon>")].count("\n") + 1

    found = _check(text, "atom")

    assert [(finding.code, finding.line) for finding in found] == [("url-invalid", line)]


def test_a_thousand_like_findings_are_counted_not_listed() -> None:
    entry = "<entry><id>x</id></entry>"
    text = f'<feed xmlns="http://www.w3.org/2005/Atom">{entry * 1000}</feed>'

    found = [finding for finding in _check(text, "atom") if finding.code == "id-invalid"]

    assert len(found) == 20
    assert "980 more" in found[-1].message


def test_the_future_is_judged_only_by_a_clock() -> None:
    body = GOOD["atom"].encode()

    assert check(body, "atom") == ()
    assert codes(check(body, "atom", now=datetime(2025, 3, 4, 8, tzinfo=UTC))) == {
        "date-implausible"
    }
    assert check(body, "atom", now=datetime(2025, 3, 4, 9, tzinfo=UTC)) == ()


def test_an_unknown_format_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="no such format"):
        check(b"", "gopher")
