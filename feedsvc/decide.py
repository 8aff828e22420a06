"""What happened to this article: pure rules of identity, change and dates.

    candidates + claim -> match -> first_seen() | revise()

A file is *matched* to its article by declared id, path, link, then content; its id is *minted*
once from the first stable key there is (declared id, link, path) and never derived again. Titles
and dates are no keys, since both get corrected.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import count
from operator import attrgetter
from typing import Any, Literal

from feedsvc.model import Article, Draft, State
from feedsvc.ports import Stored
from feedsvc.text.urls import encode_path, is_absolute_iri

DIGEST_SIZE = 16  # bytes; collisions would need 2**64 articles

# What a reader notices: RFC 4287 §4.2.15 leaves "significant" to the publisher.
_NEWS = ("title", "summary", "html", "enclosures")

# What an entry shows; everything a fragment is rendered from.
_SEEN = (
    "guid", "title", "link", "summary", "subtitle", "html", "published", "updated", "authors",
    "tags", "section", "language", "image", "enclosures", "rights",
)  # fmt: skip


def digest(data: bytes) -> bytes:
    """The digest used for change detection everywhere."""
    return blake2b(data, digest_size=DIGEST_SIZE).digest()


def digest_of(values: object) -> bytes:
    """The digest of nested plain values, tuples, frozen dataclasses and times."""
    return digest(_JSON.encode(values).encode("utf-8", "surrogatepass"))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return [getattr(value, field.name) for field in fields(value)]


_JSON = json.JSONEncoder(default=_plain, ensure_ascii=False, separators=(",", ":"))


# Not said: what is ours (warnings), where it was found (base), and other spellings of the same.
_UNSAID = frozenset({"warnings", "base", "origin", "title_html", "summary_html"})

_what_was_said = attrgetter(*(f.name for f in fields(Draft) if f.name not in _UNSAID))
_what_is_seen = attrgetter(*_SEEN)


def said(draft: Draft) -> bytes:
    """The digest of what the source said."""
    return digest_of(_what_was_said(draft))


def seen(article: Article) -> bytes:
    """The digest of what a reader sees."""
    shown = _what_is_seen(article)
    return digest_of((*shown, article.origin) if article.origin else shown)


# -- identity ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Who mints ids: the tag URI's authority and the date it was theirs (RFC 4151 §2.1)."""

    domain: str
    since: str

    def mint(self, source: str, key: str) -> str:
        """The permanent id of an article; an absolute IRI its source declares is kept as it is."""
        kind, _, value = key.partition(":")
        if kind == "id" and is_absolute_iri(value):
            return value
        return f"tag:{self.domain},{self.since}:{encode_path(source)}/{encode_path(value)}"

    def feed(self, name: str) -> str:
        """The permanent id of a feed."""
        return f"tag:{self.domain},{self.since}:feed:{encode_path(name)}"


def path_key(path: str) -> str:
    """The key of a file that declares nothing else: its path without the extension."""
    folder, slash, name = path.rpartition("/")
    stem, dot, _ = name.rpartition(".")
    return f"path:{folder}{slash}{stem if dot and stem else name}"


