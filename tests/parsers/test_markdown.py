"""Markdown -> Draft. A case is `data/markdown/<name>.md` beside `<name>.toml`.

The TOML names the fields of the draft that are not empty, and the warnings as `warns`. Dates are
compared as instants, all else must be exact. The source is in Berlin and states no language.
"""

from __future__ import annotations

import contextlib
import resource
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.errors import ParseError
from feedsvc.model import Document, Draft, Hints
from feedsvc.parsers.frontmatter import split
from feedsvc.parsers.markdown import parse
from tests.support import as_toml, said

DATA = Path(__file__).parent / "data" / "markdown"
CASES = sorted(DATA.glob("*.md"))
HINTS = Hints(zone=ZoneInfo("Europe/Berlin"))


def read(text: str | bytes, path: str = "artikel.md", hints: Hints = HINTS) -> Draft:
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return parse(Document(source="local", path=path, data=data), hints)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    expected = tomllib.loads(path.with_suffix(".toml").read_text(encoding="utf-8"))
    if warns := expected.pop("warns", []):
        expected["warnings"] = warns

    draft = read(path.read_bytes(), path.name)

    assert said(draft) == expected


def test_every_expectation_has_its_text() -> None:
    assert {path.stem for path in DATA.glob("*.toml")} == {path.stem for path in CASES}


@pytest.mark.parametrize(
    ("path", "title", "published"),
    [
        pytest.param("2025-01-06-ein-titel.md", "Ein titel", 2025, id="jekyll-dates-its-files"),
        pytest.param("2025-13-06-x.md", "2025 13 06 x", None, id="an-impossible-date-is-a-name"),
        pytest.param("2025-01-06.md", "2025-01-06", 2025, id="a-date-alone-is-the-name-too"),
        pytest.param(
            "a/Mein Titel - neu.md", "Mein Titel - neu", None, id="a-name-with-spaces-stays"
        ),
        pytest.param("2025-01-06-fest/index.md", "Fest", 2025, id="a-bundle-has-its-folder's-name"),
        pytest.param("fest.de.md", "Fest", None, id="a-language-is-no-part-of-the-name"),
        pytest.param("große%20stadt.markdown", "Große stadt", None, id="percent-signs-are-decoded"),
        pytest.param(".md", ".md", None, id="no-name-is-the-path"),
    ],
)
def test_the_file_name_serves_where_the_text_says_nothing(
    path: str, title: str, published: int | None
) -> None:
    draft = read("Text.", path)

    assert draft.title == title
    assert (draft.published.year if draft.published else None) == published


def test_the_date_of_the_front_matter_outranks_that_of_the_name() -> None:
    draft = read("---\ndate: 2024-05-01T10:00:00Z\n---\nText.", "2025-01-06-x.md")

    assert draft.published == datetime(2024, 5, 1, 10, tzinfo=UTC)


def test_a_stated_language_is_not_guessed_over() -> None:
    text = "The bridge is closed and the people of the town have to go around it for a month."

    assert read(text).language == "en"
    assert read(text, hints=Hints(language="de")).language is None
    assert read(f"---\nlang: fr-CA\n---\n{text}").language == "fr-CA"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        pytest.param("---\ntitle: a: b\n---\nx", "line 2", "quotes", id="a-colon-in-a-value"),
        pytest.param("\n---\na: 1\n\tb: 2\n---\nx", "line 4", "tabs", id="a-tab-in-yaml"),
        pytest.param("---\ntitle: x\n\nText", "not closed: line 1", "---", id="yaml-never-closed"),
        pytest.param("+++\ntitle = 1\nText", "not closed: line 1", "+++", id="toml-never-closed"),
        pytest.param("+++\ntitle: x\n+++\nx", "line 2", "TOML", id="yaml-between-toml-fences"),
        pytest.param('{\n"title": x\n}\nx', "line 2", "comma", id="no-quotes-in-json"),
        pytest.param("", "no text", "exclude", id="an-empty-file"),
        pytest.param("---\ntags: [a]\n---\n \n", "no text", "exclude", id="nothing-but-tags"),
        pytest.param(
            "---\na: " + "[" * 30 + "\n---\n", "20 levels", "key: value", id="yaml-too-deep"
        ),
        pytest.param(
            "---\n" + "- " * 90_000 + "x\n---\n", "20 levels", "key", id="sequences-too-deep"
        ),
        pytest.param(
            "---\na: " + "{a: " * 60_000 + "\n---\nx", "20 levels", "key", id="maps-too-deep"
        ),
        pytest.param(
            f"---\na: [{'b, ' * 20_000}]\n---\n", "10,000 values", "leave out", id="too-many-values"
        ),
        pytest.param('{"a": ' + "[" * 100_000, "JSON", "", id="json-too-deep"),
        pytest.param('{"a": ' + "1" * 5_000 + "}", "JSON", "", id="a-number-of-5000-digits"),
        pytest.param(
            "---\na: " + "x" * 300_000 + "\n---\n", "256 KiB", "close", id="a-head-too-long"
        ),
    ],
)
def test_a_broken_head_is_told_with_a_way_out(text: str, message: str, hint: str) -> None:
    with pytest.raises(ParseError) as caught:
        read(text)

    assert message in str(caught.value)
    assert hint in (caught.value.hint or "")


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

    with pytest.raises(ParseError, match="more than 10,000 values"):
        read("---\n" + "\n".join(lines) + "\n---\nText.")


