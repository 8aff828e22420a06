"""What a feed says of itself -> its head: the `channel` of RSS and RDF, the `feed` of Atom."""

from __future__ import annotations

from datetime import timedelta

from feedsvc.model import Pace, Person, SourceHead
from feedsvc.parsers.feed.links import alternate, rel_of
from feedsvc.parsers.feed.markup import text_of
from feedsvc.parsers.feed.media import image_address
from feedsvc.parsers.feed.names import RDF
from feedsvc.parsers.feed.people import authors_of, people
from feedsvc.parsers.feed.scope import Fields

_TITLES = ("title", "atom:title", "dc:title", "itunes:title")
_RIGHTS = ("atom:rights", "copyright", "dc:rights", "atom:copyright")
_DESCRIPTIONS = (
    "description",
    "atom:subtitle",
    "atom:tagline",
    "dc:description",
    "itunes:summary",
    "itunes:subtitle",
    "atom:info",
    "abstract",
)
_UPDATED = (
    "atom:updated",
    "atom:modified",
    "lastbuilddate",
    "dcterms:modified",
    "pubdate",
    "dc:date",
)
_PUBLISHED = (
    "pubdate",
    "atom:published",
    "dcterms:issued",
    "dc:date",
    "dcterms:created",
    "atom:created",
)


def read_head(fields: Fields) -> SourceHead:
    """The head of a feed from the element that holds it."""
    links = [(rel_of(node), node) for node in fields.all("atom:link", "link")]

    def href(relation: str) -> list[str]:
        urls = [
            fields.address(str(node.get("href") or ""), node, relation)
            for rel, node in links
            if rel == relation
        ]
        return [url for url in urls if url is not None]

    title, title_html = _short(fields, *_TITLES)
    description, description_html = _short(fields, *_DESCRIPTIONS)
    rights, rights_html = _short(fields, *_RIGHTS)
    return SourceHead(
        title=title,
        title_html=title_html,
        # RSS has one. Of several, the readers most feeds are tried with show the last.
        link=alternate(fields, last=True) or _written_address(fields, fields.node.get("HREF")),
        id=fields.text("atom:id") or str(fields.node.get(f"{RDF}about") or "").strip() or None,
        description=description,
        description_html=description_html,
        language=_language(fields),
        rights=rights,
        rights_html=rights_html,
        authors=authors_of(fields) or _editors(fields),
        updated=fields.moment("updated", *_UPDATED),
        published=fields.moment("published", *_PUBLISHED),
        generator=_generator(fields),
        icon=_address(fields, "atom:icon"),
        image=_image(fields),
        self_link=next(iter(href("self")), None),
        hubs=tuple(dict.fromkeys(href("hub"))),
        pace=_pace(fields),
    )


def inherited_authors(fields: Fields) -> tuple[Person, ...]:
    """The authors that entries without one have (RFC 4287 §4.2.1).

    `managingEditor` and `webMaster` of RSS are not among them: they answer for the feed.
    """
    return authors_of(fields)


def _short(fields: Fields, *names: str) -> tuple[str | None, str | None]:
    """The first of these texts, plain and, if it is HTML, as that."""
    text = fields.short(*names)
    return (text.plain() or None, text.markup()) if text else (None, None)


def _language(fields: Fields) -> str | None:
    said = fields.text("language", "dc:language")
    if said or not fields.scope.has_lang:
        return said
    around = (fields.language_of(node) for node in (fields.node, *fields.node.iterancestors()))
    return next(filter(None, around), None)


def _editors(fields: Fields) -> tuple[Person, ...]:
    for name in ("managingeditor", "webmaster"):
        if line := fields.text(name):
            return tuple(people(line))
    return ()


def _generator(fields: Fields) -> str | None:
    said, _ = _short(fields, "generator", "atom:generator")
    if said:
        return said
    for node in fields.found.get("admin:generatoragent", ()):
        return str(node.get(f"{RDF}resource") or "").strip() or text_of(node) or None
    return None


def _written_address(fields: Fields, written: str | None) -> str | None:
    return fields.address(str(written), fields.node, "link") if written else None


def _address(fields: Fields, name: str) -> str | None:
    for node in fields.found.get(name, ()):
        if url := fields.address(text_of(node), node, name):
            return url
    return None


def _image(fields: Fields) -> str | None:
    for node in fields.found.get("image", ()):
        written = image_address(node, fields)
        if written and (url := fields.address(written, node, "image")):
            return url
    for node in fields.all("itunes:image", "googleplay:image", "podcast:image"):
        written = str(node.get("href") or node.get("url") or "") or text_of(node)
        if written and (url := fields.address(written, node, "image")):
            return url
    return _address(fields, "atom:logo")


# --- pace

_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LONGEST_TTL = 60 * 24 * 365  # minutes; what is longer is a mistake


def _pace(fields: Fields) -> Pace:
    return Pace(
        ttl=_ttl(fields.text("ttl")),
        every=_every(fields.text("sy:updateperiod"), fields.text("sy:updatefrequency")),
        skip_hours=frozenset(_hours(fields)),
        skip_days=frozenset(
            _DAYS.index(day) for day in _inside(fields, "skipdays", "day") if day in _DAYS
        ),
    )


def _ttl(written: str | None) -> timedelta | None:
    minutes = _count(written)
    return timedelta(minutes=minutes) if minutes and minutes <= _LONGEST_TTL else None


def _every(period: str | None, frequency: str | None) -> timedelta | None:
    """The syndication module: so many times per period; once a day if it says only one of them."""
    if period is None and frequency is None:
        return None
    span = _PERIODS.get((period or "daily").lower())
    times = _count(frequency) if frequency is not None else 1
    return span / times if span is not None and times else None


def _hours(fields: Fields) -> list[int]:
    """RSS 0.91 counts the hours to 24, RSS 2.0 from 0."""
    found = (_count(hour) for hour in _inside(fields, "skiphours", "hour"))
    return [hour % 24 for hour in found if hour is not None and hour <= 24]


def _inside(fields: Fields, outer: str, inner: str) -> list[str]:
    names = fields.scope.names
    return [
        text_of(child).lower()
        for node in fields.found.get(outer, ())
        for child in list(node)[:100]
        if names[child.tag] == inner
    ]


def _count(written: str | None) -> int | None:
    text = (written or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
