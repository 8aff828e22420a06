"""What front matter says of an episode of a podcast, as the lines that feeds are read into.

`episode: 7` is `("itunes:episode", "7")`, `transcript: https://…` a `podcast:transcript` with that
address as its attribute: see `feed.extras`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping

from feedsvc.parsers.metavalues import MOST_ITEMS, flag_of, label_of, normal_key, text_of

_COUNT = re.compile(r"0*[1-9][0-9]{0,8}")
_PREFIX = re.compile(r"^(?:itunes|podcast)")
_KINDS = frozenset({"full", "trailer", "bonus"})

Line = tuple[str, str]


def episode_lines(key: str, value: object) -> tuple[Line, ...]:
    """The lines for a key of front matter; none for one, or for a value, that tells no episode."""
    found = _READERS.get(_PREFIX.sub("", normal_key(key)))
    if found is None:
        return ()
    label, read = found
    items = value[:MOST_ITEMS] if isinstance(value, list) else [value]
    if len(items) == 1 and isinstance(items[0], list):
        items = [value]  # `[[Name]]` unquoted is a list in a list to YAML
    return tuple((label, line) for item in items for line in read(item))


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
        told = _told(value, url="url src href file", type="type mime", language="language lang")
    # A word is no file: `transcript: yes`.
    if "/" in told.get("url", "") or "." in told.get("url", ""):
        yield _written(told)


def _person(value: object) -> Iterator[str]:
    """A name, or a table with one."""
    told = {"": label_of(value) or ""}
    if isinstance(value, dict):
        told = _told(value, role="role", group="group", img="img image avatar", href="href url uri")
        told[""] = label_of(value.get("name")) or ""
    if told[""]:
        yield _written(told)


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


_READERS: Mapping[str, tuple[str, Callable[[object], Iterator[str]]]] = {
    "episode": ("itunes:episode", _count),
    "season": ("itunes:season", _count),
    "explicit": ("itunes:explicit", _explicit),
    "episodetype": ("itunes:episodeType", _kind),
    "transcript": ("podcast:transcript", _file),
    "transcripts": ("podcast:transcript", _file),
    "chapters": ("podcast:chapters", _file),
    "person": ("podcast:person", _person),
    "persons": ("podcast:person", _person),
}
