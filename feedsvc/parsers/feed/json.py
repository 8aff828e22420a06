"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/) -> Reading.

A value of the wrong type costs that value and no more. What it can only have meant is read: an id
that is a number, one author without a list around it, tags in one text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from feedsvc.model import Draft, Enclosure, Hints, Image, Person, Reading, SourceHead
from feedsvc.parsers.feed.jsonorigin import origin_of, rights_of, via_lines
from feedsvc.parsers.feed.jsontext import decode
from feedsvc.parsers.feed.jsonvalues import Node, as_count, as_list, as_text, shape
from feedsvc.parsers.feed.refusals import NotAFeedError, no_json_feed
from feedsvc.text.clean import normalise, one_line
from feedsvc.text.html import cut
from feedsvc.text.prose import to_html
from feedsvc.text.urls import absolute

_VERSION = re.compile(r"(?:(?:https?:)?//)?(?:www\.)?jsonfeed\.org/version/([0-9.]{1,8})/?")
_FORMATS: Final = {"1": "json10", "1.0": "json10", "1.1": "json11"}
_NEWEST: Final = "json11"
# Names that no other kind of document uses.
_OWN_MEMBERS: Final = frozenset({"home_page_url", "feed_url"})
_OWN_OF_ITEMS: Final = frozenset({"content_html", "content_text", "date_published"})
_HUBS: Final = frozenset({"websub", "pubsubhubbub"})  # the second was its name until 2018
_LONGEST_LABEL: Final = 10_000  # characters
_MOST: Final = 200  # tags, authors, attachments of one item; the filters keep no more


def read(text: str, *, url: str | None, encoding: str, hints: Hints, max_entries: int) -> Reading:
    """What a JSON Feed says; a NotAFeedError for all other documents says what they are.

    Relative addresses start at `url`, where the document was found.
    """
    decoded = decode(text)
    document = decoded.value
    if not isinstance(document, dict):
        raise _no_object(document, decoded.problems)
    problems = [f"the document {problem}" for problem in decoded.problems]
    format = _format(document, problems)
    top = Node(document, url, hints)
    authors = tuple(_people(top))
    items = _items(document, problems)
    if len(items) > max_entries:
        problems.append(f"holds {len(items)} items; only the first {max_entries} were read")
    drafts = (_draft(Node(item, url, hints), authors) for item in items[:max_entries])
    head = _head(top, authors)
    return Reading(
        format=format,
        encoding=encoding,
        well_formed=not decoded.problems,
        head=head,
        drafts=tuple(drafts),
        problems=(*problems, *top.warnings),
    )


# --- which documents are JSON Feeds ---------------------------------------------------------------


def _no_object(value: object, problems: tuple[str, ...]) -> NotAFeedError:
    if value is None and problems:
        return no_json_feed(f"no JSON Feed: the document {problems[0]}")
    return no_json_feed(f"the document is JSON, but no JSON Feed: it is {shape(value)}")


def _format(document: Mapping[str, object], problems: list[str]) -> str:
    stated = one_line(as_text(document.get("version")) or "")
    found = _VERSION.fullmatch(stated.lower())
    if found is None and not _plausible(document, stated):
        keys = ", ".join(_shown(key) for key in islice(document, 5)) or "no keys"
        raise no_json_feed(f"the document is JSON, but no JSON Feed: an object with {keys}")
    number = found[1] if found is not None else stated
    if number not in _FORMATS:
        told = f"states the version {_shown(stated)!r}" if stated else "states no version"
        problems.append(f"{told}; read as JSON Feed 1.1")
    elif found is None:
        problems.append(f"states the version {stated!r} without its address")
    return _FORMATS.get(number, _NEWEST)


def _plausible(document: Mapping[str, object], number: str) -> bool:
    """Is it a JSON Feed in all but the version? An answer of an API may have `items` too."""
    items = document.get("items")
    if isinstance(items, dict):  # as `_items` reads it
        items = list(items.values())
    if not isinstance(items, list):
        return False
    if not _OWN_MEMBERS.isdisjoint(document) or ("title" in document and number in _FORMATS):
        return True
    return any(isinstance(item, dict) and not _OWN_OF_ITEMS.isdisjoint(item) for item in items[:10])


def _shown(text: str) -> str:
    return one_line(normalise(text[:60]))


def _items(document: Mapping[str, object], problems: list[str]) -> list[dict[str, Any]]:
    value = document.get("items")
    if isinstance(value, dict):
        # PHP writes a list with a gap in its numbers as an object.
        numbered = all(isinstance(one, dict) for one in value.values())
        problems.append("items is an object, not a list; its values were read")
        value = list(value.values()) if numbered else [value]
    if not isinstance(value, list):
        problems.append(f"items is {shape(value)}, not a list" if value else "has no items")
        return []
    items = [one for one in value if isinstance(one, dict)]
    if dropped := len(value) - len(items):
        problems.append(f"{dropped} of {len(value)} items are no objects; left out")
    return items


