"""What the lines above a plain text have said so far, and the draft that comes of it.

`plaintext` feeds it the mentions that `textlines` has found; here is decided which of two values
stands, and what becomes of the other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from feedsvc.model import Draft, Hints, Image, Person
from feedsvc.parsers.bylines import Byline, is_name, read_authors
from feedsvc.parsers.labels import RECORDING, Field
from feedsvc.parsers.textaddresses import image_address, web_address
from feedsvc.parsers.textlines import Mention, mentions_of
from feedsvc.parsers.textmedia import Told, recording
from feedsvc.text.clean import fold, one_line
from feedsvc.text.dates import parse_date
from feedsvc.text.language import normalise_language


@dataclass(slots=True)
class Head:
    """What the lines above the body have said so far."""

    hints: Hints
    recording: bool = False  # the text names one
    title: str = ""
    opening: str = ""  # a first paragraph that stood where the title should
    texts: dict[Field, str] = field(default_factory=dict)
    moments: dict[Field, datetime] = field(default_factory=dict)
    authors: list[Person] = field(default_factory=list)
    editors: list[tuple[str, str]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    unreleased: bool = False
    language: str | None = None
    recorded: list[Told] = field(default_factory=list)
    extra: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def says(self, line: str) -> tuple[Mention, ...]:
        """What a line says, here; of a recording only where the text names one."""
        mentions = mentions_of(line, self.hints)
        if not self.recording and any(mention.field in RECORDING for mention in mentions):
            return ()
        return mentions

    def take(self, mentions: Sequence[Mention]) -> None:
        for mention in mentions:
            self._take(mention)

    def _take(self, mention: Mention) -> None:
        label, value = mention.label, mention.value
        match mention.field:
            case None:
                self.extra.append((label, value))
            case which if which in RECORDING:
                self.recorded.append((which, label, value))
            case Field.TITLE:
                if self.title and Field.TITLE in self.texts:
                    self.extra.append((label, value))
                else:  # a labelled title is surer than the first line
                    if self.title:
                        self.texts.setdefault(Field.SUBTITLE, self.title)
                    self.texts[Field.TITLE] = self.title = value
            case Field.DATE | Field.UPDATED | Field.EMBARGO | Field.EXPIRES as which:
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
            case Field.AUTHOR_EMAIL:
                self._take_address(Field.AUTHOR_EMAIL, label, value, _email(value), "e-mail")
            case Field.LINK | Field.AUTHOR_LINK as which:
                self._take_address(which, label, value, web_address(value), "http")
            case Field.IMAGE:
                url = image_address(value)
                # "Foto: Anna Muster" names who took it
                other = Field.CREDIT if is_name(value) else Field.CAPTION
                self._keep(Field.IMAGE if url else other, label, url or value)
            case Field.AGENCY if web_address(value):
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

    def _take_address(
        self, which: Field, label: str, value: str, address: str | None, kind: str
    ) -> None:
        if address is None:
            self.warnings.append(f"{label}: {value!r} is no {kind} address; left out")
        elif which in self.texts:
            self.extra.append((label, value))
        else:
            self.texts[which] = address

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
        if len(authors) == 1:
            authors = [self._with_addresses(authors[0])]
        else:
            self._leave(Field.AUTHOR_EMAIL, Field.AUTHOR_LINK)
        enclosures, lines = recording(self.recorded)
        image = None
        if url := texts.get(Field.IMAGE):
            image = Image(url=url, caption=texts.get(Field.CAPTION), credit=texts.get(Field.CREDIT))
        else:
            self._leave(Field.CAPTION, Field.CREDIT)
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
            expires=self.moments.get(Field.EXPIRES),
            unreleased=self.unreleased,
            authors=tuple(authors),
            tags=tuple(self.tags),
            section=texts.get(Field.SECTION),
            language=self.language,
            image=image,
            enclosures=enclosures,
            rights=texts.get(Field.RIGHTS),
            location=texts.get(Field.LOCATION),
            agency=texts.get(Field.AGENCY),
            extra=(*self.extra, *lines),
            warnings=tuple(self.warnings),
        )

    def _leave(self, *fields: Field) -> None:
        """What has nothing to belong to is not lost."""
        self.extra += [(which.value, self.texts[which]) for which in fields if which in self.texts]

    def _with_addresses(self, author: Person) -> Person:
        return replace(
            author,
            email=author.email or self.texts.get(Field.AUTHOR_EMAIL),
            uri=author.uri or self.texts.get(Field.AUTHOR_LINK),
        )


def _email(value: str) -> str | None:
    return next((person.email for person in read_authors(value).authors), None)


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
