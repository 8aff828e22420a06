"""What the name of a file says when its text does not: a title, and with Jekyll the date."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import unquote

from feedsvc.text.clean import normalise, one_line

_EXTENSION = re.compile(r"\.(?:markdown|mdown|mkdn?|mdx?|md|txt|x?html?)$", re.IGNORECASE)
_LANGUAGE = re.compile(r"\.[a-z]{2}(?:-[A-Za-z]{2})?$")  # Hugo: `title.de.md`
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[-_ .]+|$)", re.ASCII)
_BUNDLES = frozenset({"index", "_index", "readme"})  # named by their folder


def read_name(path: str) -> tuple[date | None, str]:
    """The date a file name begins with, if any, and the rest made readable; never empty."""
    folders, _, name = path.rpartition("/")
    stem = _LANGUAGE.sub("", _EXTENSION.sub("", name))
    if stem.casefold() in _BUNDLES and folders:
        stem = folders.rpartition("/")[2]
    day, rest = _dated(stem)
    words = unquote(rest or stem)
    if rest and " " not in words:  # a name with spaces was written to be read
        words = re.sub(r"[-_]+", " ", words)
    words = one_line(normalise(words))
    return day, (words[:1].upper() + words[1:]) or path


def _dated(stem: str) -> tuple[date | None, str]:
    found = _DATE.match(stem)
    if found is None:
        return None, stem
    try:
        return date(int(found[1]), int(found[2]), int(found[3])), stem[found.end() :]
    except ValueError:
        return None, stem
