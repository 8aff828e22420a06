"""What a single value of front matter is: a text, a switch, a name, tags, people.

`metadata` knows what the keys mean and asks here what stands behind them; `metamedia` reads the
values that name pictures and sounds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, time
from functools import lru_cache

from feedsvc.model import Person
from feedsvc.parsers.bylines import read_authors
from feedsvc.text.clean import one_line

MOST_ITEMS = 500


@lru_cache(maxsize=512)
def normal_key(key: str) -> str:
    """A key without case, `_`, `-`, `.` and spaces, as which all spellings of it are equal."""
    return re.sub(r"[\s_.:-]+", "", key.casefold())


_TRUE = frozenset({"true", "yes", "on", "1", "y", "ja", "wahr", "oui", "si"})
_FALSE = frozenset({"false", "no", "off", "0", "n", "nein", "falsch", "non", "never", "none"})


def is_empty(value: object) -> bool:
    """Whether a key was left without a value."""
    return value is None or (isinstance(value, str | list | dict) and not value)


def flag_of(value: object) -> bool | None:
    """A value as a switch; None for what is none."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str | int):
        word = str(value)[:10].strip().casefold()
        return True if word in _TRUE else False if word in _FALSE else None
    return None


def text_of(value: object) -> str | None:
    """A value as text; None for what is none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int):
        return str(value) if value.bit_length() < 10_000 else None
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, date | time):
        return value.isoformat()
    return None


WIKILINK = re.compile(r"!?\[\[([^\[\]|]{1,500})(?:\|([^\[\]]{0,500}))?\]\]")


def label_of(value: object) -> str | None:
    """The name in a value: text, `[[Target|label]]`, or a map with a name."""
    if isinstance(value, dict):
        lowered = {normal_key(str(key)): one for key, one in value.items()}
        for key in ("name", "label", "title", "term", "slug"):
            if (text := text_of(lowered.get(key))) is not None:
                return one_line(text) or None
        return None
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        # `[[Target]]` unquoted is a list in a list to YAML
        return label_of(value[0][0]) if value[0] else None
    text = text_of(value)
    if text is None:
        return None
    text = WIKILINK.sub(lambda m: m[2] or m[1].rpartition("/")[2].partition("#")[0], text)
    return one_line(text) or None


def words_of(value: object) -> Iterator[str]:
    """The tags in a value: a list, or a text with commas."""
    if isinstance(value, list):
        items: list[object] = list(value[:MOST_ITEMS])
    elif isinstance(value, str):
        items = list(re.split(r"[,;，、\n]", value)[:MOST_ITEMS])
        if len(items) == 1 and re.fullmatch(r"\s*#\S+(?:\s+#\S+)+\s*", value):
            items = list(value.split()[:MOST_ITEMS])
    else:
        items = [value]
    for item in items:
        word = label_of(item)
        if word is not None and (word := word.lstrip("#").strip()):
            yield word


def people_of(value: object) -> Iterator[Person]:
    """The people in a value: a text, a list, a map, or a map of maps."""
    if isinstance(value, dict):
        lowered = {normal_key(str(key)): one for key, one in value.items()}
        name = next(
            (n for k in ("name", "displayname", "title") if (n := label_of(lowered.get(k)))), None
        )
        given, family = label_of(lowered.get("firstname")), label_of(lowered.get("lastname"))
        name = name or " ".join(filter(None, (given, family)))
        email = text_of(lowered.get("email")) or text_of(lowered.get("mail"))
        uri = next(
            (
                u
                for k in ("url", "uri", "link", "homepage", "website", "web")
                if (u := text_of(lowered.get(k)))
            ),
            None,
        )
        if name or email:
            yield Person(name=name or email or "", email=email or None, uri=uri)
        elif value and all(isinstance(one, dict) for one in value.values()):
            for one in list(value.values())[:MOST_ITEMS]:  # {anna: {name: Anna}}
                yield from people_of(one)
    elif isinstance(value, list):
        for item in value[:MOST_ITEMS]:
            yield from people_of(item) if isinstance(item, dict) else _people_of_item(item)
    elif isinstance(value, str):
        yield from read_authors((label_of(value) or "")[:2_000]).authors


def _people_of_item(item: object) -> Iterator[Person]:
    name = label_of(item)
    if name is None:
        return
    # An item is one person: "Muster, Anna" is not two.
    found = read_authors(name[:500].replace(",", "\ue000")).authors
    for person in found:
        yield Person(name=person.name.replace("\ue000", ","), email=person.email, uri=person.uri)
