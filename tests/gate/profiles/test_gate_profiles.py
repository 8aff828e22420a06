"""Every rule of every partner: a document that breaks it, and one that comes close and does not."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsvc.config.partners import PROFILES
from feedsvc.gate import check, sniff
from feedsvc.gate.profiles import check_profile, formats_of
from feedsvc.gate.profiles.apple_categories import CATEGORIES
from feedsvc.gate.rules import PROFILE_RULES, RULES
from feedsvc.model import Finding, Format

DATA = Path(__file__).parent / "data"
NOW = datetime(2025, 3, 5, 12, tzinfo=UTC)
GENERAL = {"size-large", "size-huge", "self-missing"}  # of the gate, and of `reader`
LAST_ITEM = re.compile(r"    <item>(?:(?!<item>).)*</item>\n", re.DOTALL)
TIMES = re.compile(r"\{([^{}*]+)\*([0-9]+)\}")


@dataclass(frozen=True)
class Case:
    """One row of a table."""

    profile: str
    rule: str
    document: str  # the good one
    bad: str
    good: str
    before: str | None


def _with_items(text: str, count: int) -> str:
    """The document with so many items: copies of its last one."""
    last = list(LAST_ITEM.finditer(text))[-1]
    more = count - text.count("<item>")
    copies = (re.sub(r"(tide-1|ferry)\b", rf"\1-{n + 2}", last[0]) for n in range(more))
    return text[: last.end()] + "".join(copies) + text[last.end() :]


def _document(name: str, items: int | None = None) -> str:
    text = (DATA / name).read_text("utf-8")
    if items is None and name == "flipboard.xml":
        items = 30
    return _with_items(text, items) if items else text


def _edited(text: str, edits: list[str]) -> str:
    for old, new in zip(edits[::2], edits[1::2], strict=True):
        assert old in text, f"{old} is not in the document"
        text = text.replace(old, TIMES.sub(lambda many: many[1] * int(many[2]), new))
    return text


def _case(profile: str, row: dict[str, Any]) -> Case:
    name = row["in"]
    bad, good = (_document(name, count) for count in row.get("items", [None, None]))
    return Case(
        profile=profile,
        rule=row["rule"],
        document=name,
        bad=row["all"] if "all" in row else _edited(bad, row.get("bad", [])),
        good=_edited(good, row.get("good", [])),
        before=_document(name) if row.get("before") else None,
    )


CASES = [
    _case(profile, row)
    for profile in PROFILES
    for row in tomllib.loads((DATA / f"{profile}.toml").read_text("utf-8"))["case"]
]
_IDS = [f"{case.rule}-{number}" for number, case in enumerate(CASES)]
GOOD = sorted({(case.profile, case.document) for case in CASES})


def _judge(text: str, profile: str, before: str | None = None) -> tuple[Finding, ...]:
    known = None if before is None else before.encode()
    return check_profile(text.encode(), "auto", profile, now=NOW, before=known)


def codes(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.code for finding in findings}


@pytest.mark.parametrize("case", CASES, ids=_IDS)
def test_a_document_that_breaks_the_rule_is_told_with_its_severity_and_line(case: Case) -> None:
    found = _judge(case.bad, case.profile, case.before)

    mine = [finding for finding in found if finding.code == case.rule]
    assert mine, f"only {codes(found)}"
    assert all(finding.error == RULES[case.rule].error for finding in mine)
    assert all(finding.line is not None for finding in mine) or case.rule.startswith("size-")


@pytest.mark.parametrize("case", CASES, ids=_IDS)
def test_a_near_miss_is_let_pass(case: Case) -> None:
    found = _judge(case.good, case.profile, case.before)

    assert case.rule not in codes(found), [f for f in found if f.code == case.rule]


@pytest.mark.parametrize(("profile", "name"), GOOD)
def test_the_good_documents_please_the_partner_and_the_gate(profile: str, name: str) -> None:
    text = _document(name)

    assert _judge(text, profile) == ()
    assert _judge(text, profile, text) == ()
    assert check(text.encode(), "auto") == ()


def test_every_rule_of_every_partner_has_both_examples() -> None:
    shown = {case.rule for case in CASES}

    assert shown == set(PROFILE_RULES) | GENERAL


def test_the_line_is_that_of_the_element() -> None:
    text = _document("msn.xml").replace("High water comes at noon this week", "High water")
    line = text[: text.index("<title>High water")].count("\n") + 1

    found = _judge(text, "msn")

    assert [(finding.code, finding.line) for finding in found] == [("msn-title-length", line)]


@pytest.mark.parametrize(
    ("profile", "formats"),
    [
        ("reader", ["atom", "rss", "json"]),
        ("msn", ["atom", "rss"]),
        ("smartnews", ["atom", "rss"]),
        ("flipboard", ["rss"]),
        ("apple-podcasts", ["rss"]),
    ],
)
def test_the_formats_that_a_partner_reads(profile: str, formats: list[str]) -> None:
    assert list(formats_of(profile)) == [Format(name) for name in formats]


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_of_the_configuration_has_its_rules(profile: str) -> None:
    assert formats_of(profile)
    assert _judge("<rss><channel><item/></channel></rss>", profile) != ()


def test_an_unknown_profile_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="no such profile"):
        check_profile(b"", "rss", "gopher", now=NOW)


def test_apples_categories() -> None:
    assert len(CATEGORIES) == 19
    assert sum(map(len, CATEGORIES.values())) == 91
    assert {name for name, below in CATEGORIES.items() if not below} == {
        "Government", "History", "Technology", "True Crime",
    }  # fmt: skip


@pytest.mark.parametrize("profile", ["msn", "smartnews", "flipboard", "apple-podcasts"])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<rss", id="cut-off"),
        pytest.param(b"<!DOCTYPE rss [<!ENTITY a 'b'>]><rss>&a;</rss>", id="doctype"),
        pytest.param(b"\xff\xfe<\x00", id="utf-16"),
    ],
)
def test_what_cannot_be_read_is_left_to_the_gate(profile: str, body: bytes) -> None:
    found = check_profile(body, "rss", profile, now=NOW, before=body)

    assert codes(found) <= {"smartnews-encoding"}
    assert any(finding.error for finding in check(body, "rss"))


def test_a_broken_version_before_is_compared_with_nothing() -> None:
    text = _document("msn.xml")

    assert _judge(text, "msn", "<rss") == ()
    assert _judge(text, "msn", "<html/>") == ()


PIECES = [
    b"<", b"&#0;", b"\x00", b"\xff", b"http://[", b"0001-01-01T00:00:00+23:59", b'"', b"<item/>",
    b"9999-12-31T23:59:59-23:59", b"9" * 5000, b"<guid/>", b"<b>", b"&lt;img src=", b"\xe2\x80\xa8",
    "\u0660".encode(), b'width="\xc2\xb2"',
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_damaged_document_is_judged_and_nothing_raises(data: st.DataObject) -> None:
    profile, name = data.draw(st.sampled_from(GOOD))
    text = _document(name).encode()
    body = bytearray(text)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(body)))
        body[start : start + data.draw(st.integers(0, 40))] = data.draw(st.sampled_from(PIECES))

    for format in (sniff(bytes(body)) or "rss", "rss", "atom", "json"):
        found = check_profile(bytes(body), format, profile, now=NOW, before=text)

        assert codes(found) <= set(RULES)


MANY = 100_000
HOSTILE = {
    "titles": f"<rss><channel><item><title>{'&lt;a ' * MANY}</title></item></channel></rss>",
    "images": f"<rss><channel><item><description>{'&lt;img src=' * MANY}</description></item>"
    "</channel></rss>",
    "quotes": "<rss><channel><item><description>&lt;img " + "\"'a" * MANY + "</description></item>"
    "</channel></rss>",
    "items": f"<rss><channel>{'<item><guid>a</guid></item>' * 10_000}</channel></rss>",
    "categories": "<rss xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'><channel>"
    + "<itunes:category text='Arts'/>" * 20_000
    + "</channel></rss>",
    "media": "<rss xmlns:media='http://search.yahoo.com/mrss/'><channel><item>"
    + "<media:content url='a' width='1'/>" * 20_000
    + "</item></channel></rss>",
}


@pytest.mark.timeout(60)  # quadratic work on these takes minutes
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_documents_take_time_in_proportion(text: str) -> None:
    found = [_judge(text, profile, text) for profile in PROFILES]

    assert any(found)
