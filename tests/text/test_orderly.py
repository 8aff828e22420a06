"""Bodies in good order: what is accepted without a parser is what the parser makes of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsvc.text.clean import normalise
from feedsvc.text.html import by_parser, exhausts, sanitise
from feedsvc.text.orderly import orderly

BASE = "https://example.org/a/b.html?c=1"
NOTES = '<p>Brücke &amp; Deich – <a href="https://example.org/?a=1&amp;b=2">mehr</a></p>'

ACCEPTED = [
    pytest.param("plain &amp; simple", id="text"),
    pytest.param(NOTES, id="a-paragraph-with-a-link"),
    pytest.param('<p class="x" style="margin:0">a<br />\n&nbsp;b</p>', id="dropped-attributes"),
    pytest.param("<p>&bdquo;a&ldquo; &quot;b&quot; &uuml;ber &#8211; c</p>", id="references"),
    pytest.param("<ul>\n<li>a</li>\n<li><p>b</p></li></ul>", id="lists"),
    pytest.param("<dl><dt>a</dt><dd>b</dd></dl>", id="definitions"),
    pytest.param('<p><img src="/x.jpg" alt="a &amp; b" width="64" /></p>', id="a-picture"),
    pytest.param('<img src="a.jpg" srcset="a.jpg 1x, b.jpg 2x">', id="candidates"),
    pytest.param("<blockquote><p>a</p></blockquote>\n<h3>b</h3>\n<hr>", id="blocks"),
    pytest.param("<b><b><b><b><b>a</b>b</b>c</b></b></b>d", id="noah's-ark"),
    pytest.param("<em><div><p>a</p></div></em>", id="blocks-inside-of-inline"),
    pytest.param("a\u00a0b", id="a-space-that-does-not-break"),
]
LEFT_TO_THE_PARSER = [
    pytest.param("<p>a", id="an-element-without-end"),
    pytest.param("a</p>", id="an-end-without-element"),
    pytest.param("<b><i>a</b></i>", id="crossed"),
    pytest.param("<p><div>a</div></p>", id="a-block-in-a-paragraph"),
    pytest.param("<p><em><ul></ul></em></p>", id="deep-in-a-paragraph"),
    pytest.param("<h1><h2>a</h2></h1>", id="headings-in-headings"),
    pytest.param('<a href="https://example.org/"><b><a>x</a></b></a>', id="a-link-in-a-link"),
    pytest.param("<li>a</li>", id="an-item-without-list"),
    pytest.param("<ul><li>a<li>b</li></li></ul>", id="an-item-in-an-item"),
    pytest.param("<P>a</P>", id="upper-case"),
    pytest.param("<p/>a", id="an-element-closed-at-once"),
    pytest.param("<p >a</p >", id="odd-spaces"),
    pytest.param("<p class=a>b</p>", id="no-quotes"),
    pytest.param("<p title='a\"b'>b</p>", id="single-quotes"),
    pytest.param('<p class="a"class="b">b</p>', id="no-space-between"),
    pytest.param('<img alt="a" alt="b" src="/x">', id="an-attribute-twice"),
    pytest.param('<img alt="a > b" src="/x">', id="a-bracket-in-a-value"),
    pytest.param('<img alt="&quot; onload=&quot;x" src="/x">', id="quotes-in-a-value"),
    pytest.param('<img alt="a">', id="a-picture-without-address"),
    pytest.param('<a href="javascript:x()">a</a>', id="a-script"),
    pytest.param('<a href="java\tscript:x()">a</a>', id="a-script-in-two-parts"),
    pytest.param('<a href="http://1.2.3.4.5/">a</a>', id="a-number-that-is-no-host"),
    pytest.param('<a href="http://xn--a/">a</a>', id="an-invalid-a-label"),
    pytest.param('<a href="http://b.xn--a.de/">a</a>', id="an-invalid-a-label-inside"),
    pytest.param('<img width="x" src="/x">', id="an-attribute-that-falls-away"),
    pytest.param("a > b <p>x</p", id="brackets-that-only-add-up"),
    pytest.param("<p>a > b</p>", id="a-bracket-in-the-text"),
    pytest.param("<!-- a --><p>b</p>", id="a-comment"),
    pytest.param("<p>AT&T</p>", id="an-ampersand"),
    pytest.param("<p>&euml;</p>", id="a-rare-reference"),
    pytest.param("<p>a&uuml;\u0304</p>", id="a-mark-behind-a-reference"),
    pytest.param("<svg><p>a</p></svg>", id="foreign-elements"),
    pytest.param("<table><tr><td>a</td></tr></table>", id="tables"),
    pytest.param("<pre>\na</pre>", id="preformatted-text"),
    pytest.param("<script>x</script>", id="scripts"),
    pytest.param("<div>" * 30 + "</div>" * 30, id="deep-nesting"),
    pytest.param("<br>" * 3_000, id="very-many-tags"),
    pytest.param(f'<b class="{"x" * 600}">a</b>', id="a-very-long-tag"),
]


@pytest.mark.parametrize("html", ACCEPTED)
def test_what_is_in_good_order_needs_no_parser(html: str) -> None:
    result = orderly(html, BASE)

    assert result is not None
    assert result == by_parser(html, BASE)
    assert orderly(result, None) == result


@pytest.mark.parametrize("html", LEFT_TO_THE_PARSER)
def test_what_is_not_certain_is_left_to_the_parser(html: str) -> None:
    assert orderly(html, BASE) is None


# --- whatever is accepted

TAGS = (
    "p div ul ol li dl dt dd h1 h2 blockquote section figure figcaption details summary address"
    " a b i em strong small s u code span q sub time br hr img wbr center hgroup main nav"
    " font tt big nobr table tr td pre ruby rt svg math button select form x-y"
).split()
NAMES = "href src srcset alt title class style lang width start cite id onclick open datetime"
VALUES = (
    "https://example.org/x?a=1&amp;b=2", "http://a.example:80/", "/y/z.png", "../q", "#top", "?p=1",
    "//example.com/x", "mailto:a@example.org", "tel:1", "javascript:alert(1)", "data:text/html,x",
    "http://1.2.3.4.5/", "http://0x7f.1/", "http://xn--a.de/", "https://a..b/", "http://a_b.de/",
    "https://-.org/", "http://aa--b.org/", "https://user@example.org/", "https://example.org:99999/",
    "a b", "", " 12 ", "12", "50%", "&quot;", "&lt;", "ü\u00a0–", "de", "a, b 2x", "x\ny", "'",
)  # fmt: skip
REFERENCES = "&amp; &lt; &gt; &quot; &apos; &nbsp; &shy; &uuml; &#8211; &#8203; &#38; &#038; &euro;"
WORDS = (
    *REFERENCES.split(), "&", "&amp", "&amp;lt;", "&#13;", "&#769;", "&eacute;", "&ampx;",
    "a", "ü", "\u0301", "\u0338", " ", "\n", "\u00a0", ">", "<", "<!-- x -->", "]]>", "\u2028",
)  # fmt: skip

texts = st.lists(st.sampled_from(WORDS), max_size=3).map("".join)
attributes = st.lists(
    st.tuples(
        st.sampled_from([" "] * 8 + ["\n", "  ", ""]),
        st.sampled_from(NAMES.split()),
        st.sampled_from(VALUES),
        st.sampled_from(['"'] * 8 + ["'", ""]),
    ),
    max_size=3,
).map(lambda found: "".join(f"{gap}{name}={q}{value}{q}" for gap, name, value, q in found))
starts = st.tuples(st.sampled_from(TAGS), attributes, st.sampled_from(["", "", "", " /", "/"]))


def element(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def written(parts: tuple[tuple[str, str, str], str, str, str]) -> str:
        (name, attributes, slash), content, end, tail = parts
        if name in ("br", "hr", "img", "wbr"):
            return f"<{name}{attributes}{slash}>{tail}"
        return f"<{name}{attributes}>{content}{end or f'</{name}>'}{tail}"

    ends = st.sampled_from([""] * 12 + ["</p>", "</b>", "</a>", "</li>", "<br>", "</div"])
    return st.tuples(starts, inner, ends, texts).map(written)


trees = st.recursive(
    texts, lambda inner: st.lists(element(inner), max_size=4).map("".join), max_leaves=12
)


@settings(max_examples=600)
@given(trees, st.sampled_from([BASE, None, "http://1.2.3.4/", "https://xn--a.de/x"]))
def test_the_parser_would_have_said_the_same(html: str, base: str | None) -> None:
    html = normalise(html).strip()

    result = orderly(html, base)

    if result is not None:
        assert result == by_parser(html, base)
        assert not exhausts(html)
        assert not exhausts(result)
        assert sanitise(result, None) == result


@pytest.mark.parametrize("outer", [name for name in TAGS if name not in ("br", "hr", "wbr", "img")])
def test_every_element_in_every_other(outer: str) -> None:
    for inner in TAGS:
        for html in (
            f"<{outer}>a<{inner}>b</{inner}>c</{outer}>d",
            f"<{outer}><{inner}></{outer}>e",
            f"<ul><li><{outer}><{inner}>b</{inner}></{outer}></li></ul>",
        ):
            result = orderly(html, BASE)

            assert result in (None, by_parser(html, BASE)), html


def test_the_largest_that_is_accepted_exhausts_nothing() -> None:
    deepest = "<b>" * 16 + "a" + "</b>" * 16
    html = (deepest * 78)[:100_000]

    result = orderly(html, BASE)

    assert result is not None
    assert not exhausts(result)
