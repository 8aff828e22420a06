"""Digests: what the source said, and what a reader sees.

With one digest for both an undated article would change at every sync.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from hashlib import blake2b
from operator import attrgetter, itemgetter
from typing import Any

from feedsvc.model import Article, Draft, Origin

DIGEST_SIZE = 16  # bytes; collisions would need 2**64 articles

# What an entry shows; everything a fragment is rendered from.
_SEEN = (
    "guid", "title", "link", "summary", "subtitle", "html", "published", "updated", "authors",
    "tags", "section", "language", "image", "enclosures", "rights",
)  # fmt: skip

# Of the lines that an article keeps, those that are shown: its credit, its episode in a podcast.
SHOWN_LINES = ("atom:via", "itunes:", "podcast:")


def digest(data: bytes) -> bytes:
    """The digest used for change detection everywhere."""
    return blake2b(data, digest_size=DIGEST_SIZE).digest()


def digest_of(values: object) -> bytes:
    """The digest of nested plain values, tuples, frozen dataclasses and times."""
    return digest(_JSON.encode(values).encode("utf-8", "surrogatepass"))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    kind = type(value)
    return (_TAKERS.get(kind) or _taker(kind))(value)


_TAKERS: dict[type, Callable[[Any], Any]] = {}


def _taker(kind: Any) -> Callable[[Any], Any]:
    """What takes the values of a dataclass that are compared, in order; made once for each."""
    names = [field.name for field in fields(kind) if field.compare]
    taker = _TAKERS[kind] = attrgetter(*names) if len(names) > 1 else _listed(names[0])
    return taker


def _listed(name: str) -> Callable[[Any], Any]:
    take = attrgetter(name)
    return lambda value: [take(value)]


_JSON = json.JSONEncoder(default=_plain, ensure_ascii=False, separators=(",", ":"))


# Not said: what is ours (warnings), where it was found (base), and other spellings of the same.
_UNSAID = frozenset({"warnings", "base", "origin", "title_html", "summary_html"})

_what_was_said = attrgetter(*(f.name for f in fields(Draft) if f.name not in _UNSAID))
_what_is_seen = attrgetter(*_SEEN)
_seen_values = itemgetter(*_SEEN)


def said(draft: Draft) -> bytes:
    """The digest of what the source said."""
    return digest_of(_what_was_said(draft))


def seen(article: Article) -> bytes:
    """The digest of what a reader sees."""
    shown = _what_is_seen(article)
    return digest_of((*shown, *_shown_beside(article.origin, article.extra)))


def seen_of(values: Mapping[str, Any]) -> bytes:
    """The same digest of the fields of an article that is still to be made."""
    shown = _seen_values(values)
    return digest_of((*shown, *_shown_beside(values["origin"], values["extra"])))


def _shown_beside(origin: Origin | None, extra: tuple[tuple[str, str], ...]) -> list[object]:
    """What few articles have, so that the digest of the others does not tell of it."""
    lines = [line for line in extra if line[0].startswith(SHOWN_LINES)] if extra else []
    return [one for one in (origin, lines) if one]
