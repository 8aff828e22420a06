"""Single values as every format can hold them: a line of text, a person, a moment, an address."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from feedsvc.model import Article, Enclosure, Person
from feedsvc.text.clean import xml_safe
from feedsvc.text.html import plain
from feedsvc.text.urls import absolute, media_type

# RFC 5322 addr-spec as feed validators take it: few signs before the @, a domain with a dot after.
_ADDRESS = r"[A-Za-z0-9_.+'-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9][A-Za-z0-9-]*"
_EMAIL = re.compile(_ADDRESS)
_EMAIL_IN_NAME = re.compile(rf"\s*<({_ADDRESS})>")

END_TAG = re.compile(r"</\w+>")  # what a validator takes for markup, wherever it stands

# What the W3C validator takes for the address of a file: an error where it is none.
_AT_DOMAIN = re.compile(r"https?://(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9][A-Za-z0-9-]*(?::[0-9]+)?/")

# ISO 639-3 codes that ISO 639-2 lacks. BCP 47 has them, but a feed validator calls them errors.
_UNLISTED = frozenset("bar ckb frp ksh lld vec yue".split())


def safe(text: str) -> str:
    """One line of text that XML can hold; configuration has not passed the filters."""
    if text.isascii() and text.isprintable() and "  " not in text and text == text.strip(" "):
        return text  # nearly all, at a quarter of the time
    return " ".join(xml_safe(text).split())


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment as the clock of `zone` shows it, in whole seconds."""
    shown = moment.astimezone(zone).replace(microsecond=0)
    offset = shown.utcoffset()
    # Amsterdam was 19 min 32 s ahead until 1937; neither RFC 3339 nor RFC 822 can write seconds.
    return shown.astimezone(UTC) if offset and offset.total_seconds() % 60 else shown


def spoken(language: str | None) -> str | None:
    """The language, where XML formats may name it."""
    return None if language is None or language.partition("-")[0] in _UNLISTED else language


def person(person: Person) -> dict[str, str] | None:
    """A person as feedgen takes it; None without a name, which Atom requires (RFC 4287 §3.2.1)."""
    name, email = safe(person.name), safe(person.email or "")
    if found := _EMAIL_IN_NAME.search(name):
        # "Name <address>" is for e-mail headers: a reader would show the address.
        name, email = safe(_EMAIL_IN_NAME.sub(" ", name)) or found[1], email or found[1]
    if END_TAG.search(name):
        name = plain(name)
    if not name:
        return None
    known = {"name": name}
    if _EMAIL.fullmatch(email):
        known["email"] = email
    if person.uri and (uri := absolute(person.uri, None)):
        known["uri"] = uri
    return known


def people(article: Article) -> list[dict[str, str]]:
    """The authors of an article, in the order of the byline."""
    return [found for author in article.authors if (found := person(author)) is not None]


def type_of(enclosure: Enclosure) -> str | None:
    """The media type of an enclosure: as stated, else as its address says."""
    return enclosure.type or media_type(enclosure.url)


def address(text: str | None) -> str | None:
    """An address of the configuration, which has not passed the filters; None if it is none."""
    return absolute(text, None) if text else None


def is_file_address(url: str) -> bool:
    """Whether validators take `url` for the address of a file, as RSS and iTunes elements ask."""
    return _AT_DOMAIN.match(url) is not None
