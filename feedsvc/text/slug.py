"""Slugs: readable path segments for tags, authors and feeds."""

from __future__ import annotations

import unicodedata
from hashlib import sha256

from slugify import slugify as _slugify

_LONGEST = 80

# python-slugify drops the marks ("Städte" -> "stadte"); German and its neighbours write the letters
# out, as passports do (ICAO Doc 9303-3 §6).
_LETTERS = (
    ("ä", "ae"),
    ("ö", "oe"),
    ("ü", "ue"),
    ("ß", "ss"),
    ("Ä", "Ae"),
    ("Ö", "Oe"),
    ("Ü", "Ue"),
    ("ẞ", "SS"),
    ("æ", "ae"),
    ("Æ", "Ae"),
    ("œ", "oe"),
    ("Œ", "Oe"),
    ("ø", "oe"),
    ("Ø", "Oe"),
    ("å", "aa"),
    ("Å", "Aa"),
    ("þ", "th"),
    ("Þ", "Th"),
)


def slugify(text: str, fallback: str) -> str:
    """`text` in `[a-z0-9-]`, at most 80 characters and cut at a word; never empty.

    `fallback` serves for a text without letters; if it has none either, a digest of the text does.
    """
    return _slug(text) or _slug(fallback) or "x" + sha256(_bytes(text)).hexdigest()[:10]


def _slug(text: str) -> str:
    text = unicodedata.normalize("NFC", text[:1_000])
    return _slugify(
        text, max_length=_LONGEST, word_boundary=True, save_order=True, replacements=_LETTERS
    ).strip("-")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
