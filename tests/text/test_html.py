"""HTML that a feed may carry: safe, absolute, stable, and cheap whatever it is made from."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from html.entities import html5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsvc.text.clean import normalise
from feedsvc.text.html import cut, escape, plain, sanitise

BASE = "https://example.org/a/b.html"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("a < b & c > d", "a &lt; b &amp; c &gt; d", id="text"),
        pytest.param("a > b", "a &gt; b", id="text-without-a-tag"),
        pytest.param("<p>a<p>b", "<p>a</p><p>b</p>", id="open-paragraphs"),
        pytest.param("<b><i>x</b>y</i>", "<b><i>x</i></b><i>y</i>", id="crossed-tags"),
        pytest.param("<p class=x id=y style=z onclick=w>a", "<p>a</p>", id="attributes"),
        pytest.param("<p lang=fr dir=rtl>a", '<p lang="fr" dir="rtl">a</p>', id="language"),
        pytest.param("<script>x</script><style>y</style>a", "a", id="scripts-and-styles"),
        pytest.param("<iframe src=x>y</iframe><object>z</object>", "z", id="frames"),
        pytest.param("<form><input><button>x</button>a</form>", "a", id="forms"),
        pytest.param("<noscript><img src=x></noscript>a", "a", id="noscript-is-no-text"),
        pytest.param("<font size=7>a</font>", "a", id="unknown-tags-keep-their-text"),
        pytest.param(
            "<table><tr><td colspan=2 width=9>a",
            '<table><tbody><tr><td colspan="2">a</td></tr></tbody></table>',
            id="tables",
        ),
        pytest.param("<td colspan=99999999>a", "a", id="a-cell-without-table"),
        pytest.param(
            "<figure><img src=a.png alt=A width=9 height=x><figcaption>b",
            '<figure><img src="https://example.org/a/a.png" alt="A" width="9">'
            "<figcaption>b</figcaption></figure>",
            id="figures",
        ),
        pytest.param("<a href='#x'>a", f'<a href="{BASE}#x">a</a>', id="fragments"),
        pytest.param("<a href='' title=t>a", '<a title="t">a</a>', id="an-empty-link"),
        pytest.param("<a href='//example.net'>a", '<a href="https://example.net">a</a>', id="host"),
        pytest.param(
            "<a href='https://example.net/ä ö'>a",
            '<a href="https://example.net/%C3%A4%20%C3%B6">a</a>',
            id="absolute-links-are-encoded-too",
        ),
        pytest.param(
            "<a href='mailto:a@b.example'>a", '<a href="mailto:a@b.example">a</a>', id="mail"
        ),
        pytest.param("<a rel=nofollow target=_blank>a", "<a>a</a>", id="no-rel"),
        pytest.param("<q cite=x>a", '<q cite="https://example.org/a/x">a</q>', id="cite"),
        pytest.param(
            "<video src=v.mp4 poster=p.png autoplay></video>",
            '<video src="https://example.org/a/v.mp4" poster="https://example.org/a/p.png">'
            '</video> <a href="https://example.org/a/v.mp4">v.mp4</a>',
            id="a-player-is-followed-by-a-link",
        ),
        pytest.param(
            "<audio controls><source src='b%C3%A4r.mp3?x=1&amp;y=2'>no player</audio>",
            '<audio><source src="https://example.org/a/b%C3%A4r.mp3?x=1&amp;y=2">no player</audio> '
            '<a href="https://example.org/a/b%C3%A4r.mp3?x=1&amp;y=2">bär.mp3</a>',
            id="so-is-one-with-sources",
        ),
        pytest.param(
            "<audio src=a.mp3></audio><a href=a.mp3>listen</a>",
            '<audio src="https://example.org/a/a.mp3"></audio>'
            '<a href="https://example.org/a/a.mp3">listen</a>',
            id="a-player-with-a-link-needs-no-other",
        ),
        pytest.param(
            "<audio src=a.mp3><a href=a.mp3>x</a></audio>",
            '<audio src="https://example.org/a/a.mp3"><a href="https://example.org/a/a.mp3">x</a>'
            '</audio> <a href="https://example.org/a/a.mp3">a.mp3</a>',
            id="a-link-inside-a-player-is-not-seen",
        ),
        pytest.param("<bdo dir=rtl>x</bdo>", '<bdi dir="rtl">x</bdi>', id="bdo-becomes-bdi"),
        pytest.param("a\ufdd0b&#xfdd1;&#x1ffff;c", "abc", id="what-is-no-character"),
        pytest.param(
            "<img src=a srcset='a 1x, javascript:x 2x, b 3x, c huge'>",
            '<img src="https://example.org/a/a" '
            'srcset="https://example.org/a/a 1x, https://example.org/a/b 3x">',
            id="srcset",
        ),
        pytest.param(
            "<img src=data:image/png;base64,AA alt='a &amp; b'>", "a &amp; b", id="no-source"
        ),
        pytest.param("<img src=''>x", "x", id="an-empty-image"),
        pytest.param("<pre>\n\nx\n</pre>", "<pre>\n\nx\n</pre>", id="lines-of-code"),
        pytest.param("a&nbsp;b", "a&nbsp;b", id="no-break-spaces"),
        pytest.param("a\x00b\x0bc\x1f&#1;&#xfffe;d", "ab\ncd", id="what-xml-cannot-hold"),
        pytest.param("a&#13;&#10;b\rc", "a\nb\nc", id="newlines"),
        pytest.param("e&#769;", "é", id="nfc-behind-a-reference"),
        pytest.param("<p>&#824;x", "<p>x</p>", id="a-mark-that-would-swallow-the-tag"),
        pytest.param("<p>\u0338x", "<p>x</p>", id="the-same-mark-as-it-is"),
        pytest.param("<b>&#1;&#824;x</b>", "<b>x</b>", id="the-mark-behind-what-is-dropped"),
        pytest.param("<b>\x7f\u0338x</b>", "<b>x</b>", id="the-same-without-references"),
        pytest.param("<b>&#803;&#824;x</b>", "<b>\u0323x</b>", id="the-mark-that-moves-to-the-tag"),
        pytest.param("<b><img alt='&#824;x'></b>", "<b>x</b>", id="the-mark-in-a-lost-picture"),
        pytest.param("<p>a\u0338 &gt;</p>", "<p>a\u0338 &gt;</p>", id="the-mark-elsewhere"),
        pytest.param("<p>a\rb<b>\u0338</b>", "<p>a\nb<b></b></p>", id="the-mark-and-a-newline"),
        pytest.param("e</x>\u0301", "é", id="nfc-behind-markup-that-went"),
        pytest.param("\U0001f600\U0001fffe\ufdfd\ufdd0", "\U0001f600\ufdfd", id="noncharacters"),
        pytest.param("\ud800a", "a", id="a-surrogate"),
        pytest.param("]]><![CDATA[x]]>", "]]&gt;", id="cdata"),
    ],
)
def test_sanitise(html: str, expected: str) -> None:
    assert sanitise(html, BASE) == expected


def test_without_a_base_relative_addresses_go() -> None:
    html = '<a href="x">a</a><img src="y" alt="b"><a href="https://example.net/">c</a>'

    assert sanitise(html, None) == '<a>a</a>b<a href="https://example.net/">c</a>'


def test_every_thread_resolves_against_its_own_base() -> None:
    body = '<p><a href="a">a</a> <img src="/b.png" srcset="c 2x"></p>' * 50
    bases = [f"https://{n}.example.org/x/" for n in range(8)] * 20

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda base: sanitise(body, base), bases))

    assert together == [sanitise(body, base) for base in bases]
    assert len(set(together)) == 8


def test_no_base_is_left_behind_for_the_next_body() -> None:
    sanitise('<a href="/a">a</a>', "https://example.org/")

    assert sanitise('<a href="/a">a</a>', None) == "<a>a</a>"


@pytest.mark.parametrize(
    "html",
    [
        pytest.param("<!--><img src=x onerror=alert(1)>-->", id="a-comment-that-ends-at-once"),
        pytest.param("<!--!><img src=x onerror=alert(1)>-->", id="a-comment-that-ends-oddly"),
        pytest.param('<a href="&#106;avascript&colon;alert(1)">x</a>', id="references"),
        pytest.param('<a href="java&#10;script:alert(1)">x</a>', id="a-newline-in-the-scheme"),
        pytest.param('<a href="&#1;javascript:alert(1)">x</a>', id="a-control-before-it"),
        pytest.param("<svg><a xlink:href=javascript:alert(1)>x</a></svg>", id="svg"),
        pytest.param(
            "<math href=javascript:alert(1)><mi xlink:href=javascript:x>x</math>", id="math"
        ),
        pytest.param("<svg><style><img src=x onerror=alert(1)></style></svg>", id="svg-style"),
        pytest.param(
            "<math><mtext><table><mglyph><style><!--</style>"
            "<img title='--&gt;&lt;img src onerror=x&gt;'>",
            id="mutation",
        ),
        pytest.param(
            "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>", id="noscript"
        ),
        pytest.param("<textarea><img title='</textarea><img src=x onerror=x>'>", id="textarea"),
        pytest.param("<template><img src=x onerror=alert(1)></template>", id="template"),
        pytest.param("<blockquote cite='javascript:alert(1)'>x", id="cite"),
        pytest.param("<video poster='javascript:alert(1)' src='data:x'>x", id="poster"),
        pytest.param("<img srcset='javascript:alert(1) 1x'>", id="srcset"),
        pytest.param("<meta http-equiv=refresh content='0;javascript:x'>", id="refresh"),
        pytest.param("<base href='javascript:x'><a href=y>z", id="base"),
        pytest.param("<b>&#1;&#824; onclick=alert(1) x=</b>", id="a-mark-that-opens-the-tag"),
        pytest.param("<b>&#803;&#824; onclick=alert(1) x=</b>", id="a-mark-behind-another"),
        pytest.param("<b><img alt='&#824; onclick=alert(1) x='></b>", id="a-mark-in-an-alt"),
        pytest.param("<x/onclick=alert(1)><p/onclick=alert(1)>x", id="slashes-for-spaces"),
    ],
)
def test_what_would_run_does_not_come_through(html: str) -> None:
    result = sanitise(html, BASE)

    tags = re.findall(r"<[^>]*>", result)
    assert not [
        t for t in tags if re.search(r"script|\son\w+=|data:|style|svg|math|meta|base\b", t)
    ]
    assert sanitise(result, BASE) == result


DEEP = 100_000


@pytest.mark.parametrize(
    "html",
    [
        pytest.param("<div>" * DEEP + "x", id="deep"),
        pytest.param("<b>" * DEEP + "x", id="deep-in-formatting"),
        pytest.param("<blockquote>" * DEEP + "x" + "</blockquote>" * DEEP, id="deep-and-closed"),
        pytest.param("<b><div></b>" * DEEP + "x", id="behind-an-end-tag-that-closes-less"),
        pytest.param("<div><table></div>" * DEEP + "x", id="behind-a-table"),
        pytest.param("<span><div></span>" * DEEP + "x", id="behind-a-block"),
        pytest.param("<optgroup>" * DEEP + "x", id="optgroups"),
        pytest.param("<svg><p>" + "<x/>" * DEEP + "x", id="out-of-foreign-content"),
        pytest.param(
            "".join(f"<font size={n}>" for n in range(200)) + "<p>x" * DEEP, id="reopened"
        ),
        pytest.param(
            "<p>" + "".join(f'<b lang="{n}{"x" * 5_000}">' for n in range(200)) + "</p><p>x" * 200,
            id="long-attributes-reopened",
        ),
        pytest.param(
            f'<p><a title="{"x" * 100_000}"></p>' + "<p>x" * 3_000, id="a-long-title-reopened"
        ),
        pytest.param(
            f'<p><b lang="{"x" * 100_000}"><table><td></b></table></p>' + "<p>x" * 3_000,
            id="reopened-behind-an-end-tag-in-a-table",
        ),
        pytest.param("<p " + " ".join(f"a{n}=1" for n in range(DEEP)) + ">x", id="attributes"),
        pytest.param(
            "".join(f"<html a{n}=1>" for n in range(DEEP)) + "x", id="attributes-of-the-root"
        ),
        pytest.param("&" * 1_000_000, id="ampersands"),
        pytest.param("&a" * 1_000_000, id="names-of-references"),
        pytest.param("<" * 1_000_000, id="less-than"),
        pytest.param('<a "' * DEEP, id="quotes"),
        pytest.param("<!--" * DEEP, id="comments"),
        pytest.param("x" * 5_000_000, id="one-long-word"),
        pytest.param("<p>" + "ein Wort " * 600_000, id="one-long-line"),
        pytest.param("<p a='" + "x" * 5_000_000 + "'>x", id="one-long-attribute"),
        pytest.param("<img src=a srcset='" + " ," * 500_000 + "'>", id="srcset-of-commas"),
        pytest.param("<div>" * 200 + "</p>" * DEEP, id="paragraphs-out-of-nothing"),
    ],
)
@pytest.mark.timeout(60)  # quadratic work on these takes minutes
def test_the_cost_grows_with_the_text_and_no_faster(html: str) -> None:
    result = sanitise(html, BASE)

    assert len(plain(html, 300)) <= 300
    assert plain(html) is not None
    assert sanitise(result, BASE) == result


@pytest.mark.parametrize(
    ("html", "start", "elements"),
    [
        pytest.param("<table><tr><td>" * 20 + "x" * 20_000, "<table>", 20, id="tables-in-tables"),
        pytest.param(
            "<p>Text</p><svg>" + "<path d=''/>" * 1_000 + "</svg>", "<p>", 1, id="a-drawing"
        ),
        pytest.param("<p>Text <b>fett</b>" * 3_000, "<p>", 3_000, id="paragraphs-never-closed"),
        pytest.param(
            f'<p><a href="/{"x" * 5_000}">Text</a></p>' * 600, "<p>", 1_200, id="long-addresses"
        ),
        pytest.param("<p><a name=x>Text</p>" * 3_000, "<p>", 6_000, id="anchors-never-closed"),
        pytest.param(
            "<table>" + '<tr><td><b class="heading">Text</b></td></tr>' * 3_000 + "</table>",
            "<table>",
            1,
            id="bold-in-every-cell",
        ),
        pytest.param("<ul>" + "<li>Text" * 3_000, "<ul>", 3_000, id="items-never-closed"),
        pytest.param(
            "<p>x</p><img src='data:image/png;base64," + "Ab+/" * 50_000 + "'>", "<p>", 1, id="data"
        ),
        pytest.param("<a href=x>y</a> " * 2_000, "<a ", 2_000, id="links"),
    ],
)
def test_large_but_honest_markup_keeps_its_structure(html: str, start: str, elements: int) -> None:
    result = sanitise(html, BASE)

    assert result.startswith(start)
    assert len(re.findall("<(?:p|li|table|a)[ >]", result)) == elements


PIECES = st.sampled_from(
    ["<p>", "</p>", "<b>", "</b>", "<a href=x>", "</a>", "<h1>", "<h2>", "</h1>", "<ul>",
     "<li>", "</ul>", "<table>", "<tr>", "<td>", "</table>", "<button>", "<svg>", "<math>",
     "<mi>", "<p>\u0338", "<foreignObject>", "<select>", "<option>", "<template>", "<pre>",
     "\n", "</pre>", "<!--", "-->", "<![CDATA[", "]]>", "<img src=a alt='>'>",
     "<img srcset='a, b 2x'>", "<source>", "<video>", "&#13;", "&#824;", "&#769;", "e", "&amp;",
     "&", "<", ">", '"', "'", "<p title='", "\x00", "\ud800", "<form>", "<frameset>",
     "<plaintext>", "<textarea>", "<title>", "<noscript>", "<ruby>", "<rt>", "<details>",
     "<center>", "<font>", "<nobr>", "</br>", "</p>", "<hr/>", "<caption>", "\u2028", "</x>",
     "\u0301", "\u0323", "\u0338", "&#1;", "<img alt='&#824;'>", "\ufdd0", "\U0001fffe"]
)  # fmt: skip


SOUP = st.lists(PIECES | st.text(max_size=3), max_size=30).map("".join)


@settings(max_examples=400)
@given(SOUP, st.sampled_from([None, BASE]))
def test_sanitise_is_idempotent(html: str, base: str | None) -> None:
    result = sanitise(html, base)

    assert sanitise(result, base) == result
    assert not re.search("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]", result)


NUMBERS = [*range(1, 0x300), *range(0x2000, 0x2100), 0x338, 0xFEFF, 0xFFFE, 0x1FFFE, 0x1D165]


def test_every_reference_is_what_it_stands_for() -> None:
    references = [f"&{name}" for name in html5 if name.endswith(";")]
    references += [f"&#{number};" for number in NUMBERS] + [f"&#x{number:x};" for number in NUMBERS]

    for reference in references:
        result = sanitise(f"<p>e{reference}</p>", None)
        assert sanitise(result, None) == result
        assert unescape(result) == normalise(unescape(result))


@given(SOUP)
def test_sanitised_html_is_well_nested(html: str) -> None:
    stack: list[str] = []
    for closing, name in re.findall(r"<(/?)([a-z][a-z0-9]*)[^>]*>", sanitise(html, BASE)):
        if closing:
            assert stack.pop() == name
        elif name not in {"br", "hr", "img", "source", "wbr", "col"}:
            stack.append(name)

    assert not stack


@pytest.mark.parametrize(
    ("html", "limit", "expected"),
    [
        pytest.param("<p>a</p><p>b <i>c</i>d</p>", None, "a b cd", id="blocks-part-words"),
        pytest.param("a<br>b<br/>c", None, "a b c", id="line-breaks"),
        pytest.param("a &lt;b&gt; &amp;amp; &eacute;", None, "a <b> &amp; é", id="references-once"),
        pytest.param("a < b und c > d", None, "a < b und c > d", id="no-tags"),
        pytest.param("<script>x</script>a<style>y</style><!-- z -->", None, "a", id="no-prose"),
        pytest.param("<a title='>'>b</a>", None, "b", id="an-angle-in-an-attribute"),
        pytest.param("<p title=\"a'>b</p>", None, "", id="an-open-quote-takes-all"),
        pytest.param("Das ist ein Satz.", 17, "Das ist ein Satz.", id="just-fits"),
        pytest.param("Das ist ein Satz.", 16, "Das ist ein…", id="cut-at-a-word"),
        pytest.param("Das, ist", 6, "Das…", id="no-comma-at-the-end"),
        pytest.param("x" * 50, 10, "x" * 9 + "…", id="one-long-word"),
        pytest.param("e\u0308" * 9 + "x", 4, "e\u0308…", id="not-inside-a-letter"),
        pytest.param("<p>" + " \n" * 5_000 + "a" + " " * 9_000 + "b", 10, "a b", id="white-space"),
        pytest.param("&amp;lt;" * 300, 5, "&lt…", id="references-once-in-long-texts"),
        pytest.param("a b", 1, "…", id="no-room"),
        pytest.param("a b", 0, "", id="none-at-all"),
    ],
)
def test_plain(html: str, limit: int | None, expected: str) -> None:
    assert plain(html, limit) == expected


@given(st.text(), st.integers(0, 30))
def test_plain_keeps_its_limit(html: str, limit: int) -> None:
    text = plain(html, limit)

    assert len(text) <= limit
    assert text == " ".join(text.split())


@given(st.text(alphabet="ab ,ä\u0301", max_size=40), st.integers(1, 30))
def test_what_was_cut_is_not_cut_again(text: str, limit: int) -> None:
    assert cut(cut(text, limit), limit) == cut(text, limit)


@given(st.text())
def test_escaped_text_is_text(text: str) -> None:
    line = " ".join(plain(text.replace("<", "").replace("&", "")).split())

    assert plain(escape(line)) == line
    assert not set('<>"') & set(escape(text))