# --- the feed -------------------------------------------------------------------------------------


def _head(top: Node, authors: tuple[Person, ...]) -> SourceHead:
    if top.members.get("expired") is True:
        top.warnings.append("the feed says of itself that it has ended (expired)")
    feed_url = _web(top, "feed_url")
    icon = _web(top, "icon")
    return SourceHead(
        title=_label(top, "title"),
        link=_web(top, "home_page_url"),
        id=feed_url,  # 1.1: it "serves as the unique identifier for the feed"
        description=_label(top, "description"),
        language=_label(top, "language"),
        rights=rights_of(top),
        authors=authors,
        icon=_web(top, "favicon") or icon,
        image=icon,
        self_link=feed_url,
        hubs=tuple(dict.fromkeys(_hubs(top))),
    )


def _label(top: Node, name: str) -> str | None:
    found = top.text(name)
    return cut(one_line(normalise(found)), _LONGEST_LABEL) or None if found is not None else None


def _web(top: Node, name: str) -> str | None:
    found = top.address(name)
    address = absolute(found, top.url) if found is not None else None
    if found is not None and address is None:
        top.warn(name, found, "is no address")
    return address


def _hubs(top: Node) -> Iterator[str]:
    for hub in as_list(top.members.get("hubs"))[:_MOST]:
        if isinstance(hub, dict) and str(as_text(hub.get("type"))).lower() in _HUBS:
            address = _web(Node(hub, top.url, top.hints), "url")
            if address is not None:
                yield address


# --- the items ------------------------------------------------------------------------------------


def _draft(item: Node, feed_authors: tuple[Person, ...]) -> Draft:
    html = item.text("content_html")
    if html is None:
        plain = item.text("content_text")
        html = to_html(normalise(plain).split("\n"), "none") if plain is not None else ""
    image = item.address("image", "banner_image")
    link = item.address("url")
    elsewhere = item.address("external_url")  # the page a link blog speaks of
    spoken_of = (("external_url", elsewhere),) if elsewhere is not None else ()
    return Draft(
        title=item.line("title") or "",
        html=html,
        id=item.line("id"),
        link=link or elsewhere,
        summary=item.line("summary"),
        published=item.date("date_published"),
        updated=item.date("date_modified"),
        # 1.1: authors of the feed are those of every item that names none.
        authors=tuple(_people(item)) or feed_authors,
        tags=tuple(_tags(item)),
        language=item.line("language"),
        image=Image(url=image) if image is not None else None,
        enclosures=tuple(_enclosures(item)),
        rights=rights_of(item),
        extra=(*spoken_of, *via_lines(item)),
        origin=origin_of(item),
        base=item.url,
        warnings=tuple(item.warnings),
    )


def _people(node: Node) -> Iterator[Person]:
    """`authors` of 1.1, else the one `author` of 1.0."""
    for name in ("authors", "author"):
        found = False
        for one in as_list(node.members.get(name))[:_MOST]:
            person = _person(one, node)
            if person is not None:
                found = True
                yield person
            elif one not in (None, "", {}):
                node.warn(name, one, "names nobody")
        if found:
            return


def _person(value: object, node: Node) -> Person | None:
    if not isinstance(value, dict):
        alone = (as_text(value) or "").strip()
        return Person(name=alone) if alone else None
    author = Node(value, node.url, node.hints, node.warnings)
    name, url, email = author.line("name"), author.address("url"), author.line("email")
    if url is not None and url[:7].lower() == "mailto:":  # 1.1 suggests it for a page-less author
        email, url = email or url[7:].partition("?")[0], None
    called = name or email or url
    return Person(name=called, email=email, uri=url) if called is not None else None


def _tags(item: Node) -> Iterator[str]:
    value = item.members.get("tags")
    if isinstance(value, str):
        value = value.split(",")
    for one in as_list(value)[:_MOST]:
        tag = as_text(one.get("name") if isinstance(one, dict) else one)
        if tag is None:
            item.warn("tags", one, "is no tag")
        elif tag and not tag.isspace():
            yield tag.strip()


def _enclosures(item: Node) -> Iterator[Enclosure]:
    for one in as_list(item.members.get("attachments"))[:_MOST]:
        members = {"url": one} if isinstance(one, str) else one
        if not isinstance(members, dict):
            item.warn("attachments", one, "is no attachment")
            continue
        attachment = Node(members, item.url, item.hints, item.warnings)
        url = attachment.address("url")
        if url is not None:
            yield Enclosure(
                url=url,
                type=attachment.line("mime_type"),
                length=as_count(members.get("size_in_bytes")),
                duration=as_count(members.get("duration_in_seconds")),
            )
