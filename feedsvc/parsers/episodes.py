"""What front matter says of an episode of a podcast, as the lines that feeds are read into.

`episode: 7` is `("itunes:episode", "7")`, `transcript: https://…` a `podcast:transcript` with that
address as its attribute: see `feed.extras`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from feedsvc.parsers.labels import fields_of
from feedsvc.parsers.metavalues import MOST_ITEMS, flag_of, label_of, normal_key, text_of
from feedsvc.text.urls import media_type

_COUNT = re.compile(r"0*[1-9][0-9]{0,8}")
_PREFIX = re.compile(r"^(?:itunes|podcast)")
_KINDS = frozenset({"full", "trailer", "bonus"})

Line = tuple[str, str]
Reader = Callable[[object], Iterator[Line]]


def episode_lines(key: str, value: object) -> tuple[Line, ...]:
    """The lines for a key of front matter; none for one, or for a value, that tells no episode."""
    name = normal_key(key)
    read = _PREFIXED.get(name) or _READERS.get(_PREFIX.sub("", name))
    if read is None:  # words of other languages are those of plain texts: `folge: 7`
        named = (_READERS.get(label) for label in fields_of(key.replace("_", " ")))
        read = next(filter(None, named), None)
    if read is None:
        return ()
    items = value[:MOST_ITEMS] if isinstance(value, list) else [value]
    if len(items) == 1 and isinstance(items[0], list):
        items = [value]  # `[[Name]]` unquoted is a list in a list to YAML
    return tuple(line for item in items for line in read(item))


def _as(label: str, read: Callable[[object], Iterator[str]]) -> Reader:
    """The reader of what becomes one kind of line."""
    return lambda value: ((label, line) for line in read(value))


def _count(value: object) -> Iterator[str]:
    text = "" if isinstance(value, bool) else text_of(value) or ""
    if _COUNT.fullmatch(text):
        yield text


def _explicit(value: object) -> Iterator[str]:
    flag, text = flag_of(value), (text_of(value) or "").lower()
    if flag is not None or text in ("clean", "explicit"):
        yield "true" if flag or text == "explicit" else "false"


def _kind(value: object) -> Iterator[str]:
    text = (text_of(value) or "").lower()
    if text in _KINDS:
        yield text


def _file(value: object) -> Iterator[str]:
    """An address, or a table with one."""
    told = {"url": text_of(value) or ""}
    if isinstance(value, dict):
        told = _told(
            value, url="url src href file", type="type mime", language="language lang", rel="rel"
        )
    # A word is no file: `transcript: yes`.
    if "/" in told.get("url", "") or "." in told.get("url", ""):
        yield _written(told)


def _person(value: object, *, role: str = "") -> Iterator[str]:
    """A name, or a table with one; the `role` is that of the key."""
    told = {"role": role, "": label_of(value) or ""} if role else {"": label_of(value) or ""}
    if isinstance(value, dict):
        told = _told(value, role="role", group="group", img="img image avatar", href="href url uri")
        if role:
            told.setdefault("role", role)
        told[""] = label_of(value.get("name")) or ""
    if told[""]:
        yield _written(told)


def _soundbite(value: object) -> Iterator[str]:
    """A table with the second at which it starts, and how many it lasts."""
    if isinstance(value, dict):
        told = _told(value, startTime="start starttime", duration="duration length")
        if told.keys() == {"startTime", "duration"}:
            yield _written({**told, "": label_of(value) or ""})


def _place(value: object) -> Iterator[str]:
    """The name of the place an episode is about, or a table with it."""
    told = {"": label_of(value) or ""}
    if isinstance(value, dict):
        told |= _told(value, rel="rel", geo="geo", osm="osm", country="country")
    if told[""]:
        yield _written(told)


def _label(value: object) -> Iterator[str]:
    if text := label_of(value):
        yield text


def _block(value: object) -> Iterator[str]:
    """Whether directories are to leave it out."""
    if flag_of(value):
        yield "Yes"


def _told(value: Mapping[object, object], **names: str) -> dict[str, str]:
    """The attributes that a table has, each under any of its names."""
    lowered = {normal_key(str(key)): one for key, one in value.items()}
    found = {
        name: next((text for key in keys.split() if (text := text_of(lowered.get(key)))), "")
        for name, keys in names.items()
    }
    return {name: text for name, text in found.items() if text}


def _written(told: Mapping[str, str]) -> str:
    if told.keys() == {""}:
        return told[""]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


# -- several lines of one value -------------------------------------------------------------------


def _named_count(label: str, attribute: str, keys: str) -> Reader:
    """A number for Apple, or a table that also has a name for it, for the podcast namespace."""

    def read(value: object) -> Iterator[Line]:
        told = {"": value}
        if isinstance(value, dict):
            told = dict(_told(value, number="number no nr", **{attribute: keys}))
            told[""] = told.pop("number", "")
        for count in _count(told[""]):
            yield f"itunes:{label}", count
            if name := told.get(attribute):
                yield f"podcast:{label}", _written({attribute: str(name), "": count})

    return read


def _alternate(value: object) -> Iterator[Line]:
    """The same recording in another form: a table with its address and what is known of it."""
    if not isinstance(value, dict):
        return
    told = _told(
        value,
        uri="url src href file uri",
        type="type mime",
        length="length size bytes",
        bitrate="bitrate",
        height="height",
        lang="language lang",
        title="title name label",
    )
    uri = told.pop("uri", "")
    kind = told.get("type") or media_type(uri)
    if uri and kind:
        yield "podcast:alternateEnclosure", _written({**told, "type": kind})
        yield "podcast:alternateEnclosure/source", _written({"uri": uri})


_READERS: Mapping[str, Reader] = {
    "episode": _named_count("episode", "display", "display name title"),
    "season": _named_count("season", "name", "name title display"),
    "explicit": _as("itunes:explicit", _explicit),
    "episodetype": _as("itunes:episodeType", _kind),
    "transcript": _as("podcast:transcript", _file),
    "transcripts": _as("podcast:transcript", _file),
    "chapters": _as("podcast:chapters", _file),
    "person": _as("podcast:person", _person),
    "persons": _as("podcast:person", _person),
    "host": _as("podcast:person", partial(_person, role="host")),
    "hosts": _as("podcast:person", partial(_person, role="host")),
    "guest": _as("podcast:person", partial(_person, role="guest")),
    "guests": _as("podcast:person", partial(_person, role="guest")),
    "soundbite": _as("podcast:soundbite", _soundbite),
    "soundbites": _as("podcast:soundbite", _soundbite),
    "alternateenclosure": _alternate,
    "alternateenclosures": _alternate,
}

# Without their prefix these are words about any article.
_PREFIXED: Mapping[str, Reader] = {
    "itunestitle": _as("itunes:title", _label),
    "itunesblock": _as("itunes:block", _block),
    "podcastlocation": _as("podcast:location", _place),
}
