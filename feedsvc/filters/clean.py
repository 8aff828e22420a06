"""Makes any draft fit to be stored and published, whatever parser it came from.

Text becomes one form of Unicode without what XML cannot hold, HTML what a feed may carry, addresses
absolute. What cannot be mended is left out with a warning; no draft is refused, and a clean draft
comes out as it went in.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

from feedsvc.model import Draft, Enclosure, Image, Origin, Person
from feedsvc.text import urls
from feedsvc.text.clean import LONGEST_NAME, normalise, one_line
from feedsvc.text.html import cut, sanitise
from feedsvc.text.language import normalise_language

_TITLE = 1_000
_SUMMARY = 10_000
_TEXT = 2_000  # rights, captions and what else may be a sentence
_ID = 2_000
_MOST = 200  # tags, authors, enclosures, lines of `extra`
_MOST_WARNINGS = 50
_YEARS = range(1900, 2201)  # "0001-01-01" is a tool's word for "none"


def clean(
    draft: Draft,
    *,
    base: str | None,
    tags: tuple[str, ...],
    language: str | None,
    origin: Origin | None = None,
) -> Draft:
    """`draft` as it may be stored.

    `base` is where relative addresses start if the article has no link of its own; `tags`,
    `language` and `origin` are those of the source.
    """
    warnings = list(draft.warnings)
    link = _address(draft.link, base, "link", warnings)
    here = link or base
    start = draft.base or here  # of the body, whose relative addresses xml:base may govern
    return Draft(
        title=_text(draft.title, _TITLE) or "",
        html=sanitise(draft.html, start),
        id=_id(draft.id),
        link=link,
        summary=_text(draft.summary, _SUMMARY),
        subtitle=_text(draft.subtitle, _TITLE) if draft.subtitle else None,
        published=_moment(draft.published, "published", warnings),
        updated=_moment(draft.updated, "updated", warnings),
        embargo=_moment(draft.embargo, "embargo", warnings),
        expires=_moment(draft.expires, "expires", warnings),
        unreleased=draft.unreleased,
        authors=_authors(draft.authors, here),
        tags=_tags((*draft.tags, *tags)),
        section=_name(draft.section),
        language=_language(draft.language, warnings) or _language(language, warnings),
        image=_image(draft.image, here, warnings),
        enclosures=_enclosures(draft.enclosures, here, warnings),
        rights=_text(draft.rights, _TEXT),
        location=_text(draft.location, _TEXT),
        agency=_name(draft.agency),
        extra=_extra(draft.extra),
        origin=_origin(draft.origin or origin),
        title_html=draft.title_html,
        summary_html=draft.summary_html,
        warnings=_told(warnings) if warnings else (),
    )


def _warn(warnings: list[str], field: str, value: str, what: str) -> None:
    warnings.append(f"{field}: {value[:80]!r} {what}; left out")


def _told(warnings: list[str]) -> tuple[str, ...]:
    """What the operator is told, each thing once."""
    lines = (_text(line, 500) for line in warnings)
    return tuple(dict.fromkeys(filter(None, lines)))[:_MOST_WARNINGS]


def _text(value: str | None, limit: int) -> str | None:
    """One line of at most `limit` characters; None for nothing."""
    if not value:
        return None
    return cut(one_line(normalise(value[: 4 * limit + 1_000])), limit) or None


def _name(value: str | None) -> str | None:
    """One line for a person, a tag or a section: the same few occur in entry after entry."""
    return _known_name(value[: 4 * LONGEST_NAME + 1_000]) if value else None


@lru_cache(maxsize=512)
def _known_name(value: str) -> str | None:
    return _text(value, LONGEST_NAME)


def _id(value: str | None) -> str | None:
    text = one_line(normalise(value)) if value else ""
    if len(text) > _ID:  # cut off, two ids could become one
        text = text[: _ID - 65] + "-" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return text or None


def _moment(value: datetime | None, field: str, warnings: list[str]) -> datetime | None:
    if value is None:
        return None
    moment: datetime | None = value
    if value.tzinfo is not UTC:
        try:
            moment = (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
        except (OverflowError, ValueError):  # 9999-12-31 west of Greenwich
            moment = None
    if moment is None or moment.year not in _YEARS:
        _warn(warnings, field, value.isoformat(), "is no date of an article")
        return None
    return moment


def _language(value: str | None, warnings: list[str]) -> str | None:
    if not value:
        return None
    language = _tag(value[:200])
    if language is None:
        _warn(warnings, "language", value, "is no language")
    return language


@lru_cache(maxsize=64)  # all entries of a feed are in one or two
def _tag(value: str) -> str | None:
    return normalise_language(normalise(value))


@lru_cache(maxsize=64)  # all entries of a feed have the same
def _origin(origin: Origin | None) -> Origin | None:
    if origin is None:
        return None
    silent: list[str] = []  # whoever first published it does not answer for it here
    found = Origin(
        id=_id(origin.id),
        title=_text(origin.title, _TITLE),
        url=_address(origin.url, None, "source", silent),
        link=_address(origin.link, None, "source", silent),
        updated=_moment(origin.updated, "source", silent),
        rights=_text(origin.rights, _TEXT),
    )
    return found if found != Origin() else None  # as it is stored: one that names nobody is none


# --- addresses


def _address(value: str | None, base: str | None, field: str, warnings: list[str]) -> str | None:
    if value is None or not value.strip():
        return None
    address = urls.absolute(normalise(value), base)
    if address is None:
        why = (
            "is no address"
            if urls.absolute(value, "https://base.invalid/") is None
            else ("is relative, and there is nothing it could be relative to")
        )
        _warn(warnings, field, value, why)
    return address


def _image(image: Image | None, base: str | None, warnings: list[str]) -> Image | None:
    url = _address(image.url, base, "image", warnings) if image is not None else None
    if image is None or url is None:
        return None
    return Image(url=url, caption=_text(image.caption, _TEXT), credit=_text(image.credit, _TEXT))


_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")  # RFC 6838 §4.2


def _enclosures(
    enclosures: tuple[Enclosure, ...], base: str | None, warnings: list[str]
) -> tuple[Enclosure, ...]:
    found: dict[str, Enclosure] = {}
    for one in enclosures[:_MOST]:
        url = _address(one.url, base, "enclosure", warnings)
        if url is None or url in found:
            continue
        stated = (one.type or "").partition(";")[0].strip().lower()
        found[url] = Enclosure(
            url=url,
            type=stated if _MEDIA_TYPE.fullmatch(stated) else urls.media_type(url),
            length=_count(one.length),
            duration=_count(one.duration),
        )
    return tuple(found.values())


def _count(value: int | None) -> int | None:
    return value if value is not None and 0 <= value < 2**53 else None


# --- people, tags, extra

_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@[^\s@<>()\[\],;:\"\\]+\.[^\s@<>()\[\],;:\"\\.]+")


def _authors(authors: tuple[Person, ...], base: str | None) -> tuple[Person, ...]:
    found: dict[str, Person] = {}
    for one in authors[:_MOST]:
        known = _email(one.email) if one.email else None
        name = _name(one.name) or known
        if name is None:
            continue
        uri = urls.absolute(normalise(one.uri), base) if one.uri and one.uri.strip() else None
        key = name.casefold()
        first = found.get(key)
        if first is not None:
            name, known, uri = first.name, first.email or known, first.uri or uri
        same = name == one.name and known == one.email and uri == one.uri
        found[key] = one if same else Person(name=name, email=known, uri=uri)
    return tuple(found.values())


def _email(value: str) -> str | None:
    email = one_line(normalise(value)).removeprefix("mailto:")
    return email if len(email) <= 254 and _EMAIL.fullmatch(email) else None


def _tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    if not tags:
        return ()
    found: dict[str, str] = {}
    for tag in tags:
        name = _name(tag)
        if name is not None:
            found.setdefault(name.casefold(), name)
    return tuple(found.values())[:_MOST]


def _extra(extra: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    if not extra:
        return ()
    lines = ((_name(label) or "", _text(value, _TEXT)) for label, value in extra[:_MOST])
    return tuple(dict.fromkeys((label, value) for label, value in lines if value is not None))
