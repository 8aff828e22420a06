"""What the head of a plain text says of a recording: its files, and the lines of an episode.

The labels are words of every day: "Dauer", "Gast", "Staffel". So each stands only before a value of
its shape, and says nothing of an article without a recording, which keeps them as they are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from feedsvc.model import Enclosure
from feedsvc.parsers.bylines import is_name, read_authors
from feedsvc.parsers.episodes import episode_lines
from feedsvc.parsers.labels import Field
from feedsvc.parsers.metamedia import bytes_of, media_of, media_type_of, seconds_of, with_told
from feedsvc.parsers.textaddresses import file_address, web_address
from feedsvc.text.clean import fold
from feedsvc.text.urls import media_type

Told = tuple[Field, str, str]  # the label and its value as they were written
Line = tuple[str, str]

_PEOPLE = frozenset({Field.HOST, Field.GUEST, Field.PERSON})
# Any address behind these is a file; "Video" and "Podcast" also name the page to see it on.
_SURE = ("audio", "mp3", "enclosure")
_BESIDE = {Field.TYPE: "type", Field.LENGTH: "length", Field.DURATION: "duration"}


def tells_of_recording(which: Field, value: str) -> bool:
    """Whether a value has the shape that its label promises."""
    match which:
        case Field.MEDIA:
            return any(file_address(one.url) for one in _named(value))
        case Field.LENGTH:
            return bytes_of(value) is not None
        case Field.DURATION:
            return seconds_of(value) is not None
        case Field.TYPE:
            return media_type_of(value) is not None
        case Field.TRANSCRIPT | Field.CHAPTERS:
            return file_address(value) is not None
        case Field.HOST | Field.GUEST | Field.PERSON:
            people = read_authors(value)
            names = [person.name for person in people.authors]
            return people.sound and bool(names) and all(map(is_name, names))
        case _:
            return bool(episode_lines(which, value))


def is_recording(label: str, value: str) -> bool:
    """Whether a label and its value name a file that can be heard or seen."""
    return any(True for _ in _files(label, value))


def recording(told: Sequence[Told]) -> tuple[tuple[Enclosure, ...], tuple[Line, ...]]:
    """The files that are named, and what else is to be kept."""
    files: dict[str, Enclosure] = {}
    beside: dict[str, str] = {}
    rest: list[Told] = []
    for which, label, value in told:
        found = [one for one in _files(label, value) if which is Field.MEDIA]
        name = _BESIDE.get(which)
        if found:
            files.update((one.url, one) for one in found if one.url not in files)
        elif name is not None and name not in beside:
            beside[name] = value
        else:
            rest.append((which, label, value))
    if not files:
        return (), tuple((label, value) for _, label, value in told)
    lines = tuple(line for one in rest for line in _lines(*one))
    return with_told(tuple(files.values()), **beside), lines


def _files(label: str, value: str) -> Iterator[Enclosure]:
    """The files that a value names, if they can be heard or seen."""
    for one in _named(value):
        kind = one.type or media_type(one.url)
        if kind is None:
            if fold(label).startswith(_SURE):
                yield one
        elif kind.startswith(("audio/", "video/")):
            yield one


def _named(value: str) -> Iterator[Enclosure]:
    return media_of(web_address(value) or value)


def _lines(which: Field, label: str, value: str) -> tuple[Line, ...]:
    if which in (Field.TRANSCRIPT, Field.CHAPTERS):
        return episode_lines(which, file_address(value))
    if which not in _PEOPLE:
        return episode_lines(which, value) or ((label, value),)
    people = read_authors(value)
    if people.agencies or people.initials or people.editors:  # "Liv Berg (Kiel)"
        return episode_lines(which, value)
    named = [{"name": one.name, "href": one.uri or ""} for one in people.authors]
    return tuple(line for one in named for line in episode_lines(which, one))
