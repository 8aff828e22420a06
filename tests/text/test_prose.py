"""Plain text -> HTML, rule by rule; and the cost, counted."""

from __future__ import annotations

import sys
from typing import Any, Literal
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.text.clean import normalise
from feedsvc.text.prose import inline, to_html

LONG = "Dieser Absatz steht in einer Zeile, die niemand umbrochen hat. " * 2 + "So ist es."


@pytest.mark.parametrize(
    ("text", "html"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("\n \n", "", id="blank"),
        pytest.param("a\n\nb", "<p>a</p>\n<p>b</p>", id="blank-lines-separate"),
        pytest.param("eins\nzwei\n\ndrei", "<p>eins zwei</p>\n<p>drei</p>", id="wraps-are-joined"),
        pytest.param(f"{LONG}\n{LONG}", f"<p>{LONG}</p>\n<p>{LONG}</p>", id="a-paragraph-a-line"),
        pytest.param(
            f"{LONG}\n{LONG}\n\n{LONG}", "\n".join([f"<p>{LONG}</p>"] * 3), id="and-one-blank-line"
        ),
        pytest.param(
            "Kurz.\nEtwas länger ist dieser.\nNoch einer.",
            "<p>Kurz.</p>\n<p>Etwas länger ist dieser.</p>\n<p>Noch einer.</p>",
            id="unequal-lines-are-paragraphs",
        ),
        pytest.param(
            "Die alte Brücke wird in den nächsten zwei Jahren\n"
            "saniert und nicht abgerissen, sagt die Stadt dazu\nund freut sich.",
            "<p>Die alte Brücke wird in den nächsten zwei Jahren saniert und nicht abgerissen, "
            "sagt die Stadt dazu und freut sich.</p>",
            id="equal-lines-are-joined",
        ),
        pytest.param("Regie-\nrung\n\nb", "<p>Regierung</p>\n<p>b</p>", id="hyphen-joins"),
        pytest.param(
            "Nord-\nSüd\n\nb", "<p>Nord-Süd</p>\n<p>b</p>", id="hyphen-before-capital-stays"
        ),
        pytest.param("Hin-\nund her\n\nb", "<p>Hin- und her</p>\n<p>b</p>", id="hyphen-before-und"),
        pytest.param(
            "so -\nsagt er\n\nb", "<p>so - sagt er</p>\n<p>b</p>", id="a-dash-is-no-hyphen"
        ),
        pytest.param("Wort\u00ad\nteil\n\nb", "<p>Wortteil</p>\n<p>b</p>", id="soft-hyphen"),
        pytest.param("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>", id="list"),
        pytest.param("* a\n\n* b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>", id="loose-list"),
        pytest.param("- a\n  b\n\nc", "<ul>\n<li>a b</li>\n</ul>\n<p>c</p>", id="item-goes-on"),
        pytest.param("-5 Grad", "<p>-5 Grad</p>", id="minus-is-no-list"),
        pytest.param("> a\n>\n> b", "<blockquote>\n<p>a</p>\n<p>b</p>\n</blockquote>", id="quote"),
        pytest.param("## A ##\nb", "<h2>A</h2>\n<p>b</p>", id="subhead"),
        pytest.param("#a b", "<p>#a b</p>", id="hashtag-is-no-subhead"),
        pytest.param("a\n\n* * *\n\nb", "<p>a</p>\n<hr>\n<p>b</p>", id="rule"),
        pytest.param("<b>&amp;", "<p>&lt;b&gt;&amp;amp;</p>", id="escaped"),
    ],
)
def test_body(text: str, html: str) -> None:
    assert to_html(text.split("\n")) == html


def test_without_markup_every_line_is_text() -> None:
    html = to_html(["- a", "", "> b", "", "## c"], "none")

    assert html == "<p>- a</p>\n<p>&gt; b</p>\n<p>## c</p>"


@pytest.mark.parametrize(
    ("text", "url", "rest"),
    [
        ("https://example.org.", "https://example.org", "."),
        ("https://example.org/a?b=1&c=2!", "https://example.org/a?b=1&amp;c=2", "!"),
        ("https://example.org/a_(b)", "https://example.org/a_(b)", ""),
        ("https://example.org/a)", "https://example.org/a", ")"),
        ("https://example.org/a)).", "https://example.org/a", "))."),
        ("HTTP://EXAMPLE.ORG/", "HTTP://EXAMPLE.ORG/", ""),
        ("https://example.org/“", "https://example.org/", "“"),
        ("https://[::1]/", "https://[::1]/", ""),
    ],
)
def test_addresses(text: str, url: str, rest: str) -> None:
    assert inline(text) == f'<a href="{url}">{url}</a>{rest}'


@pytest.mark.parametrize(
    "text",
    ["https://", "https://.", "javascript://x", "xhttps://example.org", "https://" + "a" * 3000],
)
def test_what_is_no_address(text: str) -> None:
    assert "<a" not in inline(text)


@given(st.lists(st.text(max_size=40), max_size=12), st.sampled_from(["auto", "none"]))
def test_any_text_gives_well_formed_html(lines: list[str], markup: Literal["auto", "none"]) -> None:
    clean = [part for line in lines for part in normalise(line).split("\n")]

    html = to_html(clean, markup)

    ET.fromstring(f"<body>{html.replace('<hr>', '<hr/>')}</body>")


@pytest.mark.parametrize(
    "line",
    [
        "x",
        "- x",
        "> x",
        "a-",
        "## x",
        "https://example.org/" + ")" * 50,
        "ein kurzer Satz ist das.",
    ],
)
def test_twice_the_lines_cost_twice_the_steps(line: str) -> None:
    small, large = (steps([line] * n) for n in (500, 1000))

    assert large <= small * 2.1


@pytest.mark.parametrize("unit", ["x ", "-", "https://a.b/))))) ", "((((", "- ", "a- "])
def test_a_longer_line_costs_in_proportion(unit: str) -> None:
    small, large = (steps([unit * n]) for n in (1000, 2000))

    assert large <= small * 2.1


def test_millions_of_characters_are_one_paragraph() -> None:
    html = to_html(["wort " * 1_000_000])

    assert html.count("<p>") == 1
    assert len(html) == len("<p></p>") + 5 * 1_000_000 - 1


def steps(lines: list[str]) -> int:
    """How many lines of code `to_html` runs through: a measure that no machine changes."""
    count = 0

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        to_html(lines)
    finally:
        sys.settrace(before)
    return count
