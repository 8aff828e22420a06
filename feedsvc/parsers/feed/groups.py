"""Which names mean the same thing in an entry, the best first, and which of them one entry has.

The entries of a feed are alike: what is there is worked out once for each kind of entry, so that
nobody looks for the forty names that are not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

_TITLES = ("title", "atom:title", "dc:title", "media:title", "itunes:title")
_BODIES = ("content:encoded", "atom:content", "xhtml:body", "xhtml:div", "fullitem", "encoded")
_SUMMARIES = (
    "description",
    "atom:summary",
    "dc:description",
    "dcterms:abstract",
    "abstract",
    "itunes:summary",
)
_PUBLISHED = (
    "pubdate",
    "atom:published",
    "atom:issued",
    "dcterms:issued",
    "dc:date",
    "dcterms:created",
    "dcterms:date",
    "atom:created",
    "dcterms:available",
    "prism:publicationdate",
)
UPDATED = ("atom:updated", "atom:modified", "dcterms:modified", "lastbuilddate", "lastmodified")
_EXPIRES = ("expirationdate", "prism:expirationdate", "dcterms:valid")
_RIGHTS = ("atom:rights", "dc:rights", "atom:copyright", "copyright", "media:copyright")
_TAGS = (
    "category",
    "atom:category",
    "dc:subject",
    "media:category",
    "dcterms:subject",
    "prism:keyword",
    "itunes:category",
    "itunes:keywords",
    "media:keywords",
)
_MEDIA = (
    "enclosure",
    "media:enclosure",
    "atom:link",
    "atom:content",
    "media:content",
    "media:group",
)
_PICTURES = (
    "itunes:image",
    "googleplay:image",
    "podcast:image",
    "image",
    "media:content",
    "media:group",
    "media:thumbnail",
)

# What our model has no field for is kept as labelled lines (`extras`): these vocabularies …
_KEPT_PREFIXES = frozenset(
    {"itunes", "podcast", "thr", "slash", "wfw", "geo", "georss", "psc", "cc", "creativecommons"}
)
# … and these elements, …
_KEPT = frozenset(
    {
        "comments",
        "atom:contributor",
        "dc:contributor",
        "dc:publisher",
        "dc:source",
        "dc:relation",
        "dc:coverage",
        "media:rating",
        "media:restriction",
        "media:player",
        "media:community",
        "prism:doi",
        "prism:publicationname",
        "prism:volume",
        "prism:number",
        "googleplay:explicit",
    }
)
# … but for those that have fields of their own.
_READ = frozenset(
    {
        "itunes:author",
        "itunes:subtitle",
        "itunes:summary",
        "itunes:duration",
        "itunes:image",
        "itunes:keywords",
        "itunes:category",
        "podcast:image",
        "slash:section",
    }
)


class Groups(NamedTuple):
    """The names that an entry has, by what they mean."""

    titles: tuple[str, ...]
    bodies: tuple[str, ...]
    summaries: tuple[str, ...]
    published: tuple[str, ...]
    updated: tuple[str, ...]
    expires: tuple[str, ...]
    rights: tuple[str, ...]
    tags: tuple[str, ...]
    media: tuple[str, ...]
    pictures: tuple[str, ...]
    extras: tuple[str, ...]  # in the order of the entry


class KnownGroups(dict[tuple[str, ...], Groups]):
    """The groups of each kind of entry in a document, by all its names."""

    __slots__ = ()

    def __missing__(self, names: tuple[str, ...]) -> Groups:
        groups = self[names] = _groups(names)
        return groups


def _groups(names: tuple[str, ...]) -> Groups:
    there = frozenset(names)

    def present(group: Iterable[str]) -> tuple[str, ...]:
        return () if there.isdisjoint(group) else tuple(name for name in group if name in there)

    return Groups(
        titles=present(_TITLES),
        bodies=present(_BODIES),
        summaries=present(_SUMMARIES),
        published=present(_PUBLISHED),
        updated=present(UPDATED),
        expires=present(_EXPIRES),
        rights=present(_RIGHTS),
        tags=present(_TAGS),
        media=present(_MEDIA),
        pictures=present(_PICTURES),
        extras=tuple(filter(_is_kept, names)),
    )


def _is_kept(name: str) -> bool:
    return name not in _READ and (name in _KEPT or name.partition(":")[0] in _KEPT_PREFIXES)
