"""Text that every format can hold: NFC, one kind of newline, no character XML refuses."""

from __future__ import annotations

import re
import unicodedata

# XML 1.0 §2.2 `Char`, less what its note discourages (DEL and C1: feed validators call them bad
# characters too). U+0085 is among them: `normalise` has made it a newline by then.
_ILLEGAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")

LONGEST_NAME = 200
"""Characters kept of the name of a person, a tag or a section."""

# Nearly every text is fit as it stands. A look at its bytes in UTF-8 tells, where a look at its
# characters takes three times as long: these make up ASCII and the Latin letters up to U+02FF, of
# which NFC composes none (Unicode §7.1).
_LATIN = b"\t\n" + bytes((*range(0x20, 0x7F), *range(0x80, 0xC0), *range(0xC3, 0xCC)))
_PUNCTUATION = b"\xe2"  # and symbols, U+2000 to U+2FFF
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")

# CRLF and CR, VT and FF (soft line and page breaks of word processors), NEL, LS, PS (UAX #14 BK).
_NEWLINE = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")

# Characters without width that editors leave at the ends of lines; they are no white space to
# Python.
INVISIBLE = (
    "\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2066\u2067\u2068\u2069\ufeff"
)

# UAX #15 §13, Stream-Safe Text Format: no language needs more marks on one letter. CPython sorts a
# run of marks by insertion, so that without this bound a few megabytes of them take hours.
_MOST_MARKS = 30
_RUN_OF_OTHERS = re.compile(rf"[^\w\s!-~]{{{_MOST_MARKS + 1},}}")


def oddities(text: str) -> bytes:
    """The first bytes in UTF-8 of all but printable ASCII and Latin letters; b"" if all is fit."""
    if text.isascii() and text.isprintable():
        return b""
    return text.encode("utf-8", "surrogatepass").translate(None, _LATIN)


def has_more_than_punctuation(odd: bytes) -> bool:
    """Whether `oddities` are others than dashes, quotation marks and the like."""
    return bool(odd.strip(_PUNCTUATION))


def xml_safe(text: str) -> str:
    """Drop what no XML 1.0 document can hold; tabs and newlines stay."""
    if not oddities(text):
        return text
    return _ILLEGAL.sub("", text) if _ILLEGAL.search(text) else text


def normalise(text: str) -> str:
    """The form in which every text enters feedsvc: NFC, `\\n` for any newline, and safe for XML."""
    odd = oddities(text)
    if not odd:
        return text
    if has_more_than_punctuation(odd) or "\u2028" in text or "\u2029" in text:
        text = repaired(text)
    # Last, because a character dropped between a letter and its accent lets the two compose.
    if unicodedata.is_normalized("NFC", text):
        return text
    return unicodedata.normalize("NFC", _RUN_OF_OTHERS.sub(_bound_marks, text))


def repaired(text: str) -> str:
    """`text` with `\n` for any newline, and safe for XML."""
    return text if _ODD.search(text) is None else _ILLEGAL.sub("", _NEWLINE.sub("\n", text))


def one_line(text: str) -> str:
    """Collapse white space and trim, for titles and names; invisible characters go at both ends."""
    line = " ".join(text.split())
    return trim(line) if line and (line[0] in INVISIBLE or line[-1] in INVISIBLE) else line


def trim(text: str) -> str:
    """Strip white space and invisible characters, in whatever order they come."""
    start, end = 0, len(text)
    while start < end and (text[start].isspace() or text[start] in INVISIBLE):
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] in INVISIBLE):
        end -= 1
    return text[start:end]


def fold(text: str) -> str:
    """A key to compare words by: no case, no accents, single spaces."""
    folded = text.casefold()
    if not folded.isascii():
        folded = unicodedata.normalize("NFKD", _RUN_OF_OTHERS.sub(_bound_marks, folded))
        folded = "".join(c for c in folded if not unicodedata.category(c).startswith("M"))
        folded = unicodedata.normalize("NFC", folded).casefold()  # Hangul is whole again
    return " ".join(folded.split())


def _bound_marks(run: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for character in run[0]:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)
