"""What the readers of one document share, and the children of an element by their names."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from lxml import etree

from feedsvc.model import Person
from feedsvc.parsers.feed.groups import Groups, KnownGroups
from feedsvc.parsers.feed.markup import Text, atom_text, based, rss_html, rss_text, text_of
from feedsvc.parsers.feed.moments import Moments
from feedsvc.parsers.feed.names import XML, Names
from feedsvc.text import urls
from feedsvc.text.html import sanitise

_MOST = 200  # of one name in one entry; what `filters.clean` keeps of any list


@dataclass(slots=True, kw_only=True)
class Scope:
    """One document while it is read."""

    names: Names
    url: str | None  # where it was fetched
    base: str | None  # where relative addresses of the feed start
    moments: Moments
    old_atom: bool = False  # Atom 0.3
    has_base: bool = True  # "xml:base" occurs at all
    has_lang: bool = True
    authors: tuple[Person, ...] = ()  # of the feed, for entries that name none
    groups: KnownGroups = field(default_factory=KnownGroups)
    remarks: list[str] = field(default_factory=list)


class Fields:
    """The children of an entry or a head by name, and readers for what they hold."""

    __slots__ = ("_links", "base", "found", "node", "passed", "scope", "warnings")

    def __init__(self, node: etree._Element, scope: Scope, base: str | None) -> None:
        self.node = node
        self.scope = scope
        self.base = base  # of addresses in `node`
        self.warnings: list[str] = []
        self.found: dict[str, list[etree._Element]] = {}
        self.passed: dict[str, int] = {}  # how many of a name were too many
        self._links: list[tuple[str, etree._Element]] | None = None
        found, names = self.found, scope.names
        for child in node:
            name = names[child.tag]
            if name not in found:
                found[name] = [child]
            elif len(found[name]) < _MOST:
                found[name].append(child)
            else:
                self.passed[name] = self.passed.get(name, 0) + 1

    @property
    def groups(self) -> Groups:
        """Its names, by what they mean in an entry."""
        return self.scope.groups[tuple(self.found)]

    @property
    def links(self) -> list[tuple[str, etree._Element]]:
        """The links of Atom, each with its relation in lower case; "" where it names none."""
        if self._links is None:
            nodes = self.found.get("atom:link", ())
            self._links = [((node.get("rel") or "").strip().lower(), node) for node in nodes]
        return self._links

    def all(self, *names: str) -> list[etree._Element]:
        """Every element of these names, in the order of the names."""
        if len(names) == 1:
            return self.found.get(names[0], [])
        return [node for name in names for node in self.found.get(name, ())]

    def text(self, *names: str) -> str | None:
        """The text of the first of these names that has one."""
        for name in names:
            for node in self.found.get(name, ()):
                value = text_of(node)
                if value:
                    return value
        return None

    def short(self, *names: str) -> Text | None:
        """The title-like text of the first of these names that has one."""
        for name in names:
            for node in self.found.get(name, ()):
                value = self._read(name, node, body=False)
                if value.value:
                    return self.rooted(value, node)
        return None

    def body(self, *names: str) -> tuple[Text, etree._Element] | None:
        """The body of the first of these names that has one, and its element."""
        for name in names:
            for node in self.found.get(name, ()):
                value = self._read(name, node, body=True)
                if value.value:
                    return value, node
        return None

    def rooted(self, text: Text, node: etree._Element) -> Text:
        """`text` of `node` with the addresses in it absolute, if xml:base may govern them.

        If not, they start where those of the body do: whoever shows the two knows where.
        """
        if not (self.scope.has_base and text.html and "<" in text.value):
            return text
        return text._replace(value=sanitise(text.value, self.base_of(node)))

    def _read(self, name: str, node: etree._Element, *, body: bool) -> Text:
        base = based(node, self.base) if self.scope.has_base else self.base
        if name[:5] == "atom:":
            return atom_text(node, base, old=self.scope.old_atom, body=body)
        if name[:6] == "media:" and node.get("type") == "plain":
            return Text(text_of(node))
        return rss_html(node, base) if body else rss_text(node, base)

    def moment(self, label: str, *names: str) -> datetime | None:
        """The first date of these names; what is none is told of."""
        for name in names:
            for node in self.found.get(name, ()):
                written = text_of(node)
                if not written:
                    continue
                moment = self.scope.moments.read(written)
                if moment is not None:
                    return moment
                self.warnings.append(f"{label}: {written[:80]!r} is no date; left out")
        return None

    def address(self, written: str, node: etree._Element, label: str) -> str | None:
        """`written` as an absolute address; what is none is told of."""
        if not written.strip():  # it would be the address of the feed itself
            return None
        url = urls.absolute(written, self.base_of(node))
        if url is None:
            self.warnings.append(f"{label}: {written[:80]!r} is no address; left out")
        return url

    def base_of(self, node: etree._Element) -> str | None:
        return based(node, self.base) if self.scope.has_base else self.base

    def language_of(self, node: etree._Element) -> str | None:
        """What xml:lang says on `node` itself."""
        if not self.scope.has_lang:
            return None
        return (str(node.get(f"{XML}lang") or "")).strip() or None
