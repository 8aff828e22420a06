"""A feed document as a partner reads it: the same values, whichever of the two XML formats it is.

Partners do not ask how a value is written; the rest of the gate does. So what their rules look at
is read out once here, each value with the element it stands in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from html import unescape
from typing import Final, NamedTuple

from lxml import etree

from feedsvc.gate import values
from feedsvc.gate.document import ATOM, CONTENT, DC, DCTERMS, XHTML, XML, own_text
from feedsvc.gate.profiles.pictures import Medium, media_of
from feedsvc.gate.report import shown

_ATOM: Final = f"{{{ATOM}}}"
_LANG: Final = f"{{{XML}}}lang"
_DIV: Final = f"{{{XHTML}}}div"
_CONTENT: Final = f"{{{CONTENT}}}encoded"
_LANGUAGE: Final = f"{{{DC}}}language"
_MODIFIED: Final = f"{{{DCTERMS}}}modified"
_TAG: Final = re.compile(r"<[a-zA-Z/!?][^<>]*>")


class Value(NamedTuple):
    """A value as it is written, without white space around it, and where."""

    text: str
    at: etree._Element


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An entry or item; None and "" where it says nothing."""

    at: etree._Element
    id: Value | None
    title: Value | None
    link: Value | None
    published: Value | None
    updated: Value | None
    language: Value | None
    body: str  # the text as HTML
    full: bool  # it is said to be all of it: not the description of an RSS item
    summary: str
    media: tuple[Medium, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A feed or channel."""

    kind: str  # atom | rss
    at: etree._Element
    title: Value | None
    link: Value | None  # the page that people read
    description: Value | None
    date: Value | None
    language: Value | None
    own: Value | None  # the address of the document
    hubs: tuple[Value, ...]
    items: tuple[Item, ...]


def sheet_of(root: etree._Element) -> Sheet | None:
    """What a document says; None when it is neither Atom nor RSS 2.0."""
    if root.tag == f"{_ATOM}feed":
        return _atom(root)
    if root.tag == "rss":
        return _rss(root)
    return None


def plain(html: str) -> str:
    """The words of a text, whether or not it is HTML: no tags, no references, single spaces."""
    return " ".join(unescape(_TAG.sub(" ", html)).split())


def called(item: Item) -> str:
    """An entry in words: the line of a document that is held is of no use to whoever mends it."""
    name = plain(item.title.text) if item.title else ""
    return shown(name) if name else shown(item.id.text) if item.id else "an item"


def moment(value: Value | None) -> datetime | None:
    """The instant of a date by RFC 3339 or RFC 822."""
    if value is None:
        return None
    found = values.rfc3339(value.text)
    return found if isinstance(found, datetime) else values.rfc822(value.text)[0]


def _value(element: etree._Element | None, text: str | None) -> Value | None:
    bare = (text or "").strip()
    return Value(bare, element) if element is not None and bare else None


def _link(parent: etree._Element, relation: str) -> Value | None:
    return next(iter(_links(parent, relation)), None)


def _links(parent: etree._Element, relation: str) -> tuple[Value, ...]:
    found = []
    for element in parent.iterchildren(f"{_ATOM}link"):
        if element.get("rel", "alternate") == relation:
            found.append(_value(element, element.get("href")))
    return tuple(value for value in found if value is not None)


# -- RSS -----------------------------------------------------------------------------------------


def _rss(root: etree._Element) -> Sheet:
    channel = root.find("channel")
    if channel is None:
        channel = root
    text = partial(_text_of, channel)
    return Sheet(
        kind="rss",
        at=channel,
        title=text("title"),
        link=text("link"),
        description=text("description"),
        date=text("pubDate") or text("lastBuildDate"),
        language=text("language") or text(_LANGUAGE),
        own=_link(channel, "self"),
        hubs=_links(channel, "hub"),
        items=tuple(_rss_item(item) for item in channel.iterchildren("item")),
    )


def _text_of(parent: etree._Element, name: str) -> Value | None:
    element = parent.find(name)
    return None if element is None else _value(element, own_text(element))


def _rss_item(item: etree._Element) -> Item:
    text = partial(_text_of, item)
    full, description = text(_CONTENT), text("description")
    body = full or description
    return Item(
        at=item,
        id=text("guid"),
        title=text("title"),
        link=text("link"),
        published=text("pubDate"),
        updated=text(f"{_ATOM}updated") or text(_MODIFIED),
        language=_value(item, item.get(_LANG)) or text(_LANGUAGE),
        body=body.text if body else "",
        full=full is not None,
        summary=description.text if full and description else "",
        media=media_of(item, body and body.at),
    )


# -- Atom ----------------------------------------------------------------------------------------


def _atom(root: etree._Element) -> Sheet:
    text = partial(_construct, root)
    return Sheet(
        kind="atom",
        at=root,
        title=text("title"),
        link=_link(root, "alternate"),
        description=text("subtitle"),
        date=text("updated"),
        language=_value(root, root.get(_LANG)),
        own=_link(root, "self"),
        hubs=_links(root, "hub"),
        items=tuple(_atom_entry(entry) for entry in root.iterchildren(f"{_ATOM}entry")),
    )


def _construct(parent: etree._Element, name: str) -> Value | None:
    """A text construct (RFC 4287 §3.1); what is not text stays HTML."""
    element = parent.find(_ATOM + name)
    return None if element is None else _value(element, _written(element))


def _written(element: etree._Element) -> str:
    if element.get("type") != "xhtml":
        return own_text(element)
    inside = element.find(_DIV)  # RFC 4287 §3.1.1.3: the div itself is not part of the content
    if inside is None:
        return own_text(element)
    below = (etree.tostring(one, encoding="unicode") for one in inside)
    return (inside.text or "") + "".join(below)


def _atom_entry(entry: etree._Element) -> Item:
    text = partial(_construct, entry)
    content = entry.find(f"{_ATOM}content")
    # RFC 4287 §4.1.3.3: of any other type it is no text to be shown.
    shown = content is not None and content.get("type", "text") in ("text", "html", "xhtml")
    return Item(
        at=entry,
        id=text("id"),
        title=text("title"),
        link=_link(entry, "alternate"),
        published=text("published"),
        updated=text("updated"),
        language=_value(entry, entry.get(_LANG)),
        body=_written(content).strip() if content is not None and shown else "",
        full=shown,
        summary=found.text if (found := text("summary")) else "",
        media=media_of(entry, content if shown else None),
    )
