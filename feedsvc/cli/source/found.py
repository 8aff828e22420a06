"""What was found at a source, as the contract's JSON tells it: the one place that shows a reading.

Everything is said as the source says it. Three values are filled in where it says none, by rules of
the formats: an item without an id is known by its link, one that was never changed was last changed
when it was published, and one without any date is at most as new as the `pubDate` of its channel
(RSS 2.0: "the publication date for the content in the channel").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from html import unescape
from typing import TYPE_CHECKING, Any, NamedTuple

from feedsvc.model import Draft, Enclosure, Image, Person, State, iso_utc

if TYPE_CHECKING:
    from feedsvc.app.inspect import Inspection, Listing


def document(found: Inspection | Listing, *, source: str | None, now: datetime) -> dict[str, Any]:
    """The `source test` document; `source` is the name of a configured source.

    The items have the keys of `article list`, and what only an article that is stored can have is
    null. `guid` is the id the feed gives, or null. Texts that were given as HTML stay HTML,
    sanitised; `markup` names them. The `description` of an RSS item is its summary even where it
    serves as content. Items that say nothing are listed, too, though a sync leaves them out.
    """
    from feedsvc.app.inspect import Listing

    place = {
        "url": found.url,
        "status": found.status,
        "moved_to": found.moved_to,
    }
    if isinstance(found, Listing):
        return {"kind": "opml", **place, **_listing(found)}
    reading = found.reading
    return {
        "kind": "feed",
        **place,
        "page": found.page,
        "announced": list(found.announced),
        "format": reading.format,
        "encoding": _charset(reading.encoding),
        "well_formed": reading.well_formed,
        "problems": list(found.problems),
        "feed": _head(found),
        "items": [_item(draft, found, source, now) for draft in reading.drafts],
        "deleted": [{"id": one.ref, "when": _iso(one.when)} for one in reading.deleted],
    }


def _head(found: Inspection) -> dict[str, Any]:
    head, base = found.reading.head, found.url
    title = _as_said(head.title_html, head.title, base)
    description = _as_said(head.description_html, head.description, base)
    rights = _as_said(head.rights_html, head.rights, base)
    return {
        "title": title.value or "",
        "link": head.link,
        "id": head.id,
        "description": description.value,
        # RFC 5646 §2.1.1: case means nothing in a tag; RSS lists them in lower case.
        "language": head.language.lower() if head.language else None,
        "updated": _iso(head.updated),
        "published": _iso(head.published),
        "rights": rights.value,
        "author": head.authors[0].name if head.authors else None,
        "authors": people(head.authors),
        "generator": head.generator,
        "icon": head.icon,
        "image": head.image,
        "self": head.self_link,
        "hubs": list(head.hubs),
        "markup": _marked(title=title, description=description, rights=rights),
    }


def _item(draft: Draft, found: Inspection, source: str | None, now: datetime) -> dict[str, Any]:
    held = draft.unreleased or (draft.embargo is not None and draft.embargo > now)
    base = draft.link or found.url
    title = _as_said(draft.title_html, draft.title, base)
    summary = _as_said(draft.summary_html, draft.summary, base)
    if summary.value is None and found.reading.format.startswith("rss"):
        summary = _Said(draft.html or None, markup=True)  # RSS 2.0: "the item synopsis"
    extra = dict(draft.extra)
    return {
        "id": draft.id or draft.link,
        "source": source,
        "guid": draft.id,
        "title": title.value,
        "link": draft.link,
        "published": _iso(draft.published),
        "updated": _iso(draft.updated or draft.published or found.reading.head.published),
        "first_seen": None,
        "authors": people(draft.authors),
        "summary": summary.value,
        "content_html": draft.html,
        "language": draft.language,
        "tags": list(draft.tags),
        "enclosures": enclosures(draft.enclosures),
        "revision": None,
        "state": (State.HELD if held else State.PUBLISHED).value,
        "subtitle": draft.subtitle,
        "section": draft.section,
        "image": image(draft.image),
        "rights": draft.rights,
        "location": draft.location,
        "agency": draft.agency,
        "due": _iso(draft.embargo),
        "expires": _iso(draft.expires),
        "comments": extra.get("comments"),
        "extra": extra,
        "markup": _marked(title=title, summary=summary),
    }


# -- texts -----------------------------------------------------------------------------------------


class _Said(NamedTuple):
    """A text, and whether it is HTML."""

    value: str | None
    markup: bool = False


def _as_said(html: str | None, text: str | None, base: str | None) -> _Said:
    """What was given as HTML as that, without what a feed may not carry; else the plain `text`."""
    from feedsvc.text.html import sanitise

    if html is None:
        return _Said(text)
    clean = sanitise(html, base) if "<" in html else _only_signs(html)
    return _Said(clean, markup=True) if "<" in clean or "&" in clean else _Said(text)


_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_SIGNS = frozenset("&<>\"'")


def _only_signs(html: str) -> str:
    """HTML without a tag, in which only references to the signs of HTML itself are left."""
    from feedsvc.text.clean import normalise, one_line

    def character(found: re.Match[str]) -> str:
        one = unescape(found[0])
        return found[0] if one in _SIGNS else one

    return one_line(normalise(_REFERENCE.sub(character, html)))


def _marked(**texts: _Said) -> list[str]:
    return [name for name, said in texts.items() if said.markup and said.value]


_UNICODE = re.compile(r"utf-(16|32)-([bl]e)")


def _charset(encoding: str) -> str:
    """The name of an encoding that IANA registered, where Python's is another."""
    return _UNICODE.sub(r"utf-\1\2", encoding)


def _listing(found: Listing) -> dict[str, Any]:
    from feedsvc.cli.edit import without_password

    opml = found.opml
    return {
        "format": "opml",
        "encoding": None,
        "well_formed": opml.well_formed,
        "problems": list(opml.problems),
        "feed": {
            "title": opml.title, "link": None, "id": None, "description": None, "language": None,
            "updated": None, "author": opml.owner.name if opml.owner else None,
        },
        "items": [],
        "outlines": [
            {
                "url": without_password(one.url),
                "title": one.title,
                "link": one.link,
                "folder": list(one.folder),
                "tags": list(one.tags),
                "type": one.type,
                "language": one.language,
                "description": one.description,
            }
            for one in opml.outlines
        ],
        "includes": list(opml.includes),
    }  # fmt: skip


# -- parts of articles -----------------------------------------------------------------------------


def people(persons: Sequence[Person]) -> list[dict[str, Any]]:
    """Authors."""
    return [{"name": one.name, "email": one.email, "uri": one.uri} for one in persons]


def enclosures(files: Sequence[Enclosure]) -> list[dict[str, Any]]:
    """Media files."""
    return [
        {"url": one.url, "type": one.type, "length": one.length, "duration": one.duration}
        for one in files
    ]


def image(lead: Image | None) -> dict[str, Any] | None:
    """A lead image."""
    if lead is None:
        return None
    return {"url": lead.url, "caption": lead.caption, "credit": lead.credit}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else iso_utc(moment)
