"""Pages -> Draft. A case is `data/html/<name>.html` beside `<name>.toml`.

The TOML names the fields of the draft that are not empty, and the warnings as `warns`. Dates are
compared as instants, all else must be exact. The source is in Berlin and states no language.
"""

from __future__ import annotations

import contextlib
import tomllib
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.errors import ParseError
from feedsvc.model import Document, Draft, Hints
from feedsvc.parsers.html import parse
from tests.support import said

DATA = Path(__file__).parent / "data" / "html"
CASES = sorted(DATA.glob("*.html"))
HINTS = Hints(zone=ZoneInfo("Europe/Berlin"))


def read(text: str | bytes, path: str = "seite.html", hints: Hints = HINTS) -> Draft:
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return parse(Document(source="local", path=path, data=data), hints)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    expected = tomllib.loads(path.with_suffix(".toml").read_text(encoding="utf-8"))
    if warns := expected.pop("warns", []):
        expected["warnings"] = warns

    draft = read(path.read_bytes(), path.name)

    assert said(draft) == expected


def test_every_expectation_has_its_page() -> None:
    assert {path.stem for path in DATA.glob("*.toml")} == {path.stem for path in CASES}


@pytest.mark.parametrize(
    "page",
    [
        pytest.param("", id="an-empty-file"),
        pytest.param("<html></html>", id="an-empty-page"),
        pytest.param("<title>Titel</title>", id="nothing-but-a-title"),
        pytest.param(
            "<title>App</title><div id=app></div><script>start()</script>", id="a-shell-for-scripts"
        ),
        pytest.param("<nav>Menü</nav><footer>Impressum</footer>", id="nothing-but-the-site"),
        pytest.param("<!-- " * 10_000, id="a-comment-without-end"),
        pytest.param(b"\x89PNG\r\n\x1a\n", id="an-image"),
    ],
)
def test_a_page_without_text_is_no_article(page: str | bytes) -> None:
    with pytest.raises(ParseError):
        read(page)


@pytest.mark.parametrize(
    ("data", "warned"),
    [
        pytest.param("<title>x</title><p>Größe".encode(), False, id="utf-8-without-a-word"),
        pytest.param("<p>Größe".encode("utf-8-sig"), False, id="a-mark"),
        pytest.param("<p>Größe".encode("utf-16"), False, id="utf-16"),
        pytest.param("<meta charset=iso-8859-1><p>Größe".encode("latin-1"), False, id="charset"),
        pytest.param(
            "<?xml version='1.0' encoding='cp1252'?><p>Größe".encode("cp1252"), False, id="xml"
        ),
        pytest.param(
            "<meta charset=utf-8><p>Größe".encode("cp1252"), True, id="a-charset-that-lies"
        ),
        pytest.param(
            "<meta charset=unsinn><p>Größe".encode("cp1252"), True, id="a-charset-nobody-knows"
        ),
        pytest.param("<meta charset=utf-16><p>Größe".encode(), False, id="utf-16-said-in-bytes"),
    ],
)
def test_encodings(data: bytes, warned: bool) -> None:
    draft = read(data)

    assert "Größe" in draft.html
    assert bool(draft.warnings) is warned


@pytest.mark.parametrize(
    ("head", "title"),
    [
        pytest.param(
            "<title>A – Blatt</title><meta property=og:site_name content=Blatt>",
            "A",
            id="a-known-site",
        ),
        pytest.param(
            "<title>Blatt: A</title><meta property=og:site_name content=Blatt>", "A", id="in-front"
        ),
        pytest.param("<title>A – B</title>", "A – B", id="an-unknown-site-may-be-the-title"),
        pytest.param("<title>x</title><meta property=og:title content=A>", "A", id="open-graph"),
        pytest.param("<title>\n A \n B</title>", "A B", id="on-one-line"),
        pytest.param(
            "<svg><title>Bild</title></svg><title>A</title>", "A", id="not-that-of-a-picture"
        ),
        pytest.param("", "Seite", id="the-file-name-serves"),
    ],
)
def test_titles(head: str, title: str) -> None:
    assert read(f"{head}<body><p>Text.").title == title


