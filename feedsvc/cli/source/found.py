"""What was found at a source, as the contract's JSON tells it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from feedsvc.model import Draft, Enclosure, Image, Person, State, iso_utc

if TYPE_CHECKING:
    from feedsvc.app.inspect import Inspection, Listing


def document(found: Inspection | Listing, *, source: str | None, now: datetime) -> dict[str, Any]:
    """The `source test` document; `source` is the name of a configured source.

    The items have the keys of `article list`, but say what the feed says: `id` and `guid` are its
    own id or null, `title` and `summary` keep the markup they were given with (as sanitised HTML),
    the `description` of an RSS item is its summary even where it serves as content, and what only
    an article that is stored can have is null.
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
        "encoding": reading.encoding,
        "well_formed": reading.well_formed,
        "problems": list(found.problems),
        "feed": _head(found),
        "items": [_item(draft, found, source, now) for draft in reading.drafts],
        "deleted": [{"id": one.ref, "when": _iso(one.when)} for one in reading.deleted],
    }


def _head(found: Inspection) -> dict[str, Any]:
    head = found.reading.head
    return {
        "title": head.title,
        "link": head.link,
        "id": head.id,
        "description": head.description,
        "language": head.language,
        "updated": _iso(head.updated),
        "published": _iso(head.published),
        "rights": head.rights,
        "author": head.authors[0].name if head.authors else None,
        "authors": people(head.authors),
        "generator": head.generator,
        "icon": head.icon,
        "image": head.image,
        "self": head.self_link,
        "hubs": list(head.hubs),
    }


def _item(draft: Draft, found: Inspection, source: str | None, now: datetime) -> dict[str, Any]:
    held = draft.unreleased or (draft.embargo is not None and draft.embargo > now)
    base = draft.base or draft.link or found.url
    summary = _as_said(draft.summary_html, base) or draft.summary
    if summary is None and found.reading.format.startswith("rss"):
        summary = draft.html or None  # RSS 2.0: "the item synopsis"
    return {
        "id": draft.id,
        "source": source,
        "guid": draft.id,
        "title": _as_said(draft.title_html, base) or draft.title,
        "link": draft.link,
        "published": _iso(draft.published),
        "updated": _iso(draft.updated),
        "first_seen": None,
        "authors": people(draft.authors),
        "summary": summary,
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
        "extra": dict(draft.extra),
    }


def _as_said(html: str | None, base: str | None) -> str | None:
    """HTML of a title or summary; None where it holds no element and the plain text says it all."""
    from feedsvc.text.html import sanitise

    if not html or "<" not in html:
        return None
    clean = sanitise(html, base)
    return clean if "<" in clean else None


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
