"""Where an entry or a feed can be read: one address out of the many that feeds give."""

from __future__ import annotations

from lxml import etree

from feedsvc.parsers.feed.markup import text_of
from feedsvc.parsers.feed.scope import Fields

_FORMS = {"text/html": 0, "application/xhtml+xml": 0, "": 1}  # the best first; others are 2
_ALTERNATE = frozenset({"", "alternate", "http://www.iana.org/assignments/relation/alternate"})


def rel_of(node: etree._Element) -> str:
    """The relation of a link, in lower case; "" where it names none."""
    return (node.get("rel") or "").strip().lower()


def link_of(fields: Fields) -> str | None:
    """The page of an entry: the original of FeedBurner, the alternate link, or a permanent guid."""
    for node in fields.found.get("feedburner:origlink", ()):
        if (url := _usable(fields, text_of(node), node)) is not None:
            return url
    return alternate(fields) or _permalink(fields)


def alternate(fields: Fields, *, last: bool = False) -> str | None:
    """The page an entry or a feed stands for; where RSS names several, the first or the `last`."""
    nodes = fields.found.get("link", ())
    for node in reversed(nodes) if last else nodes:
        written = text_of(node)
        if not written and rel_of(node) in _ALTERNATE:  # an Atom link without its namespace
            written = str(node.get("href") or "")
        if (url := _usable(fields, written, node)) is not None:
            return url
    return _atom_link(fields)


def _atom_link(fields: Fields) -> str | None:
    """RFC 4287 §4.2.7.2: no rel is `alternate`; pages go before other forms of the entry."""
    best: str | None = None
    rank = 3
    for rel, node in fields.links:
        if rel not in _ALTERNATE:
            continue
        form = node.get("type") or ""
        place = _FORMS.get(form.partition(";")[0].strip().lower(), 2) if form else 1
        written = str(node.get("href") or "") or text_of(node)
        if place < rank and (url := _usable(fields, written, node)) is not None:
            best, rank = url, place
    return best


def _permalink(fields: Fields) -> str | None:
    """RSS 2.0: a guid is the address of the page unless it says otherwise."""
    for node in fields.found.get("guid", ()):
        written = text_of(node)
        said = (node.get("isPermaLink") or node.get("ispermalink") or "true").strip().lower()
        if said != "false" and written[:7].lower() in ("http://", "https:/"):
            return _usable(fields, written, node)
    return None


def _usable(fields: Fields, written: str, node: etree._Element) -> str | None:
    return fields.address(written, node, "link") if written else None
