"""Plain text -> Draft. A case is `data/plaintext/<name>.txt` beside `<name>.toml`.

The TOML names the fields of the draft that are not empty, a part of each warning (`warns`) and,
under `[hints]`, what the source says. Dates are compared as instants, all else must be exact.
"""

from __future__ import annotations

import os
import tomllib
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feedsvc.errors import ParseError
from feedsvc.model import Document, Hints
from feedsvc.parsers.plaintext import parse
from tests.support import said

BERLIN = ZoneInfo("Europe/Berlin")
DATA = Path(__file__).parent / "data" / "plaintext"
CASES = sorted(DATA.glob("*.txt"))


def document(data: bytes) -> Document:
    return Document(source="local", path="article.txt", data=data)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    expected = tomllib.loads(path.with_suffix(".toml").read_text(encoding="utf-8"))
    given_hints = expected.pop("hints", {})
    hints = Hints(
        language=given_hints.get("language"),
        zone=ZoneInfo(given_hints.get("zone", "Europe/Berlin")),
    )
    markup = expected.pop("markup", "auto")
    warns = expected.pop("warns", [])  # one word of each warning
    if isinstance(expected.get("html"), str):
        expected["html"] = expected["html"].strip()

    draft = parse(document(path.read_bytes()), hints, markup=markup)

    found = said(draft)
    warnings = found.pop("warnings", [])
    assert found == expected
    assert len(warnings) == len(warns)
    assert all(word in warning for word, warning in zip(warns, warnings, strict=True))


def test_every_expectation_has_its_text() -> None:
    assert {path.stem for path in DATA.glob("*.toml")} == {path.stem for path in CASES}
    assert len(CASES) >= 40


TEXT = "Größe der Brücke\n2025-01-06\nAutor: Jürgen Müß\n\nDie Größe der Brücke wird überprüft.\n"


@pytest.mark.parametrize(
    ("data", "encodings", "warned"),
    [
        pytest.param(TEXT.encode(), (), False, id="utf-8"),
        pytest.param(TEXT.encode("utf-8-sig"), (), False, id="utf-8-with-a-mark"),
        pytest.param(TEXT.encode("utf-16"), (), False, id="utf-16-with-a-mark"),
        pytest.param(TEXT.encode("utf-16-be"), (), False, id="utf-16-without-one"),
        pytest.param(TEXT.encode("utf-32-le"), (), False, id="utf-32-without-one"),
        pytest.param(TEXT.encode("cp1252"), ("cp1252",), False, id="the-source-names-windows-1252"),
        pytest.param(TEXT.encode("cp850"), ("utf-8", "cp850"), False, id="the-list-goes-in-order"),
        pytest.param(TEXT.encode("cp1252"), (), True, id="a-guess-is-told"),
        pytest.param(TEXT.replace("\n", "\r\n").encode(), (), False, id="crlf"),
        pytest.param(TEXT.replace("\n", "\r").encode(), (), False, id="cr"),
        pytest.param(TEXT.replace("\n", "\u2028").encode(), (), False, id="line-separators"),
        pytest.param(TEXT.replace("ö", "o\u0308").encode(), (), False, id="decomposed"),
        pytest.param(TEXT.replace("B", "\x01B").encode(), (), False, id="control-characters"),
    ],
)
def test_any_encoding_gives_the_same_draft(
    data: bytes, encodings: tuple[str, ...], warned: bool
) -> None:
    draft = parse(document(data), Hints(zone=BERLIN, encodings=encodings))

    assert draft.title == "Größe der Brücke"
    assert [person.name for person in draft.authors] == ["Jürgen Müß"]
    assert draft.html == "<p>Die Größe der Brücke wird überprüft.</p>"
    assert bool(draft.warnings) is warned


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b" \n\t\r\n", id="only-white-space"),
        pytest.param("\ufeff\u200b\n".encode(), id="only-invisible-characters"),
        pytest.param(b"---\n***\n", id="only-rules"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0", id="an-image"),
        pytest.param(b"Title\0\x01\x02", id="nul-bytes"),
    ],
)
def test_what_is_no_text_is_refused_with_a_way_out(data: bytes) -> None:
    with pytest.raises(ParseError) as caught:
        parse(document(data), Hints())

    assert caught.value.hint


WORDS = st.sampled_from(
    [
        "Titel:",
        "Autor:",
        "Datum:",
        "2025-01-06",
        "Von",
        "Anna",
        "\n",
        "\n\n",
        "- ",
        "> ",
        "(",
        "dpa",
        ")",
        "Tags:",
        "#",
        "https://",
        "example.org",
        ":",
        "Sperrfrist",
        "Bild:",
        "Audio:",
        "7.mp3",
        "Dauer:",
        "Folge:",
        "Gast:",
        "🎉",
        "\ufe0f",
        "é",
        "́",
        "[",
        "::",
        "|",
    ]
)


@given(
    st.one_of(
        st.binary(max_size=300),
        st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.lists(WORDS, max_size=40).map(lambda words: " ".join(words).encode()),
    )
)
@example(b"\xff\xfe\x00\xd8")
@example(b"Link: http://[\n2025-01-06\nx")
@example("Datum: 9999-12-31\nDatum: ０\nx".encode())
def test_any_bytes_are_a_draft_with_a_title_or_a_parse_error(data: bytes) -> None:
    try:
        draft = parse(document(data), Hints(zone=BERLIN, encodings=("cp1252",)))
    except ParseError:
        return

    assert draft.title.strip()
    assert "\n" not in draft.title


@pytest.mark.skipif(
    "FEEDSVC_SAMPLES" not in os.environ, reason="FEEDSVC_SAMPLES names no folder of real samples"
)
def test_the_real_sample() -> None:
    path = Path(os.environ["FEEDSVC_SAMPLES"]) / "000_b175791f82a6d9af.txt"

    draft = parse(document(path.read_bytes()), Hints(zone=BERLIN))

    assert draft.title == "Russland und Nordkorea: Eine gefährliche Allianz im Weltraum"
    assert [person.name for person in draft.authors] == ["Noah"]
    assert draft.published == datetime(2025, 1, 6, tzinfo=BERLIN)
    assert draft.html.count("<p>") == draft.html.count("</p>") == 6
    assert draft.language == "de"
    assert not draft.extra
    assert not draft.warnings
