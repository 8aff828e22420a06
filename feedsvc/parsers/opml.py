"""OPML 1.0, 1.1 and 2.0 (http://opml.org/spec2.opml) -> the feeds a list of subscriptions names.

    bytes -> UTF-8 -> elements (`opmltags`: strict, else lenient) -> outlines

Folders are outlines without an address around those that have one; what a file includes is told
and not followed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from feedsvc.errors import ParseError
from feedsvc.model import Person
from feedsvc.parsers.feed.charset import to_utf8
from feedsvc.parsers.feed.discover import web_address
from feedsvc.parsers.opmltags import Element, lenient, root_of, strict
from feedsvc.text.clean import normalise, one_line
from feedsvc.text.html import cut
from feedsvc.text.language import normalise_language
from feedsvc.text.urls import absolute

_MOST: Final = 20_000  # feeds
_MOST_ELEMENTS: Final = 600_000  # some 2 s of work
_DEEPEST: Final = 8  # folders inside one another; those further in count as the eighth
_LONGEST: Final = 500  # characters of a title
_LONGEST_NAME: Final = 200  # of a folder or tag
_LONGEST_TEXT: Final = 2_000
_MOST_TAGS: Final = 50
_MOST_INCLUDES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A feed that a list names."""

    url: str
    title: str | None = None
    link: str | None = None  # of the site
    folder: tuple[str, ...] = ()  # from the outermost to the one it lies in
    tags: tuple[str, ...] = ()  # `category`, and further folders it lies in
    type: str | None = None
    language: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opml:
    """A list of subscriptions; `outlines` are its feeds in their order, each address once.

    `count` is the number of all outlines, folders and plain text among them. `includes` are further
    lists that it refers to. What is not well-formed may have lost its end.
    """

    title: str | None = None
    owner: Person | None = None
    outlines: tuple[Outline, ...] = ()
    includes: tuple[str, ...] = ()
    count: int = 0
    well_formed: bool = True
    problems: tuple[str, ...] = ()


def read(data: bytes, *, url: str | None, charset: str | None = None) -> Opml:
    """What the list in `data` names; raises ParseError for what is no OPML.

    Relative addresses start at `url`; `charset` is that of the answer it came with.
    """
    recoded = to_utf8(data, charset)
    if b"<!DOCTYPE" in recoded.data and b"<!ENTITY" in recoded.data:
        line = _line_of(b"<!ENTITY", recoded.data)
        raise ParseError(f"line {line}: declares entities, which no OPML file has a use for")
    # XML 1.0 §2.2: what is no character must not cost the file.
    clean = recoded.data.translate(None, _CONTROLS)
    root = root_of(clean)
    reader = _Reader(url=url, problems=list(recoded.remarks))
    if isinstance(root, str):
        if root:
            reader.well_formed = False
            reader.problems.append(f"not well-formed, {root}")
        return reader.read(lenient(clean.decode("utf-8", "replace")), clean)
    return reader.read(strict(root), clean)


_CONTROLS: Final = bytes(c for c in range(32) if c not in b"\t\n\r")
# `outlineDocument` was the name before OPML had one; the others are files cut out by hand.
_ROOTS: Final = frozenset({"opml", "outlinedocument", "body", "outline"})
_OWNER: Final = {"ownername": "name", "owneremail": "email", "ownerid": "uri"}
_FEED_TYPES: Final = frozenset({"rss", "rss1", "rss2", "atom", "rdf", "feed"})


@dataclass(frozen=True, slots=True)
class _Around:
    """What an open outline means for those inside it."""

    folder: tuple[str, ...] = ()
    ignored: bool = False


