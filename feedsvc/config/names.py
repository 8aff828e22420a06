"""The names of sources and feeds: parts of paths and addresses, and words of the command line."""

from __future__ import annotations

import re
import unicodedata

from feedsvc.config.shapes import WrongValueError

_VALID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", re.ASCII)
_SIDECARS = (".gz", ".br", ".zst")
# what lies beside the feeds in the output directory, or will
_RESERVED = {"a", "archive", "index.html", "opml.xml", "sitemap.xml", "_ops", "media"}
_SPELLED = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ẞ": "SS",
     "æ": "ae", "Æ": "Ae", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"}
)  # fmt: skip


def name(value: object) -> str:
    """A name that can be a folder, the part of an address and an argument."""
    expected = 'a name of letters, digits and "-_." such as "politik"'
    if not isinstance(value, str):
        raise WrongValueError(expected)
    if _VALID.fullmatch(value):
        if not _is_reserved(value):
            return value
        raise WrongValueError(expected, "that name is taken by the output directory")
    meant = made_of(value)
    raise WrongValueError(expected, f"did you mean '{meant}'?" if meant else None)


def made_of(words: str) -> str | None:
    """A valid name for `words`, such as the last part of a path; None if nothing is left."""
    spelled = unicodedata.normalize("NFC", words).translate(_SPELLED)
    letters = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    made = re.sub(r"[^A-Za-z0-9._-]+", "-", letters)[:80].strip("-._")
    if not made:
        return None
    return f"{made}-source" if _is_reserved(made) else made


def _is_reserved(word: str) -> bool:
    bare = word.lower()
    for ending in _SIDECARS:
        bare = bare.removesuffix(ending)
    return bare in _RESERVED
