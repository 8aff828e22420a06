"""Bytes -> text, rung by rung."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.errors import ParseError
from feedsvc.text.encoding import decode

GERMAN = "Größe\nFür Österreich wäre das „übel“ – nicht wahr?"
FRENCH = "L’été à Paris\nLes élèves ont reçu leurs prix à l’hôtel, où était l’œuvre."
POLISH = "Wiadomość\nW Warszawie odbyło się spotkanie ministrów, którzy mówili o przyszłości."
RUSSIAN = "Погода\nЭто статья о погоде в Москве и других городах страны."


@pytest.mark.parametrize(
    ("data", "encodings", "text", "encoding"),
    [
        pytest.param(b"plain", (), "plain", "utf-8", id="ascii-is-utf-8"),
        pytest.param(GERMAN.encode(), ("cp1252",), GERMAN, "utf-8", id="utf-8-before-the-list"),
        pytest.param(GERMAN.encode("utf-8-sig"), (), GERMAN, "utf-8", id="utf-8-mark-is-dropped"),
        pytest.param(
            codecs.BOM_UTF8 * 2 + b"x", (), "x", "utf-8", id="joined-files-have-a-second-mark"
        ),
        pytest.param(
            codecs.BOM_UTF16_LE + GERMAN.encode("utf-16-le"), (), GERMAN, "utf-16-le",
            id="utf-16-le",
        ),
        pytest.param(
            codecs.BOM_UTF16_BE + GERMAN.encode("utf-16-be"), (), GERMAN, "utf-16-be",
            id="utf-16-be",
        ),
        pytest.param(
            codecs.BOM_UTF32_LE + GERMAN.encode("utf-32-le"), (), GERMAN, "utf-32-le",
            id="utf-32-le",
        ),
        pytest.param(
            codecs.BOM_UTF32_BE + GERMAN.encode("utf-32-be"), (), GERMAN, "utf-32-be",
            id="utf-32-be",
        ),
        pytest.param(GERMAN.encode("utf-16-le"), (), GERMAN, "utf-16-le", id="bare-utf-16-le"),
        pytest.param(GERMAN.encode("utf-16-be"), (), GERMAN, "utf-16-be", id="bare-utf-16-be"),
        pytest.param(RUSSIAN.encode("utf-16-le"), (), RUSSIAN, "utf-16-le", id="bare-in-cyrillic"),
        pytest.param(GERMAN.encode("utf-32-le"), (), GERMAN, "utf-32-le", id="bare-utf-32-le"),
        pytest.param(GERMAN.encode("utf-32-be"), (), GERMAN, "utf-32-be", id="bare-utf-32-be"),
        pytest.param(
            "日本語の記事\n本文".encode("utf-16-le"), ("utf-16-le",), "日本語の記事\n本文",
            "utf-16-le", id="named-utf-16-without-a-pattern",
        ),
        pytest.param(GERMAN.encode("cp1252"), ("utf-8", "cp1252"), GERMAN, "cp1252", id="listed"),
        pytest.param(
            GERMAN.encode("cp1252"), ("latin-1",), GERMAN, "cp1252", id="latin-1-means-windows-1252"
        ),
        pytest.param(b"\x81\xe4", ("latin-1",), "\x81ä", "iso8859-1", id="or-else-itself"),
        pytest.param(FRENCH.encode("cp1252"), ("cp1252",), FRENCH, "cp1252", id="french-1252"),
        pytest.param(POLISH.encode("iso8859-2"), ("iso-8859-2",), POLISH, "iso8859-2", id="polish"),
        pytest.param(RUSSIAN.encode("koi8-r"), ("KOI8-R",), RUSSIAN, "koi8-r", id="koi8-r"),
        pytest.param(
            "日本語".encode("cp932"), ("shift_jis",), "日本語", "cp932", id="shift-jis-means-cp932"
        ),
        pytest.param(b"", (), "", "utf-8", id="empty-is-a-text"),
        pytest.param(b"ab\x01cd", (), "ab\x01cd", "utf-8", id="one-stray-control-character"),
    ],
)  # fmt: skip
def test_what_is_certain(data: bytes, encodings: tuple[str, ...], text: str, encoding: str) -> None:
    decoded = decode(data, encodings)

    assert (decoded.text, decoded.encoding) == (text, encoding)
    assert decoded.warning is None


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param(GERMAN.encode("cp1252"), GERMAN, id="german-1252"),
        pytest.param(FRENCH.encode("cp1252"), FRENCH, id="french-1252"),
        pytest.param(POLISH.encode("cp1250"), POLISH, id="polish-1250"),
        pytest.param(RUSSIAN.encode("koi8-r"), RUSSIAN, id="russian-koi8"),
        pytest.param(RUSSIAN.encode("cp1251"), RUSSIAN, id="russian-1251"),
        pytest.param(
            ("Größe für alle " * 5).encode() + b"\xc3", "Größe für alle " * 5 + "\ufffd",
            id="utf-8-cut-short",
        ),
        pytest.param("Köln".encode() + b"\xc3", "Köln\ufffd", id="a-short-text-cut-short"),
        pytest.param(
            "Grüße \ud800 aus".encode("utf-8", "surrogatepass"), "Grüße \ufffd aus",
            id="half-of-a-surrogate-pair",
        ),
        pytest.param(
            "Grüße \ud83d\udea2".encode("utf-8", "surrogatepass"), "Grüße \U0001f6a2",
            id="cesu-8-is-joined",
        ),
        pytest.param("Café, déjà v".encode("cp1252") + b"\xe9", "Café, déjà vé", id="no-cut-utf-8"),
        pytest.param(codecs.BOM_UTF8 + b"a\xffb", "a\ufffdb", id="marked-utf-8-with-a-bad-byte"),
        pytest.param(codecs.BOM_UTF16_LE + b"a\0b", "a\ufffd", id="marked-utf-16-cut-short"),
        pytest.param("Titel".encode("utf-16-le") + b"x", "Titel", id="bare-utf-16-cut-short"),
    ],
)  # fmt: skip
def test_a_guess_or_a_repair_is_told(data: bytes, text: str) -> None:
    decoded = decode(data, ())

    assert decoded.text == text
    assert decoded.warning


@pytest.mark.parametrize(
    ("data", "word"),
    [
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "PNG", id="png"),
        pytest.param(b"\xff\xd8\xff\xe0\x00\x10JFIF", "JPEG", id="jpeg"),
        pytest.param(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "PDF", id="pdf"),
        pytest.param(b"PK\x03\x04\x14\0", "ZIP", id="zip-or-docx"),
        pytest.param(b"\x7fELF\x02\x01\x01", "program", id="elf"),
        pytest.param(b"\x1f\x8b\x08\0", "gzip", id="gzip"),
        pytest.param(b"{\\rtf1\\ansi Titel}", "RTF", id="rtf"),
        pytest.param(b"abc\0def\0\0ghi\x01", "NUL", id="nuls-without-a-pattern"),
        pytest.param(b"\0" * 64, "NUL", id="only-nuls"),
        pytest.param(codecs.BOM_UTF16_LE + b"a\0\0\0b\0", "NUL", id="marked-but-holding-nuls"),
        pytest.param(b"\x01\x02\x03\x04\x05ab", "control", id="mostly-control-bytes"),
        pytest.param(bytes(range(1, 256)), "control", id="any-byte"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, word: str) -> None:
    with pytest.raises(ParseError, match=word) as caught:
        decode(data, ("cp1252",))

    assert caught.value.hint
    assert not caught.value.retryable


@pytest.mark.parametrize("name", ["cp125", "hex", "rot13", "", "a\0b", "ütf"])
def test_an_unknown_encoding_is_told_even_behind_one_that_fits(name: str) -> None:
    with pytest.raises(ParseError, match="unknown encoding") as caught:
        decode(GERMAN.encode("cp1252"), ("cp1252", name))

    assert "encoding" in (caught.value.hint or "")


def test_utf_8_needs_no_list_and_does_not_read_it() -> None:
    assert decode(GERMAN.encode(), ("cp125",)).text == GERMAN


@given(st.binary(max_size=200), st.sampled_from([(), ("cp1252",), ("utf-16", "koi8-r")]))
def test_any_bytes_are_text_or_a_parse_error(data: bytes, encodings: tuple[str, ...]) -> None:
    try:
        decoded = decode(data, encodings)
    except ParseError:
        return

    assert "\0" not in decoded.text


@given(st.text(alphabet=st.characters(exclude_characters="\0", codec="utf-8"), max_size=100))
def test_every_text_in_utf_8_comes_back(text: str) -> None:
    try:
        decoded = decode(b"\xef\xbb\xbf" + text.encode(), ())
    except ParseError:
        return

    assert decoded.text == text.lstrip("\ufeff")