@dataclass(slots=True)
class _Reader:
    """Collects what one file says, element by element."""

    url: str | None
    problems: list[str]
    well_formed: bool = True
    title: str | None = None
    owner: dict[str, str] = field(default_factory=dict)
    found: dict[str, Outline] = field(default_factory=dict)
    includes: dict[str, None] = field(default_factory=dict)
    count: int = 0
    told: Counter[str] = field(default_factory=Counter)  # what was left out, and how often
    stack: list[_Around] = field(default_factory=lambda: [_Around()])

    def read(self, elements: Iterable[Element], data: bytes) -> Opml:
        root = ""
        for number, element in enumerate(elements):
            if number == _MOST_ELEMENTS:
                self.problems.append(f"only its first {_MOST_ELEMENTS:,} elements were read")
                break
            if not root:
                root = element.name
                self._check_root(root, data)
            if element.name != "outline":
                if element.text and not self.count:
                    self._head(element.name, element.text)
            elif not element.end:
                self.stack.append(self._outline(element.attributes, self.stack[-1]))
            elif len(self.stack) > 1:
                self.stack.pop()
        if not root:
            raise ParseError("line 1: is no OPML: there is no element in it")
        return self._finished()

    def _check_root(self, root: str, data: bytes) -> None:
        if root not in _ROOTS:
            line = _line_of(b"<" + root.encode(), data.lower())
            raise ParseError(f"line {line}: is no OPML: its root is <{_text(root, 60)}>")
        if root != "opml":
            self.problems.append(f"its root is <{root}>, not <opml>")

    def _head(self, name: str, text: str) -> None:
        value = _text(text, _LONGEST)
        if name == "title":
            self.title = self.title or value
        elif value is not None:
            self.owner.setdefault(_OWNER[name], value)

    def _outline(self, attributes: Mapping[str, str], around: _Around) -> _Around:
        self.count += 1
        kind = attributes.get("type", "").strip().lower()
        address = attributes.get("xmlurl", "").strip()
        target = attributes.get("url", "").strip()
        if not address and kind in _FEED_TYPES:
            address = target
        # OPML 2.0: what is commented out takes all below it along.
        if around.ignored or attributes.get("iscomment", "").strip().lower() == "true":
            if address:
                self.told["that are commented out"] += 1
            return _Around(ignored=True)
        if address:
            self._feed(address, kind, attributes, around.folder)
        elif kind in _FEED_TYPES:
            self.told["without an xmlUrl"] += 1
        elif kind == "include" or (kind == "link" and target.lower().endswith(".opml")):
            self._include(target)
        elif (name := _text(attributes.get("text") or attributes.get("title"), _LONGEST_NAME)) and (
            len(around.folder) < _DEEPEST
        ):
            return _Around(folder=(*around.folder, name))
        return around

    def _feed(
        self, address: str, kind: str, attributes: Mapping[str, str], folder: tuple[str, ...]
    ) -> None:
        url = web_address(address, self.url)
        if url is None:
            self.told["whose xmlUrl is no address"] += 1
        elif url in self.found:
            self.told["that stand in it again"] += 1
            known = self.found[url]
            again = "/".join(folder)
            if again and folder != known.folder and again not in known.tags[:_MOST_TAGS]:
                self.found[url] = replace(known, tags=(*known.tags[: _MOST_TAGS - 1], again))
        elif len(self.found) == _MOST:
            self.told[f"behind the first {_MOST:,}"] += 1
        else:
            self.found[url] = _outline(url, kind, attributes, folder, self.url)

    def _include(self, target: str) -> None:
        url = absolute(target, self.url)
        if url is None:
            self.told["that include what is no address"] += 1
        elif len(self.includes) < _MOST_INCLUDES and url not in self.includes:
            self.includes[url] = None
            self.problems.append(f"includes {url}, which is not followed")

    def _finished(self) -> Opml:
        left_out = (f"outlines {what}: {number} left out" for what, number in self.told.items())
        nothing = () if self.found else ("it names no feed",)
        return Opml(
            title=self.title,
            owner=_person(self.owner),
            outlines=tuple(self.found.values()),
            includes=tuple(self.includes),
            count=self.count,
            well_formed=self.well_formed,
            problems=(*self.problems, *left_out, *nothing),
        )


def _outline(
    url: str, kind: str, attributes: Mapping[str, str], folder: tuple[str, ...], base: str | None
) -> Outline:
    # OPML 2.0: `text` is what is shown, and so what its owner called it; `title` is the feed's own.
    title = attributes.get("text", "").strip() or attributes.get("title")
    categories = attributes.get("category", "").split(",")[:_MOST_TAGS]
    tags = (_text(one.strip().strip("/"), _LONGEST_NAME) for one in categories)
    return Outline(
        url=url,
        title=_text(title, _LONGEST),
        link=absolute(attributes.get("htmlurl", ""), base) if attributes.get("htmlurl") else None,
        folder=folder,
        tags=tuple(dict.fromkeys(tag for tag in tags if tag is not None)),
        type=_text(kind, 20),
        language=normalise_language(attributes.get("language", "")),
        description=_text(attributes.get("description"), _LONGEST_TEXT),
    )


def _person(owner: Mapping[str, str]) -> Person | None:
    name = owner.get("name") or owner.get("email")
    if name is None:
        return None
    uri = absolute(owner["uri"], None) if "uri" in owner else None
    return Person(name=name, email=owner.get("email"), uri=uri)


def _text(value: str | None, limit: int) -> str | None:
    """One line of clean text; None for nothing."""
    if not value:
        return None
    return cut(one_line(normalise(value[: 4 * limit])), limit) or None


def _line_of(mark: bytes, data: bytes) -> int:
    return data.count(b"\n", 0, max(data.find(mark), 0)) + 1
