"""Articles as plain text: title, a head of labels, dates and bylines in any order, then the body.

    line 1            the title (`Titel:` and a leading `#` are taken off)
    the head          label lines, a date, a byline; ends at a blank line, or at the first line that
                      is nothing known
    the body          everything else, untouched; `text.prose` makes paragraphs of it

Where a line could be either, it stays in the body: a label that is read as prose can be seen by
every reader, a sentence that is read as a label is lost to all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from feedsvc.errors import ParseError
from feedsvc.model import Document, Draft, Hints, Image, Person
from feedsvc.parsers.bylines import Byline, is_name, read_authors, read_byline
from feedsvc.parsers.labels import AGENCIES, Field, fields_of
from feedsvc.text.clean import fold, normalise, one_line, trim
from feedsvc.text.dates import parse_date, parse_strict
from feedsvc.text.encoding import decode
from feedsvc.text.language import guess_language, normalise_language
from feedsvc.text.prose import to_html

_HEAD_LINES = 12  # without a blank line that ends it, the head is at most this long
_HEAD_MOST = 60  # and with one, this
_LONGEST_TITLE = 300


def parse(document: Document, hints: Hints, *, markup: Literal["auto", "none"] = "auto") -> Draft:
    """What a text file says of its article; ParseError if it says nothing or is no text."""
    decoded = decode(document.data, hints.encodings)
    raw = normalise(decoded.text).split("\n")
    lines = [trim(line) for line in raw]
    head = _Head(hints)
    if decoded.warning:
        head.warnings.append(decoded.warning)
    start = _read_title(lines, head)
    start = _read_head(lines, start, head)
    body = [head.opening, *raw[start:]] if head.opening else raw[start:]
    _read_dateline(body, head)
    if head.language is None and hints.language is None:
        head.language = guess_language("\n".join([head.title, *_first(body)]))
    return head.draft(to_html(body, markup))


def _first(lines: Sequence[str], characters: int = 2000) -> list[str]:
    taken: list[str] = []
    for line in lines:
        if characters <= 0:
            break
        taken.append(line[:characters])
        characters -= len(line) + 1
    return taken


@dataclass(slots=True)
class _Head:
    """What the lines above the body have said so far."""

    hints: Hints
    title: str = ""
    opening: str = ""  # a first paragraph that stood where the title should
    texts: dict[Field, str] = field(default_factory=dict)
    moments: dict[Field, datetime] = field(default_factory=dict)
    authors: list[Person] = field(default_factory=list)
    editors: list[tuple[str, str]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    unreleased: bool = False
    language: str | None = None
    extra: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def take(self, entries: Sequence[_Entry]) -> None:
        for entry in entries:
            self._take(entry)

    def _take(self, entry: _Entry) -> None:
        label, value = entry.label, entry.value
        match entry.field:
            case None:
                self.extra.append((label, value))
            case Field.TITLE:
                if self.title and Field.TITLE in self.texts:
                    self.extra.append((label, value))
                else:  # a labelled title is surer than the first line
                    if self.title:
                        self.texts.setdefault(Field.SUBTITLE, self.title)
                    self.texts[Field.TITLE] = self.title = value
            case Field.DATE | Field.UPDATED | Field.EMBARGO as which:
                self._take_date(which, label, value)
            case Field.AUTHOR:
                self._take_people(read_authors(value))
            case Field.EDITOR:
                self.editors.append((label, value))
            case Field.TAGS:
                for tag in re.split(r"[,;，、؛،]|(?:^|\s)#(?=\w)", value):
                    name = one_line(tag).lstrip("#").strip()
                    if name and name.casefold() not in map(str.casefold, self.tags):
                        self.tags.append(name)
            case Field.STATUS:
                self._take_status(label, value)
            case Field.LANGUAGE:
                language = normalise_language(value)
                if language is None:
                    self.warnings.append(f"{label}: {value!r} is no language; left out")
                self.language = self.language or language
            case Field.LINK:
                link = _link(value)
                if link is None:
                    self.warnings.append(f"{label}: {value!r} is no http address; left out")
                elif Field.LINK in self.texts:
                    self.extra.append((label, value))
                else:
                    self.texts[Field.LINK] = link
            case Field.IMAGE:
                url = _image(value)
                # "Foto: Anna Muster" names who took it
                other = Field.CREDIT if is_name(value) else Field.CAPTION
                self._keep(Field.IMAGE if url else other, label, url or value)
            case Field.AGENCY if _link(value):
                self.extra.append((label, value))  # "Quelle: https://…" is nobody's mark
            case text_field:
                self._keep(text_field, label, value)

    def _keep(self, which: Field, label: str, value: str) -> None:
        """The first value of a field stands; a second one is not lost."""
        if which in self.texts:
            self.extra.append((label, value))
        else:
            self.texts[which] = value

    def _take_date(self, which: Field, label: str, value: str) -> None:
        if which is Field.EMBARGO and fold(value).strip("-–. ") in _NOTHING:
            return
        moment = parse_date(value, zone=self.hints.zone, language=self.hints.language)
        if moment is not None and which in self.moments:
            self.extra.append((label, value))
        elif moment is not None:
            self.moments[which] = moment
        elif which is Field.EMBARGO:
            # Too late can be mended, too early cannot.
            self.unreleased = True
            self.warnings.append(f"{label}: {value!r} is no date; held back as a draft")
        else:
            self.warnings.append(f"{label or 'date'}: {value!r} is no date; left out")

    def _take_people(self, byline: Byline) -> None:
        known = {person.name.casefold() for person in self.authors}
        self.authors += [p for p in byline.authors if p.name.casefold() not in known]
        if byline.agencies:
            self.texts.setdefault(Field.AGENCY, "/".join(byline.agencies))
        self.extra += [("initials", mark) for mark in byline.initials]
        self.editors += byline.editors

    def _take_status(self, label: str, value: str) -> None:
        word = fold(value).strip(".! ")
        if word in _UNRELEASED:
            self.unreleased = True
        elif word not in _RELEASED:
            self.warnings.append(f"{label}: {value!r} is not known; taken as published")
            self.extra.append((label, value))

    def draft(self, html: str) -> Draft:
        authors = self.authors
        for label, value in self.editors:
            # An editor signs what nobody else has signed.
            if authors:
                self.extra.append((label, value))
            else:
                authors = list(read_authors(value).authors)
        texts = self.texts
        image = None
        if url := texts.get(Field.IMAGE):
            image = Image(url=url, caption=texts.get(Field.CAPTION), credit=texts.get(Field.CREDIT))
        else:
            self.extra += [(f.value, texts[f]) for f in (Field.CAPTION, Field.CREDIT) if f in texts]
        return Draft(
            title=self.title,
            html=html,
            id=texts.get(Field.ID),
            link=texts.get(Field.LINK),
            summary=texts.get(Field.SUMMARY),
            subtitle=texts.get(Field.SUBTITLE),
            published=self.moments.get(Field.DATE),
            updated=self.moments.get(Field.UPDATED),
            embargo=self.moments.get(Field.EMBARGO),
            unreleased=self.unreleased,
            authors=tuple(authors),
            tags=tuple(self.tags),
            section=texts.get(Field.SECTION),
            language=self.language,
            image=image,
            rights=texts.get(Field.RIGHTS),
            location=texts.get(Field.LOCATION),
            agency=texts.get(Field.AGENCY),
            extra=tuple(self.extra),
            warnings=tuple(self.warnings),
        )


_NOTHING = frozenset(
    ("", "keine", "kein", "none", "no", "aucun", "aucune", "ninguno", "nessuno", "geen")
)
_UNRELEASED = frozenset(
    "entwurf draft brouillon borrador bozza concept rascunho utkast kladde szkic nicht-freigegeben "
    "unveroffentlicht unveroeffentlicht unpublished".split()
) | {"nicht freigegeben", "in arbeit", "in bearbeitung", "work in progress"}
_RELEASED = frozenset(
    "frei freigegeben veroffentlicht veroeffentlicht fertig final published public live publie "
    "publicado pubblicato gepubliceerd released ok".split()
)


# --- one line -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Entry:
    """A value of the head; `field` is None for a label nobody knows."""

    field: Field | None
    label: str
    value: str


_LABEL = re.compile(
    r"(?:[-•] )?[*_]{0,3}(?P<label>[^\W\d_][^:：﹕|\n]{0,39}?)[*_]{0,3}[ \u00a0\u202f]?"
    r"[:：﹕](?!//)[*_]{0,3}\s*(?P<value>.*)"
)
# "Autor:in", "Autor*innen", "Verfasser(in)": the colon of the gendered word is not the label's.
_GENDERED = re.compile(
    r"(?i)^([*_]{0,3}\w{4,20})(?:[:*_/]-?in(?:nen)?|\(in(?:nen)?\))(?=[*_]{0,3}\s?[:：])"
)
_PARTS = re.compile(r"\s*[|·•]\s*|\s+[–—/]\s+|\s+-\s+|[,;]\s+(?=[^\W\d_]{2,20}:\s)")


def _entries(line: str, hints: Hints) -> tuple[_Entry, ...]:
    """What a line of the head says; empty if it is nothing known."""
    if len(line) > 2000 or not line:
        return ()
    line = _GENDERED.sub(r"\1", line)
    if len(line) <= 200 and _PARTS.search(line):
        parts = [_single(part, hints) for part in _PARTS.split(line) if part]
        if len(parts) > 1 and all(parts):
            return tuple(entry for entry in parts if entry is not None)
    single = _single(line, hints)
    return (single,) if single is not None else ()


def _single(line: str, hints: Hints) -> _Entry | None:
    return _labelled(line, hints) or _dated(line, hints) or _signed(line)


def _labelled(line: str, hints: Hints) -> _Entry | None:
    found = _LABEL.fullmatch(line)
    if found is None:
        return None
    label, value = one_line(found["label"]), one_line(found["value"])
    for which in fields_of(label):
        if _plausible(which, value, hints):
            return _Entry(which, label, value)
    return None


_LAST_STOP = re.compile("[.!?…][\"'”“’»)]*$")
_ABBREVIATED = re.compile(r"(?:\b[\w-]{1,5}|\d)\.$")


def _is_sentence(value: str) -> bool:
    """Does this read as running text? "she said …", but not "J. Roe Jr." or "14 h."."""
    words = value.count(" ") + 1
    if words > 25:
        return True
    return (
        _LAST_STOP.search(value[-4:]) is not None
        and words > 2
        and not (words <= 4 and _ABBREVIATED.search(value) is not None)
    )


def _plausible(which: Field, value: str, hints: Hints) -> bool:
    """Can `value` be what the label promises? A bad date can, a sentence cannot."""
    if not value:
        return True
    words = value.count(" ") + 1
    match which:
        case Field.TITLE | Field.SUBTITLE:
            return len(value) <= _LONGEST_TITLE
        case Field.SUMMARY | Field.CAPTION:
            return len(value) <= 1500
        case Field.DATE | Field.UPDATED | Field.EMBARGO:
            if parse_strict(value, zone=hints.zone, language=hints.language) is not None:
                return True
            if len(value) > 60 or re.search("[!?…]$|\\.\\.$", value):
                return False
            digits = any(character.isdecimal() for character in value)
            return words <= 8 if digits else words <= 2
        case Field.AUTHOR | Field.EDITOR:
            return len(value) <= 300 and read_authors(value).sound
        case Field.LINK:
            return _link(value) is not None or words <= 2
        case Field.ID:
            return words == 1 and len(value) <= 200
        case Field.IMAGE:
            return _image(value) is not None or (len(value) <= 200 and not _is_sentence(value))
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


def _dated(line: str, hints: Hints) -> _Entry | None:
    """A line that is only a date, perhaps led by a place or by a word such as `Stand`."""
    if len(line) > 100 or not any(character.isdecimal() for character in line):
        return None
    if _DATE_SHAPE.fullmatch(line):  # also an impossible one, which is told and left out
        return _Entry(Field.DATE, "", line)
    if parse_strict(line, zone=hints.zone, language=hints.language) is not None:
        return _Entry(_which_date(line), "", line)
    words = line.split(" ")
    for n in (1, 2, 3):  # "Sperrfrist 7. Januar 2025, 10 Uhr"
        for which in fields_of(" ".join(words[:n])):
            rest = " ".join(words[n:])
            if which in _DATES and parse_strict(rest, zone=hints.zone, language=hints.language):
                return _Entry(which, " ".join(words[:n]), rest)
    place, comma, rest = line.partition(", ")
    if not comma or len(place) > 40 or not is_name(place):  # "Berlin, 6. Januar 2025"
        return None
    moment = parse_strict(rest, zone=hints.zone, language=hints.language)
    return _Entry(Field.DATE, "", rest) if moment is not None else None


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


def _signed(line: str) -> _Entry | None:
    names = read_byline(line)
    if names is not None:
        return _Entry(Field.AUTHOR, "", names)
    label, _, name = line.partition(" ")  # "Autor Anna Muster"
    if name and Field.AUTHOR in fields_of(label) and len(line) <= 80 and is_name(name):
        return _Entry(Field.AUTHOR, label, name)
    return None


def _link(value: str) -> str | None:
    url = value.strip("<> ")
    if url.lower().startswith("www."):
        url = "https://" + url
    if " " in url or not url.lower().startswith(("http://", "https://")):
        return None
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    return url if host else None


_IMAGE_FILE = re.compile(r"(?i)[^\s:]{1,300}\.(?:jpe?g|png|gif|webp|avif|svg|tiff?|heic)")


def _image(value: str) -> str | None:
    return _link(value) or (value if _IMAGE_FILE.fullmatch(value) else None)


# --- title ----------------------------------------------------------------------------------------

_NO_TITLE = re.compile(r"[\W_]*")


def _read_title(lines: Sequence[str], head: _Head) -> int:
    """Take the title, and labels that stand before it; the index of the line after them."""
    first = _next(lines, 0)
    if first is None:
        raise ParseError(
            "the file holds no text",
            hint="put the title into its first line, or remove the file",
        )
    at: int | None = first
    before: list[_Entry] = []
    if _titled_below(lines, first, head.hints):
        while at is not None and (entries := _before_title(lines[at], head.hints)):
            before += entries
            if any(entry.field is Field.TITLE and entry.value for entry in entries):
                head.take(before)
                return at + 1
            at = _next(lines, at + 1)
    if at is None:  # labels only
        at, before = first, []
    head.take([entry for entry in before if entry.value])
    line = lines[at]
    if len(line) > _LONGEST_TITLE:
        head.warnings.append(
            "the first line is too long for a title; shortened, and kept in the text"
        )
        head.title = _shortened(line)
        head.opening = line
        return at + 1
    head.title = _bare_title(line)
    return at + 1


def _next(lines: Sequence[str], start: int) -> int | None:
    """The next line that holds a word; rules of dashes and the like are passed over."""
    for index in range(start, len(lines)):
        if lines[index] and not _NO_TITLE.fullmatch(lines[index][:1000]):
            return index
    return None


def _before_title(line: str, hints: Hints) -> tuple[_Entry, ...]:
    """Labels and dates, but no byline: "Von Mäusen und Menschen" is a title."""
    entries = _entries(line, hints)
    if any(entry.field is Field.AUTHOR and not entry.label for entry in entries):
        return ()
    return entries


def _titled_below(lines: Sequence[str], first: int, hints: Hints) -> bool:
    """Do the lines from `first` on lead to a title further down?

    A title may look like a label line ("Quelle: ein Rätsel"): only what is followed by something
    that can be a title is one.
    """
    at: int | None = first
    for _ in range(_HEAD_MOST):
        if at is None:
            return False
        entries = _before_title(lines[at], hints)
        if any(entry.field is Field.TITLE and entry.value for entry in entries):
            return True
        if not entries:
            line = lines[at]
            return at != first and len(line) <= 160 and not line.endswith((".", ",", ";"))
        at = _next(lines, at + 1)
    return False


def _bare_title(line: str) -> str:
    found = re.match(r"#{1,6}\s+(?=\S)", line)
    bare = line[found.end() :].rstrip("# ") if found else line
    label = _LABEL.fullmatch(bare)
    if label is not None and label["value"] and Field.TITLE in fields_of(label["label"]):
        bare = label["value"]
    title = one_line(bare) or one_line(line)
    stripped = title.strip("*_")
    return stripped if stripped and title.startswith("**") and title.endswith("**") else title


def _shortened(line: str) -> str:
    cut = line[:140]
    end = re.match(r".{20,139}?[.!?](?=\s)", line[:200])
    if end is not None:
        return one_line(end[0])
    return one_line(cut.rsplit(" ", 1)[0]).rstrip(",;:- ") + "…"


# --- head -----------------------------------------------------------------------------------------


def _read_head(lines: Sequence[str], start: int, head: _Head) -> int:
    """Take the lines of the head; the index at which the body starts."""
    at = start
    said = bool(head.texts or head.moments or head.authors or head.tags)
    first = True  # directly below the title
    limit = _limit(lines, start)
    while at < len(lines) and at < limit:
        line = lines[at]
        if not line:
            below = _next_line(lines, at)
            if below is None or not _goes_on(lines, below, head, said):
                return at
            at = below
            continue
        if _UNDERLINE.fullmatch(line[:_LONGEST_TITLE]):  # below the title, or between head and body
            at += 1
            if said:
                return at
            continue
        entries = _entries(line, head.hints)
        if _opens_body(line):
            return at + 1
        if not entries and (unknown := _unknown(lines, at, head.hints, said)) is not None:
            entries = (unknown,)
        if (
            not entries
            and first
            and Field.SUBTITLE not in head.texts
            and _is_subtitle(lines, at, head.hints)
        ):
            entries = (_Entry(Field.SUBTITLE, "", line),)
        if not entries:
            return at
        head.take([entry for entry in entries if entry.value])
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
    for index in range(start, min(len(lines), start + _HEAD_MOST)):
        if not lines[index]:
            return start + _HEAD_MOST
    return start + _HEAD_LINES - 1


def _next_line(lines: Sequence[str], start: int) -> int | None:
    for index in range(start, min(len(lines), start + 10)):
        if lines[index]:
            return index
    return None


def _goes_on(lines: Sequence[str], at: int, head: _Head, said: bool) -> bool:
    """Does the head go on below a blank line? Before the first of its lines: gladly.

    After that only for what has not been said yet and cannot be prose: some writers put a blank
    line between all lines.
    """
    entries = _entries(lines[at], head.hints)
    if not entries:
        return not said and _is_subtitle(lines, at, head.hints)
    if not said:
        return all(entry.value or entry.label for entry in entries)
    alone = at + 1 >= len(lines) or not lines[at + 1] or bool(_entries(lines[at + 1], head.hints))
    for entry in entries:
        match entry.field:
            case Field.DATE | Field.UPDATED | Field.EMBARGO as which:
                fresh = which not in head.moments and (
                    parse_strict(entry.value, zone=head.hints.zone, language=head.hints.language)
                    is not None
                )
            case Field.AUTHOR:
                fresh = not head.authors
            case Field.TAGS:
                fresh = not head.tags
            case Field.LINK:
                fresh = Field.LINK not in head.texts and _link(entry.value) is not None
            case Field.SECTION | Field.LOCATION | Field.LANGUAGE | Field.ID | Field.STATUS as which:
                fresh = which not in head.texts and entry.value.count(" ") < 4
            case _:
                fresh = False
        if not (fresh and alone):
            return False
    return True


_LABEL_WORDS = re.compile(r"[^\W\d_][\w./&()'’-]*(?: [\w./&()'’-]+){0,2}")


def _unknown(lines: Sequence[str], at: int, hints: Hints, said: bool) -> _Entry | None:
    """A label line nobody knows, if it stands among known ones and is no sentence."""
    found = _LABEL.fullmatch(lines[at])
    if found is None:
        return None
    label, value = one_line(found["label"]), one_line(found["value"])
    if not value or len(value) > 80 or len(label) > 30 or not _LABEL_WORDS.fullmatch(label):
        return None
    if fields_of(label) or value.count(" ") > 9:
        return None  # a known label whose value cannot be one: prose
    if " " in value and _LAST_STOP.search(value[-4:]):
        return None
    below = lines[at + 1] if at + 1 < len(lines) else ""
    # Several words before the colon, or no head yet, need a witness below.
    if said and " " not in label and value.count(" ") <= 5:
        return _Entry(None, label, value)
    if (said and not below) or (below and _entries(below, hints)):
        return _Entry(None, label, value)
    return None


def _is_subtitle(lines: Sequence[str], at: int, hints: Hints) -> bool:
    """A short line between title and date that is no sentence is the subtitle."""
    line = lines[at]
    if (
        len(line) > 160
        or line.endswith((".", ",", ";"))
        or line.startswith(("- ", "* ", "> ", "#"))
    ):
        return False
    below = _next_line(lines, at + 1)
    return below is not None and any(e.value for e in _entries(lines[below], hints))


# --- dateline -------------------------------------------------------------------------------------

_DATELINE = re.compile(
    r"(?P<place>[^\W\d_][^()\d:;!?\n]{1,59}?)?[,.]?(?: \d{1,2}[.]? ?[^\W\d_]{3,10}[.]?)? ?"
    r"\((?P<marks>[\w./ -]{2,40})\)[.]? ?[-–—] "
)


def _read_dateline(body: Sequence[str], head: _Head) -> None:
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