def test_an_alias_to_itself_ends() -> None:
    meta, _ = split("---\na: &a [*a, b]\n---\nText.")

    assert meta == {"a": ["", "b"]}


@pytest.mark.parametrize(
    ("head", "field", "value"),
    [
        pytest.param("categories: [A, B]", "tags", ("A", "B"), id="categories-are-tags"),
        pytest.param("category: A", "section", "A", id="a-category-is-the-section"),
        pytest.param("tags: 'a, b; c'", "tags", ("a", "b", "c"), id="tags-in-one-text"),
        pytest.param("tags: [a, A, ä, '#b']", "tags", ("a", "ä", "b"), id="a-tag-once"),
        pytest.param(
            "tags: [{name: a}, null, [[b]]]", "tags", ("a", "b"), id="tags-as-maps-and-links"
        ),
        pytest.param(
            "keywords: [2025, 1.5, true]", "tags", ("2025", "1.5", "true"), id="numbers-are-tags"
        ),
        pytest.param("url: /2025/x/", "link", "/2025/x/", id="an-absolute-path-is-a-link"),
        pytest.param("url: x/y", "link", None, id="a-relative-path-is-none"),
        pytest.param(
            "slug: x\ncanonical: https://example.org/x",
            "link",
            "https://example.org/x",
            id="canonical",
        ),
        pytest.param("aliases: [/alt/]", "link", None, id="an-alias-is-no-link"),
        pytest.param("draft: 'yes'", "unreleased", True, id="a-draft-by-any-word"),
        pytest.param("draft: false", "unreleased", False, id="no-draft"),
        pytest.param("draft: vielleicht", "unreleased", True, id="an-unclear-draft-is-held"),
        pytest.param("status: Entwurf", "unreleased", True, id="a-status-of-draft"),
        pytest.param("publish: false", "unreleased", True, id="not-to-be-published"),
        pytest.param("language: Deutsch", "language", "de", id="a-language-by-name"),
        pytest.param("locale: de_AT", "language", "de-AT", id="a-locale"),
        pytest.param("translationKey: x", "extra", (), id="a-translation-key-is-no-language"),
        pytest.param("guid: 42", "id", "42", id="a-number-as-id"),
        pytest.param("abstract: '<p>a &lt; b</p>'", "summary", "a < b", id="a-summary-in-html"),
        pytest.param("summary: a < b > c", "summary", "a < b > c", id="a-summary-that-is-none"),
        pytest.param("title: 2001-02-03", "title", "2001-02-03", id="a-date-as-title"),
        pytest.param("title: [a, b]", "title", "a", id="a-list-as-title"),
        pytest.param("date: {a: b}", "published", None, id="a-map-as-date"),
        pytest.param(
            "unpublish: 2025-01-06T00:00:00Z",
            "expires",
            datetime(2025, 1, 6, tzinfo=UTC),
            id="unpublish",
        ),
        pytest.param(
            "publishDate: 2025-01-06T00:00:00Z",
            "published",
            datetime(2025, 1, 6, tzinfo=UTC),
            id="publish-date-alone",
        ),
        pytest.param("image: false", "image", None, id="no-image"),
        pytest.param("x: {y: {z: 1}}", "extra", (), id="deep-maps-are-left"),
        pytest.param("x: [1, b]", "extra", (("x", "1, b"),), id="an-unknown-list"),
        pytest.param("mystery: ja", "extra", (("mystery", "ja"),), id="an-unknown-value"),
        pytest.param("date: 0001-01-01T00:00:00Z", "published", None, id="hugo's-zero-date"),
    ],
)
def test_what_a_key_means(head: str, field: str, value: object) -> None:
    draft = read(f"---\n{head}\n---\n# Titel\n\nText.")

    assert getattr(draft, field) == value


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param("image: /a.png", {"url": "/a.png"}, id="a-path"),
        pytest.param("images: [a.png, b.png]", {"url": "a.png"}, id="the-first-of-a-list"),
        pytest.param("cover: {image: a.png, alt: A}", {"url": "a.png", "caption": "A"}, id="a-map"),
        pytest.param("cover: {image: {url: a.png}}", {"url": "a.png"}, id="a-map-in-a-map"),
        pytest.param("image: '![[a b.png]]'", {"url": "a b.png"}, id="obsidian-embeds"),
        pytest.param("image: [[a.png]]", {"url": "a.png"}, id="obsidian-without-quotes"),
        pytest.param("image: '![A](a.png \"T\")'", {"url": "a.png", "caption": "A"}, id="markdown"),
        pytest.param("thumbnail: t.png\nimage: i.png", {"url": "i.png"}, id="the-larger-one-first"),
        pytest.param(
            "resources:\n- {src: x.pdf}\n- {src: c.png, name: cover}",
            {"url": "c.png"},
            id="hugo's-resources",
        ),
        pytest.param(
            "image: a.png\nimage_caption: C\nphoto_credit: D",
            {"url": "a.png", "caption": "C", "credit": "D"},
            id="beside",
        ),
    ],
)
def test_images_in_all_shapes(head: str, expected: dict[str, str]) -> None:
    assert as_toml(read(f"---\n{head}\n---\nText.").image) == expected


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [
        pytest.param("62", 62, id="seconds"),
        pytest.param("'01:02'", 62, id="minutes"),
        pytest.param("1:00:02", 3602, id="hours"),
        pytest.param("PT1H2S", 3602, id="iso-8601"),
        pytest.param("31 min", 1860, id="words"),
        pytest.param("lang", None, id="no-duration"),
        pytest.param("-5", None, id="negative"),
    ],
)
def test_durations(stated: str, seconds: int | None) -> None:
    (enclosure,) = read(f"---\naudio: {{url: a.mp3, duration: {stated}}}\n---\nText.").enclosures

    assert enclosure.duration == seconds


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("`" * 100_000, id="backticks"),
        pytest.param("".join("`" * n + " " for n in range(1, 800)), id="backticks-of-every-length"),
        pytest.param("[[" * 100_000, id="links-never-closed"),
        pytest.param("%%" * 100_001, id="comments"),
        pytest.param("{{< " * 100_000, id="shortcodes-never-closed"),
        pytest.param("{% " * 100_000, id="tags-never-closed"),
        pytest.param("{{ " * 100_000, id="values-never-closed"),
        pytest.param("{:" * 100_000, id="attributes-never-closed"),
        pytest.param("#a " * 100_000, id="hashtags"),
        pytest.param("<h1>" * 100_000, id="headings-never-closed"),
        pytest.param("<!--more " * 50_000, id="marks-never-closed"),
        pytest.param("```\n" * 50_001, id="fences"),
        pytest.param("> " * 50_000 + "x", id="quotes-in-quotes"),
        pytest.param("a\n" * 200_000 + "b", id="short-lines"),
        pytest.param("a" * 5_000_000, id="one-long-line"),
        pytest.param("k: v\n" * 50_000, id="a-head-without-end"),
    ],
)
@pytest.mark.timeout(60)  # quadratic work on these takes minutes
def test_the_cost_grows_with_the_text_and_no_faster(text: str) -> None:
    draft = read(text)

    assert draft.title


def test_no_memory_stays_behind() -> None:
    text = "# Titel\n\n" + "Ein *Absatz* mit [Link](https://example.org/) und Text.\n\n" * 500
    for _ in range(20):
        read(text)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(100):
        read(text)

    # cmarkgfm alone keeps about 0.4 MB of each
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 15_000


PIECES = st.sampled_from(
    ["---\n", "+++\n", "title: ", "a: [", "]", "{", "}", '"', "\n", "\n\n", "# ", "```\n", "`",
     "[[x]]", "![[a.png|3]]", "%%", "{{< figure src=a >}}", "{% x %}", "<h1>", "</h1>",
     "<!--more-->", "- [ ] ", "[^1]", "[^1]: x\n", "#tag ", "&a ", "*a ", "date: 2025-01-06\n",
     "tags: ", "\t", "    ", "é", "\ud800", "\x00", "|", "~"]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join))
def test_nothing_but_a_parse_error_is_raised(text: str) -> None:
    try:
        draft = read(text)
    except ParseError:
        return

    assert draft.title


@given(st.binary(max_size=200))
def test_no_bytes_break_it(data: bytes) -> None:
    for text in (b"---\n" + data, data):
        with contextlib.suppress(ParseError):
            read(text)
