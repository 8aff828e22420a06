"""Authors, in the ways feeds name them."""

from __future__ import annotations

import re
from functools import lru_cache

from lxml import etree

from feedsvc.model import Person
from feedsvc.parsers.feed.markup import is_markup, text_of
from feedsvc.parsers.feed.scope import Fields
from feedsvc.text import urls
from feedsvc.text.html import plain

_BEFORE = re.compile(r"[^\s<>()\[\]\",;:@]{1,64}\Z")
_BEHIND = re.compile(r"[^\s<>()\[\]\",;:@]{1,190}")
_EMPTY = re.compile(r"\((?:mailto:)?\)|<(?:mailto:)?>|\[(?:mailto:)?\]|mailto:", re.IGNORECASE)
_NEXT = re.compile(r"(?<=[)>])\s?[,;]\s?")  # between "addr (Name)" and another such
# RSS 2.0 demands an address; programs that have none invent one.
_INVENTED = re.compile(
    r"(?:no-?reply|nobody|none|noemail|blank|unknown|invalid)@.*|.*@(?:example|localhost|none)",
    re.IGNORECASE,
)


def people(written: str) -> tuple[Person, ...]:
    """The people of one line: names, addresses, or both in any of the usual forms."""
    return _few_people(written) if len(written) <= _SHORT else _people(written)


def _people(written: str) -> tuple[Person, ...]:
    line = " ".join((plain(written) if is_markup(written) else written).split())[:1_000]
    if "@" not in line:
        return (Person(name=line),) if line else ()
    found = (_person(part) for part in _NEXT.split(line))
    return tuple(one for one in found if one is not None)


_SHORT = 200
_few_people = lru_cache(maxsize=256)(_people)  # the same few write entry after entry


def _person(line: str) -> Person | None:
    """ "addr (Name)" of RSS 2.0, "Name <addr>" of RFC 5322, "Name (addr)", or one of the two."""
    at = line.find("@")
    before = _BEFORE.search(line, max(at - 64, 0), at) if at >= 0 else None
    behind = _BEHIND.match(line, at + 1)
    if before is None or behind is None:
        return Person(name=line) if line else None
    rest = _EMPTY.sub("", line[: before.start()] + line[behind.end() :]).strip(" ,;:-\"'")
    if rest[:1] in "([<" and rest[-1:] in ")]>":
        rest = rest[1:-1].strip()
    email = None if _INVENTED.fullmatch(before[0] + "@" + behind[0]) else f"{before[0]}@{behind[0]}"
    return Person(name=rest, email=email) if rest or email else None


def atom_person(node: etree._Element, fields: Fields) -> Person | None:
    """RFC 4287 §3.2; an element whose children say nothing is read as a line."""
    told: dict[str, str] = {}
    for child in node:
        name = fields.scope.names[child.tag].rpartition(":")[2]
        told.setdefault(name, text_of(child)[:1_000])
    name = told.get("name", "")
    email = told.get("email", "").removeprefix("mailto:") or None
    written = told.get("uri") or told.get("url") or told.get("homepage") or ""
    uri = urls.absolute(written, fields.base_of(node)) if written else None
    if is_markup(name):
        name = plain(name)
    if not name and not email and not uri:
        return next(iter(people(text_of(node))), None)
    if "@" in name and email is None:
        for known in people(name)[:1]:
            name, email = known.name, known.email
    return Person(name=" ".join(name.split()), email=email, uri=uri)


def authors_of(fields: Fields) -> tuple[Person, ...]:
    """Who wrote an entry or makes a feed: of each kind of author the first kind that names any."""
    for name, structured in _KINDS:
        nodes = fields.found.get(name)
        if nodes is None:
            continue
        known: list[Person] = []
        for node in nodes:
            if not structured or not len(node):
                known.extend(people(text_of(node)))
            elif (one := atom_person(node, fields)) is not None:
                known.append(one)
        if known:
            return tuple(known)
    return ()


_KINDS = (
    ("atom:author", True),
    ("dc:creator", False),
    ("author", True),
    ("itunes:author", False),
    ("googleplay:author", False),
    ("dcterms:creator", False),
)