def stable_key(draft: Draft, path: str) -> str:
    """The key an article's id is minted from: declared id, link, or path."""
    if draft.id:
        return f"id:{draft.id}"
    if draft.link:
        return f"link:{draft.link}"
    return path_key(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one document brings for being matched."""

    path: str
    draft: Draft
    document: bytes  # digest of its bytes
    row: int | None = None  # the article this very path held before


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The stored article a document is, if any; `rival` is another live file that claims it."""

    stored: Stored | None = None
    rival: str | None = None


class Candidates:
    """The stored articles that a batch of documents may be, by everything they are matched by."""

    def __init__(self, stored: Iterable[Stored]) -> None:
        self._rows: dict[int, Stored] = {}
        self._declared: dict[str, Stored] = {}
        self._values: dict[str, list[Stored]] = {}
        self._links: dict[str, list[Stored]] = {}
        self._documents: dict[bytes, list[Stored]] = {}
        for one in sorted(stored, key=lambda one: one.row):
            self._rows[one.row] = one
            if one.declared:
                self._declared.setdefault(one.declared, one)
            kind, _, value = one.article.key.partition(":")
            self._values.setdefault(value, []).append(one)
            for link in {one.article.link, value if kind == "link" else None} - {None}:
                self._links.setdefault(str(link), []).append(one)
            self._documents.setdefault(one.document, []).append(one)

    def __iter__(self) -> Iterator[Stored]:
        return iter(self._rows.values())

    def match(self, claim: Claim, live: Mapping[int, str]) -> Match:
        """Find the article of a document: by declared id, path, link, then content.

        `live` tells at which path the file of an article lies now. Content counts only for articles
        that lie nowhere, else a copy would take its original's place.
        """
        wanted, path = claim.draft.id, claim.path

        def another(stored: Stored) -> bool:
            # A file that declares another id than the article of its path is another article.
            return bool(wanted and stored.declared)

        if wanted and (stored := self._of_id(wanted)) is not None:
            lies = live.get(stored.row, path)
            return Match(stored=stored, rival=None if lies == path else lies)
        stored = None if claim.row is None else self._rows.get(claim.row)
        # An article that moved away leaves its path to whoever comes next.
        if stored is not None and not another(stored) and live.get(stored.row, path) == path:
            return Match(stored=stored)
        key = path_key(path)
        for stored in self._values.get(value_of(key), ()):
            lies = live.get(stored.row, path)
            if stored.article.key == key and not another(stored) and path_key(lies) == key:
                return Match(stored=stored, rival=None if lies == path else lies)
        for stored in self._links.get(claim.draft.link or "", ()):
            lies = live.get(stored.row, path)
            if lies == path and not another(stored):
                return Match(stored=stored)
            if lies != path and stored.article.key == stable_key(claim.draft, path):
                return Match(stored=stored, rival=lies)
        moved = [
            s
            for s in self._documents.get(claim.document, ())
            if s.row not in live and not another(s)
        ]
        # Several of the same content moved at once: each keeps its name if it can.
        name = key.rpartition("/")[2].removeprefix("path:")
        moved.sort(key=lambda s: value_of(s.article.key).rpartition("/")[2] != name)
        return Match(stored=moved[0]) if moved else Match()

    def _of_id(self, wanted: str) -> Stored | None:
        if (stored := self._declared.get(wanted)) is not None:
            return stored
        # The same words as a path mint the same id, so the article of that path is meant.
        for stored in self._values.get(wanted, ()):
            kind = stored.article.key.partition(":")[0]
            if kind == "id" or (kind == "path" and stored.declared is None):
                return stored
        return None


def value_of(key: str) -> str:
    """The part of a key that its id is minted from: everything but its kind."""
    return key.partition(":")[2]


def free_key(key: str, taken: Container[str]) -> str:
    """`key`, or the first numbered variant of it whose value no other article has."""
    if value_of(key) not in taken:
        return key
    return next(f"{key};{n}" for n in count(2) if f"{value_of(key)};{n}" not in taken)


MASS_LOSS = 10  # from this many files on, losing over half at once is not believed


def believable_loss(known: int, lost: int) -> bool:
    """Whether `lost` of `known` files may be taken for deleted, not for unmounted or unsynced."""
    return known < MASS_LOSS or lost * 2 <= known


# -- dates and change ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a source's configuration decides about its dates and links."""

    future: Literal["hold", "clamp"] = "hold"
    link: str | None = None  # a template for articles that state no link


def first_seen(
    draft: Draft,
    *,
    source: str,
    key: str,
    guid: str,
    link: str | None,
    policy: Policy,
    now: datetime,
) -> Article:
    """The article of a document never seen before."""
    now = now.replace(microsecond=0)
    stated = _whole(draft.updated)
    # "As of 6 January" and no other date: then it was there at the latest.
    undated = stated if stated and stated < now else now
    published, due = _publication(draft, policy, undated=undated, now=now)
    article = _filled(
        draft,
        source=source,
        key=key,
        guid=guid,
        link=link,
        published=published,
        updated=max(published, stated) if stated and stated <= max(now, published) else published,
        first_seen=now,
        due=due,
    )
    return replace(article, said=said(draft), seen=seen(article))


def revise(
    stored: Article,
    draft: Draft,
    *,
    link: str | None,
    policy: Policy,
    now: datetime,
    reread: bool,
) -> Article | None:
    """The stored article with what the source says now, or None if nothing changed.

    `reread` tells that the bytes are the same and only our reading of them differs, as after an
    upgrade or a change of configuration: that is not news, so `updated` stays.
    """
    now = now.replace(microsecond=0)
    returned = stored.state in (State.WITHDRAWN, State.GONE)
    words = said(draft)
    if words == stored.said and link == stored.link and not returned and not reread:
        return None
    waits = stored.due is not None and stored.due > now
    # An undated draft that its author releases today was not published when we first saw the file,
    # and a date of the future that is taken back no longer counts.
    released = stored.state is State.HELD and not draft.unreleased
    taken_back = waits and stored.published > now
    undated = now if released or taken_back else stored.published
    published, due = _publication(draft, policy, undated=undated, now=now)
    article = _filled(
        draft,
        source=stored.source,
        key=stored.key,
        guid=stored.guid,
        link=link,
        published=published,
        updated=stored.updated,
        first_seen=stored.first_seen,
        due=due,
    )
    news = any(getattr(article, name) != getattr(stored, name) for name in _NEWS)
    updated, noticed = stored.updated, max(now, stored.updated + timedelta(seconds=1))
    if waits:
        # Nobody has seen it yet: a date of the future that it was to bear does not bind it.
        updated, noticed = min(updated, now), now
    if news and not reread:
        stated = _whole(draft.updated)
        updated = stated if stated and updated < stated <= noticed else noticed
    article = replace(
        article,
        updated=max(updated, published),
        state=State.HIDDEN if stored.state is State.HIDDEN else article.state,
        revision=stored.revision + (1 if words != stored.said else 0),
        said=words,
    )
    article = replace(article, seen=seen(article))
    return None if article == stored else article


def _publication(
    draft: Draft, policy: Policy, *, undated: datetime, now: datetime
) -> tuple[datetime, datetime | None]:
    """When the article is published, and until when it has to wait."""
    stated, due = _whole(draft.published), _whole(draft.embargo)
    if stated is None:
        return undated, due
    if stated > now:
        if policy.future == "clamp":
            return undated, due
        due = max(due, stated) if due else stated
    return stated, due


def _whole(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(microsecond=0)


def _filled(
    draft: Draft,
    *,
    source: str,
    key: str,
    guid: str,
    link: str | None,
    published: datetime,
    updated: datetime,
    first_seen: datetime,
    due: datetime | None,
) -> Article:
    return Article(
        source=source,
        key=key,
        guid=guid,
        title=draft.title,
        html=draft.html,
        link=link,
        summary=draft.summary,
        subtitle=draft.subtitle,
        published=published,
        updated=updated,
        first_seen=first_seen,
        due=due,
        expires=_whole(draft.expires),
        authors=draft.authors,
        tags=draft.tags,
        section=draft.section,
        language=draft.language,
        image=draft.image,
        enclosures=draft.enclosures,
        rights=draft.rights,
        location=draft.location,
        agency=draft.agency,
        extra=draft.extra,
        origin=draft.origin,
        state=State.HELD if draft.unreleased else State.PUBLISHED,
    )