@pytest.mark.parametrize(
    ("author", "names"),
    [
        pytest.param('"Anna Muster"', ["Anna Muster"], id="a-text"),
        pytest.param('["Anna", "Ben"]', ["Anna", "Ben"], id="texts"),
        pytest.param('{"@type": "Person", "name": "Anna"}', ["Anna"], id="an-object"),
        pytest.param('[{"name": "Anna"}, {"name": ["Ben"]}]', ["Anna", "Ben"], id="objects"),
        pytest.param('{"@type": "Person"}', [], id="nameless"),
        pytest.param("7", ["7"], id="a-number"),
        pytest.param("null", [], id="null"),
        pytest.param('{"@id": "#nobody"}', [], id="a-reference-to-nothing"),
    ],
)
def test_authors_in_json_ld(author: str, names: list[str]) -> None:
    script = f'{{"@type": "Article", "headline": "T", "author": {author}}}'

    draft = read(f'<script type="application/ld+json">{script}</script><p>Text.')

    assert [person.name for person in draft.authors] == names


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("{", id="cut-off"),
        pytest.param('{"@type": "Article", "headline": {"a": [}', id="broken"),
        pytest.param("[" * 100_000, id="nested-beyond-measure"),
        pytest.param('{"@type": "Article", "headline": ' + "9" * 5_000 + "}", id="a-huge-number"),
        pytest.param('{"@type": 7, "headline": "x"}', id="a-type-that-is-none"),
        pytest.param(
            '{"@graph": [[[[[[[{"@type": "Article", "headline": "x"}]]]]]]]}', id="buried"
        ),
        pytest.param(
            '{"@type": "Article", "headline": "\\ud800", "datePublished": [{}]}', id="a-surrogate"
        ),
    ],
)
def test_broken_json_ld_costs_nothing_else(script: str) -> None:
    draft = read(
        f'<title>Titel</title><script type="application/ld+json">{script}</script><p>Text.'
    )

    assert draft.title == "Titel"
    assert draft.html == "<p>Text.</p>"


@pytest.mark.parametrize(
    "stated", ["#article", "https://example.org/#article", "https://example.org", "artikel 7"]
)
def test_an_id_that_every_page_has_is_none(stated: str) -> None:
    script = f'{{"@type": "Article", "headline": "T", "@id": "{stated}"}}'

    assert read(f'<script type="application/ld+json">{script}</script><p>Text.').id is None


@pytest.mark.parametrize(
    "page",
    [
        pytest.param("<div>" * 100_000 + "Text", id="deep"),
        pytest.param(
            "<p " + " ".join(f"a{n}=1" for n in range(100_000)) + ">Text", id="attributes"
        ),
        pytest.param("<p>x" * 100_000, id="paragraphs"),
        pytest.param("Text &" * 300_000, id="ampersands"),
        pytest.param("<article>" * 250 + "<p>Text</p>" * 5_000, id="articles-in-articles"),
        pytest.param("<p>" + "x" * 15_000_000, id="one-long-line"),
        pytest.param("<h1>a</h1>" * 50_000, id="headings"),
        pytest.param("<meta name=author content=x>" * 50_000 + "Text", id="metas"),
        pytest.param(
            "".join(f"<meta name=keywords content=x{n}>" for n in range(50_000)) + "Text",
            id="keywords",
        ),
        pytest.param("<time>x</time>" * 20_000 + "Text", id="times"),
        pytest.param("<p hidden>x</p>" * 50_000 + "Text", id="hidden"),
        pytest.param("<div class='p-author'>x" * 200 + "Text", id="authors-in-authors"),
    ],
)
@pytest.mark.timeout(60)  # quadratic work on these takes minutes
def test_the_cost_grows_with_the_page_and_no_faster(page: str) -> None:
    draft = read(page)

    assert draft.title


PIECES = st.sampled_from(
    ["<article>", "</article>", "<main>", "<h1>", "</h1>", "<p>", "Text ", "<title>", "</title>",
     "<base href='/x/'>", "<base href='//['>", "<meta name=author content='a, b'>",
     "<meta property=og:image content='//['>", "<time datetime=2025>", "<div class='h-entry'>",
     "<a class='u-url p-author' href='http://['>", "<div class='e-content'>", "<p class=p-name>",
     "<img data-src=x src=data:>", "<noscript>", "</noscript>", "<svg>",
     "<script type='application/ld+json'>", "</script>",
     '{"@type":"Article","headline":"x","image":[{}],"author":[[1]]}', "<template>",
     "<link rel=canonical href=x>", "\x00", "<html lang='x'>", "<frameset>", "<!--", "-->",
     "<![CDATA[", "]]>", "<?x", "<body>", "</body>", "</html>"]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=4), max_size=40).map("".join))
def test_nothing_but_a_parse_error_is_raised(page: str) -> None:
    try:
        draft = read(page)
    except ParseError:
        return

    assert draft.title


@given(st.binary(max_size=200))
def test_no_bytes_break_it(data: bytes) -> None:
    with contextlib.suppress(ParseError):
        read(b"<p>" + data)
