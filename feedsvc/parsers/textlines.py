"""One line above a plain text -> what it says: a label, a date, a byline, or nothing known.

`plaintext` asks line by line, `texthead` collects the answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from feedsvc.model import Hints
from feedsvc.parsers.bylines import is_name, read_authors, read_byline
from feedsvc.parsers.labels import RECORDING, Field, fields_of
from feedsvc.parsers.textaddresses import image_address, web_address
from feedsvc.parsers.textmedia import tells_of_recording
from feedsvc.text.clean import one_line
from feedsvc.text.dates import parse_strict

LONGEST_TITLE = 300


@dataclass(frozen=True, slots=True)
class Mention:
    """A value of the head; `field` is None for a label nobody knows."""

    field: Field | None
    label: str
    value: str


LABEL = re.compile(
    r"(?:[-•] )?[*_]{0,3}(?P<label>[^\W\d_][^:：﹕|\n]{0,39}?)[*_]{0,3}[ \u00a0\u202f]?"
    r"[:：﹕](?!//)[*_]{0,3}\s*(?P<value>.*)"
)
# "Autor:in", "Autor*innen", "Verfasser(in)": the colon of the gendered word is not the label's.
_GENDERED = re.compile(
    r"(?i)^([*_]{0,3}\w{4,20})(?:[:*_/]-?in(?:nen)?|\(in(?:nen)?\))(?=[*_]{0,3}\s?[:：])"
)
_PARTS = re.compile(r"\s*[|·•]\s*|\s+[–—/]\s+|\s+-\s+|[,;]\s+(?=[^\W\d_]{2,20}:\s)")


def mentions_of(line: str, hints: Hints) -> tuple[Mention, ...]:
    """What a line of the head says; empty if it is nothing known."""
    if len(line) > 2000 or not line:
        return ()
    line = _GENDERED.sub(r"\1", line)
    if len(line) <= 200 and _PARTS.search(line):
        parts = [_single(part, hints) for part in _PARTS.split(line) if part]
        if len(parts) > 1 and all(parts):
            return tuple(mention for mention in parts if mention is not None)
    single = _single(line, hints)
    return (single,) if single is not None else ()


def _single(line: str, hints: Hints) -> Mention | None:
    return _labelled(line, hints) or _dated(line, hints) or _signed(line)


def _labelled(line: str, hints: Hints) -> Mention | None:
    found = LABEL.fullmatch(line)
    if found is None:
        return None
    label, value = one_line(found["label"]), one_line(found["value"])
    for which in fields_of(label):
        if _plausible(which, value, hints):
            return Mention(which, label, value)
    return None


LAST_STOP = re.compile("[.!?…][\"'”“’»)]*$")
_ABBREVIATED = re.compile(r"(?:\b[\w-]{1,5}|\d)\.$")


def _is_sentence(value: str) -> bool:
    """Does this read as running text? "she said …", but not "J. Roe Jr." or "14 h."."""
    words = value.count(" ") + 1
    if words > 25:
        return True
    return (
        LAST_STOP.search(value[-4:]) is not None
        and words > 2
        and not (words <= 4 and _ABBREVIATED.search(value) is not None)
    )


def _plausible(which: Field, value: str, hints: Hints) -> bool:
    """Can `value` be what the label promises? A bad date can, a sentence cannot."""
    if not value:
        return which not in RECORDING
    words = value.count(" ") + 1
    match which:
        case Field.TITLE | Field.SUBTITLE:
            return len(value) <= LONGEST_TITLE
        case Field.SUMMARY | Field.CAPTION:
            return len(value) <= 1500
        case Field.DATE | Field.UPDATED | Field.EMBARGO | Field.EXPIRES:
            if parse_strict(value, zone=hints.zone, language=hints.language) is not None:
                return True
            if len(value) > 60 or re.search("[!?…]$|\\.\\.$", value):
                return False
            digits = any(character.isdecimal() for character in value)
            return words <= 8 if digits else words <= 2
        case Field.AUTHOR | Field.EDITOR:
            return len(value) <= 300 and read_authors(value).sound
        case Field.AUTHOR_EMAIL:
            return words <= 2
        case Field.LINK | Field.AUTHOR_LINK:
            return web_address(value) is not None or words <= 2
        case Field.ID:
            return words == 1 and len(value) <= 200
        case Field.IMAGE:
            return image_address(value) is not None or (
                len(value) <= 200 and not _is_sentence(value)
            )
        case Field.LANGUAGE | Field.STATUS:
            return words <= 4 and not _is_sentence(value)
        case Field.LOCATION | Field.SECTION:
            return words <= 8 and not _is_sentence(value)
        case Field.AGENCY | Field.CREDIT:
            return words <= 12 and len(value) <= 120 and not _is_sentence(value)
        case Field.TAGS:
            return len(value) <= 1000 and (not _is_sentence(value) or value.count(",") > 2)
        case Field.RIGHTS:
            return len(value) <= 500
        case Field.BODY:
            return False
        case _:
            return tells_of_recording(which, value)


def _dated(line: str, hints: Hints) -> Mention | None:
    """A line that is only a date, perhaps led by a place or by a word such as `Stand`."""
    if len(line) > 100 or not any(character.isdecimal() for character in line):
        return None
    if _DATE_SHAPE.fullmatch(line):  # also an impossible one, which is told and left out
        return Mention(Field.DATE, "", line)
    if parse_strict(line, zone=hints.zone, language=hints.language) is not None:
        return Mention(_which_date(line), "", line)
    words = line.split(" ")
    for n in (1, 2, 3):  # "Sperrfrist 7. Januar 2025, 10 Uhr"
        for which in fields_of(" ".join(words[:n])):
            rest = " ".join(words[n:])
            if which in _DATES and parse_strict(rest, zone=hints.zone, language=hints.language):
                return Mention(which, " ".join(words[:n]), rest)
    place, comma, rest = line.partition(", ")
    if not comma or len(place) > 40 or not is_name(place):  # "Berlin, 6. Januar 2025"
        return None
    moment = parse_strict(rest, zone=hints.zone, language=hints.language)
    return Mention(Field.DATE, "", rest) if moment is not None else None


_DATE_SHAPE = re.compile(
    r"(?:[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}|[0-9]{1,2}/[0-9]{1,2}/[0-9]{4})"
    r"(?:[T ,]+[0-9]{1,2}[:.][0-9]{2}(?::[0-9]{2})?(?: Uhr)?Z?)?"
)
_DATES = (Field.DATE, Field.UPDATED, Field.EMBARGO)


def _which_date(line: str) -> Field:
    """ "Stand 6. Januar 2025" is when it was updated, as with the colon."""
    words = line.split(" ")
    for n in (3, 2, 1):
        for which in fields_of(" ".join(words[:n])):
            if which in _DATES:
                return which
    return Field.DATE


def _signed(line: str) -> Mention | None:
    names = read_byline(line)
    if names is not None:
        return Mention(Field.AUTHOR, "", names)
    label, _, name = line.partition(" ")  # "Autor Anna Muster"
    if name and Field.AUTHOR in fields_of(label) and len(line) <= 80 and is_name(name):
        return Mention(Field.AUTHOR, label, name)
    return None
