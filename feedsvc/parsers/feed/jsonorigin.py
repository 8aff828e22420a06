"""Whom a JSON Feed credits with an item, in the extensions that we publish ourselves.

JSON Feed 1.1 has no word for it. What `feeds.jsonfeed` writes is read here, so that an item keeps
its origin on its way through several planets: `_source`, `_via` and `_rights`.
"""

from __future__ import annotations

from collections.abc import Iterator

from feedsvc.model import Origin
from feedsvc.parsers.feed.jsonvalues import Node, as_list, as_text
from feedsvc.parsers.feed.vialines import LONGEST_LINE, VIA, via_line

_MOST = 50  # places of one item


def origin_of(item: Node) -> Origin | None:
    """The feed an item was copied from; None when it names none."""
    source = _extension(item, "_source")
    if source is None:
        return None
    found = Origin(
        id=_word(source, "id"),
        title=_word(source, "title"),
        url=_web(source, "feed_url"),
        link=_web(source, "home_page_url"),
        rights=_word(source, "rights"),
    )
    return found if found != Origin() else None


def rights_of(node: Node) -> str | None:
    """The rights of an item, or of the feed."""
    rights = _extension(node, "_rights")
    return _word(rights, "text") if rights is not None else None


def via_lines(item: Node) -> Iterator[tuple[str, str]]:
    """Where else an item was found, as the lines that an XML feed's links are read into."""
    via = _extension(item, "_via")
    for one in as_list(via.members.get("links"))[:_MOST] if via is not None else ():
        if isinstance(one, dict):
            link = _below(one, item)
            url = _web(link, "url")
            if url and len(line := via_line(url, _word(link, "title") or "")) <= LONGEST_LINE:
                yield VIA, line


def _extension(node: Node, name: str) -> Node | None:
    """Others may mean something else by the name, so what is of another shape is no fault."""
    value = node.members.get(name)
    return _below(value, node) if isinstance(value, dict) else None


def _below(members: dict[str, object], node: Node) -> Node:
    return Node(members, node.url, node.hints)


def _word(node: Node, name: str) -> str | None:
    return " ".join((as_text(node.members.get(name)) or "").split()) or None


def _web(node: Node, name: str) -> str | None:
    value = node.members.get(name)
    return node.resolved(value.strip()) if isinstance(value, str) and value.strip() else None
