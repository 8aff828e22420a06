"""Articles as plain text: title, a head of labels, dates and bylines in any order, then the body.

    line 1            the title (`Titel:` and a leading `#` are taken off)
    the head          label lines, a date, a byline; ends at a blank line, or at the first line that
                      is nothing known
    the body          everything else, untouched; `text.prose` makes paragraphs of it

Where a line could be either, it stays in the body: a label that is read as prose can be seen by
every reader, a sentence that is read as a label is lost to all.

`textlines` tells what a line says, `texthead` keeps it, `texttitle` finds the title; where the head
ends is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from feedsvc.model import Document, Draft, Hints
from feedsvc.parsers.labels import AGENCIES, RECORDING, Field, fields_of
from feedsvc.parsers.textaddresses import web_address
from feedsvc.parsers.texthead import Head
from feedsvc.parsers.textlines import (
    LABEL,
    LAST_STOP,
    LONGEST_TITLE,
    Mention,
    mentions_of,
)
from feedsvc.parsers.textmedia import is_recording
from feedsvc.parsers.texttitle import HEAD_MOST, is_subtitle, next_line, read_title
from feedsvc.text.clean import normalise, one_line, trim
from feedsvc.text.dates import parse_strict
from feedsvc.text.encoding import decode
from feedsvc.text.language import guess_language
from feedsvc.text.prose import to_html

_HEAD_LINES = 12  # without a blank line that ends it, the head is at most this long


def parse(document: Document, hints: Hints, *, markup: Literal["auto", "none"] = "auto") -> Draft:
    """What a text file says of its article; ParseError if it says nothing or is no text."""
    decoded = decode(document.data, hints.encodings)
    raw = normalise(decoded.text).split("\n")
    lines = [trim(line) for line in raw]
    head = Head(hints, recording=_names_recording(lines, hints))
    if decoded.warning:
        head.warnings.append(decoded.warning)
    start = read_title(lines, head)
    start = _read_head(lines, start, head)
    body = [head.opening, *raw[start:]] if head.opening else raw[start:]
    _read_dateline(body, head)
    if head.language is None and hints.language is None:
        said = (head.title, head.texts.get(Field.SUMMARY, ""), *_first(body))
        head.language = guess_language("\n".join(said))
    return head.draft(to_html(body, markup))


def _names_recording(lines: Sequence[str], hints: Hints) -> bool:
    """Does one of the lines in which a head can be name a file that can be heard or seen?"""
    labelled = (line for line in lines[:HEAD_MOST] if "." in line and _COLON.search(line))
    return any(
        mention.field is Field.MEDIA and is_recording(mention.label, mention.value)
        for line in labelled
        for mention in mentions_of(line, hints)
    )


_COLON = re.compile("[:：﹕]")


def _first(lines: Sequence[str], characters: int = 2000) -> list[str]:
    taken: list[str] = []
    for line in lines:
        if characters <= 0:
            break
        taken.append(line[:characters])
        characters -= len(line) + 1
    return taken


# --- head -----------------------------------------------------------------------------------------


def _read_head(lines: Sequence[str], start: int, head: Head) -> int:
    """Take the lines of the head; the index at which the body starts."""
    at = start
    said = bool(head.texts or head.moments or head.authors or head.tags)
    first = True  # directly below the title
    limit = _limit(lines, start)
    while at < len(lines) and at < limit:
        line = lines[at]
        if not line:
            below = next_line(lines, at)
            if below is None or not _goes_on(lines, below, head, said):
                return at
            at = below
            continue
        if _UNDERLINE.fullmatch(line[:LONGEST_TITLE]):  # below the title, or between head and body
            at += 1
            if said:
                return at
            continue
        mentions = head.says(line)
        if _opens_body(line):
            return at + 1
        if not mentions and (unknown := _unknown(lines, at, head, said)) is not None:
            mentions = (unknown,)
        if (
            not mentions
            and first
            and Field.SUBTITLE not in head.texts
            and is_subtitle(lines, at, head)
        ):
            mentions = (Mention(Field.SUBTITLE, "", line),)
        if not mentions:
            return at
        head.take([mention for mention in mentions if mention.value])
        said = True
        first = False
        at += 1
    return at


def _opens_body(line: str) -> bool:
    """ "Text:" alone on its line."""
    return (
        line[-1] in ":：﹕" and len(line) <= 40 and Field.BODY in fields_of(line[:-1].strip("*_ "))
    )


_UNDERLINE = re.compile(r"[=\-~*_]{3,}")


def _limit(lines: Sequence[str], start: int) -> int:
    """The first blank line bounds the head; without one in sight, a fixed number of lines does."""
    for index in range(start, min(len(lines), start + HEAD_MOST)):
        if not lines[index]:
            return start + HEAD_MOST
    return start + _HEAD_LINES - 1


def _goes_on(lines: Sequence[str], at: int, head: Head, said: bool) -> bool:
    """Does the head go on below a blank line? Before the first of its lines: gladly.

    After that only for what has not been said yet and cannot be prose: some writers put a blank
    line between all lines.
    """
    mentions = head.says(lines[at])
    if not mentions:
        return not said and is_subtitle(lines, at, head)
    if not said:
        return all(mention.value or mention.label for mention in mentions)
    alone = at + 1 >= len(lines) or not lines[at + 1] or bool(head.says(lines[at + 1]))
    for mention in mentions:
        match mention.field:
            case Field.DATE | Field.UPDATED | Field.EMBARGO | Field.EXPIRES as which:
                fresh = which not in head.moments and (
                    parse_strict(mention.value, zone=head.hints.zone, language=head.hints.language)
                    is not None
                )
            case Field.AUTHOR:
                fresh = not head.authors
            case Field.TAGS:
                fresh = not head.tags
            case Field.LINK:
                fresh = Field.LINK not in head.texts and web_address(mention.value) is not None
            case Field.SECTION | Field.LOCATION | Field.LANGUAGE | Field.ID | Field.STATUS as which:
                fresh = which not in head.texts and mention.value.count(" ") < 4
            case Field.MEDIA:
                fresh = True
            case Field.HOST | Field.GUEST | Field.PERSON:
                fresh = False
            case which if which in RECORDING:
                fresh = all(which is not told for told, _, _ in head.recorded)
            case _:
                fresh = False
        if not (fresh and alone):
            return False
    return True


_LABEL_WORDS = re.compile(r"[^\W\d_][\w./&()'’-]*(?: [\w./&()'’-]+){0,2}")


def _unknown(lines: Sequence[str], at: int, head: Head, said: bool) -> Mention | None:
    """A label line nobody knows, if it stands among known ones and is no sentence."""
    found = LABEL.fullmatch(lines[at])
    if found is None:
        return None
    label, value = one_line(found["label"]), one_line(found["value"])
    if not value or len(value) > 80 or len(label) > 30 or not _LABEL_WORDS.fullmatch(label):
        return None
    if not RECORDING.issuperset(fields_of(label)) or value.count(" ") > 9:
        return None  # a known label whose value cannot be one: prose
    if " " in value and LAST_STOP.search(value[-4:]):
        return None
    below = lines[at + 1] if at + 1 < len(lines) else ""
    # Several words before the colon, or no head yet, need a witness below.
    if said and " " not in label and value.count(" ") <= 5:
        return Mention(None, label, value)
    if (said and not below) or (below and head.says(below)):
        return Mention(None, label, value)
    return None


# --- dateline -------------------------------------------------------------------------------------

_DATELINE = re.compile(
    r"(?P<place>[^\W\d_][^()\d:;!?\n]{1,59}?)?[,.]?(?: \d{1,2}[.]? ?[^\W\d_]{3,10}[.]?)? ?"
    r"\((?P<marks>[\w./ -]{2,40})\)[.]? ?[-–—] "
)


def _read_dateline(body: Sequence[str], head: Head) -> None:
    """ "BERLIN (dpa) - " names the place and the agency; the text keeps it."""
    first = next((trim(line) for line in body if not line.isspace() and line), "")[:120]
    found = _DATELINE.match(first)
    if found is None:
        return
    marks = [mark.strip() for mark in found["marks"].split("/") if mark.strip()]
    agencies = [mark for mark in marks if mark.casefold() in AGENCIES]
    initials = [mark for mark in marks if mark not in agencies]
    if any(len(mark) > 4 or not mark.islower() for mark in initials):
        return  # "Anna Muster (SPD) - "
    place = one_line(found["place"] or "")
    if place and not place[0].isupper():
        return
    if place:
        head.texts.setdefault(Field.LOCATION, place)
    if agencies:
        head.texts.setdefault(Field.AGENCY, "/".join(agencies))
    head.extra += [("initials", mark) for mark in initials]
