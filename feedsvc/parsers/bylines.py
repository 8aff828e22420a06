"""Who wrote it: names out of label values and "Von Anna Muster" lines, for plain text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from feedsvc.model import Person
from feedsvc.parsers.labels import AGENCIES, Field, fields_of
from feedsvc.text.clean import one_line

_OPENERS = re.compile(
    r"(?i:von|by|par|por|di|da|de|door|av|af|przez|автор)\s+"
    r"(?:(?i:unsere[rmn]?|our|notre|nuestro)\s+[\w-]+\s+)?"
)
_LONGEST_BYLINE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Byline:
    """The people of a byline, and what stands beside them but is nobody's name."""

    authors: tuple[Person, ...] = ()
    agencies: tuple[str, ...] = ()
    initials: tuple[str, ...] = ()  # "(jm)"
    editors: tuple[tuple[str, str], ...] = ()  # "Redaktion: …", with its label
    sound: bool = True  # it reads as names, not as a sentence


def read_byline(line: str) -> str | None:
    """The names of a "Von …" line, or None if the line is running text."""
    if len(line) > _LONGEST_BYLINE or line.endswith((".", "!", "?", "…", ",", ":")):
        return None
    found = _OPENERS.match(line)
    if found is None:
        return None
    names = line[found.end() :]
    people = [person for person, _ in map(_person, _parts(names)) if person is not None]
    return names if people and all(is_name(person.name) for person in people) else None


# Words of names that are written small.
_PARTICLES = frozenset(
    "von vom van der den dem zu zum zur und auf de del della delle dei di da dal do dos das du des "
    "la le les los lo y e i et and en och og ter ten te af av bin ibn al el abu ben bat d l".split()
)
_WORD = re.compile(r"[^\W\d_][\w.'’·-]*")


def is_name(text: str) -> bool:
    """Could this be the name of a person or a place: few words, all but particles capitalised?"""
    words = text.split()
    if not 1 <= len(words) <= 6 or words[-1].casefold() in _PARTICLES:
        return False
    capital = False
    for word in words:
        if not _WORD.fullmatch(word):
            return False
        if not word[0].islower():  # capital, or a script without capitals
            capital = True
        elif word not in _PARTICLES and word[:2] not in ("d'", "d’", "l'", "l’"):
            return False
    return capital


_URL = r"https?://[^\s<>()]+"
_EMAIL = r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"
_TOKEN = re.compile(
    rf"(?P<bracket>\([^()]*\)|<[^<>]*>)|(?P<address>{_URL}|{_EMAIL})"
    r"|(?P<split>\s*[,;/|、，；]\s*|\s*&\s*|\s+(?:und|and|et)\s+)|(?P<two>\s+(?:y|e|en|och|og|i|oraz)\s+)"
    r"|[^\s,;/|、，；&(<]+|\s+|."
)
_SUFFIX = re.compile(r"(?i)(?:jr|sr|ph\.?\s?d|m\.?d|m\.?a|b\.?a|m\.?sc|esq|ii|iii)\.?")


def _parts(value: str) -> list[str]:
    """Split at separators, but not inside brackets and addresses."""
    parts, current = [], ""
    for token in _TOKEN.finditer(value):
        if token["split"] or (token["two"] and _splits(current, value[token.end() :])):
            parts.append(current)
            current = ""
        else:
            current += token[0]
    parts.append(current)
    return [part for part in map(one_line, parts) if part]


def _splits(left: str, right: str) -> bool:
    """ "Ana García y Luis Pérez" are two people, "José Ortega y Gasset" is one."""
    following = re.split(r"[,;/|&(<]|\s(?:y|e|en|och|og|i|oraz)\s", right[:100], maxsplit=1)[0]
    return len(left.split()) >= 2 and len(following.split()) >= 2


_LABELLED = re.compile(r"(?!https?:)(?P<label>[^:()<>@]{1,40}):\s*(?P<name>.+)")


@lru_cache(maxsize=256)  # a newsroom's articles have the authors of its other articles
def read_authors(value: str) -> Byline:
    """Split the value of an author label into people, agencies, initials and editors."""
    people: list[Person] = []
    agencies: list[str] = []
    initials: list[str] = []
    editors: list[tuple[str, str]] = []
    sound = True
    for part in _parts(value):
        if labelled := _LABELLED.fullmatch(part):  # "Anna Muster; Redaktion: Max Beispiel"
            if Field.EDITOR in fields_of(labelled["label"]):
                editors.append((labelled["label"], labelled["name"]))
            else:
                sound = False
            continue
        person, marks = _person(part)
        for mark in marks:
            names = [m.strip() for m in mark.split("/") if m.strip()]
            for m in names:
                (agencies if m.casefold() in AGENCIES else initials).append(m)
        if person is None:
            continue
        if people and _SUFFIX.fullmatch(person.name):
            last = people[-1]
            people[-1] = Person(
                name=f"{last.name}, {person.name}",
                email=person.email or last.email,
                uri=person.uri or last.uri,
            )
        elif people and person.name == person.email:
            people[-1] = Person(name=people[-1].name, email=person.email, uri=people[-1].uri)
        elif people and person.name == person.uri:
            people[-1] = Person(name=people[-1].name, email=people[-1].email, uri=person.uri)
        elif person.name.casefold() in AGENCIES and (
            person.name.islower() or person.name.isupper()
        ):
            agencies.append(person.name)
            people.append(person)
        else:
            people.append(person)
            sound = sound and _reads_as_name(person.name)
    if any(p.name not in agencies for p in people):  # an agency signs only alone
        people = [p for p in people if p.name not in agencies]
    unique = {p.name.casefold(): p for p in reversed(people)}
    return Byline(
        authors=tuple(reversed(unique.values())),
        agencies=tuple(dict.fromkeys(agencies)),
        initials=tuple(dict.fromkeys(initials)),
        editors=tuple(editors),
        sound=sound,
    )


def _reads_as_name(name: str) -> bool:
    """Looser than `is_name`, as a label stands before it: "das Team vom Lokalen" signs too."""
    words = name.split()
    return len(words) <= 8 and not (
        len(words) > 3
        and (name.endswith((".", "!", "?", "…")) or (not name[0].isupper() and len(words) > 5))
    )


_MARK = re.compile(r"\(([^()]*)\)|<([^<>]*)>")


def _person(part: str) -> tuple[Person | None, list[str]]:
    """One person, and the marks in brackets behind the name that are no address."""
    email = uri = None
    marks: list[str] = []
    named = ""
    for found in _MARK.finditer(part):
        inner = one_line(found[1] or found[2] or "")
        if re.fullmatch(_EMAIL, inner):
            email = inner
        elif re.fullmatch(_URL, inner):
            uri = inner
        elif re.fullmatch(r"[\w./-]{2,20}", inner):
            marks.append(inner)
        elif is_name(inner):  # RSS: anna@example.org (Anna Muster)
            named = inner
    name = one_line(_MARK.sub(" ", part)).strip(' "“”„*_')
    if re.fullmatch(_EMAIL, name):
        return Person(name=named or name, email=name, uri=uri), marks
    if re.fullmatch(_URL, name):
        return Person(name=named or name, email=email, uri=name), marks
    name = name or named or email or uri or ""
    return (Person(name=name, email=email, uri=uri) if name else None), marks
