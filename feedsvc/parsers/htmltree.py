"""A web page as a tree, and what is looked for in it: texts, and elements by their class."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from lxml import etree
from lxml import html as lxml_html
from lxml.html import HtmlElement

from feedsvc.text.clean import one_line
from feedsvc.text.html import escape, exhausts, plain

_CHARSET = re.compile(
    rb"<meta\b[^>]{0,400}?charset\s*=\s*[\"']?\s*([\w:.-]{2,40})"
    rb"|<\?xml\b[^>]{0,200}?encoding\s*=\s*[\"']([\w:.-]{2,40})",
    re.IGNORECASE,
)


def declared_encoding(data: bytes) -> tuple[str, ...]:
    """The encoding a page names, if there is one of that name (WHATWG HTML §13.2.3.2)."""
    found = _CHARSET.search(data[:4_096])
    if found is None:
        return ()
    name = (found[1] or found[2]).decode("ascii", "ignore").lower()
    try:
        name = codecs.lookup(name).name
        b"".decode(name)
    except (LookupError, ValueError):
        return ()
    return (
        () if name.startswith(("utf-16", "utf-32")) else (name,)
    )  # it was read as bytes: it is none


def tree_of(text: str) -> HtmlElement | None:
    """The page as a tree; one made to exhaust a parser becomes one of its text."""
    if exhausts(text):
        text = f"<body><p>{escape(plain(text))}</p></body>"
    # huge_tree: without it a text of 10 MB is dropped in silence; depth is bounded above.
    parser = lxml_html.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        page = lxml_html.document_fromstring(text.encode("utf-8", "ignore"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    return page if isinstance(page, HtmlElement) else None


def text_of(element: HtmlElement | None) -> str:
    """All the text below an element, on one line."""
    return one_line(element.text_content()) if element is not None else ""


def all_by_class(place: HtmlElement, name: str) -> Iterator[HtmlElement]:
    """The elements below and including `place` that have this class."""
    for element in place.iter():
        if isinstance(element.tag, str) and name in (element.get("class") or "").split():
            yield element


def by_class(place: HtmlElement, name: str) -> HtmlElement | None:
    """The first element that has this class."""
    return next(all_by_class(place, name), None)


def is_inside(element: HtmlElement, top: HtmlElement | None, *names: str) -> bool:
    """Whether an element stands in one of these classes, below `top`."""
    parent = element.getparent()
    while parent is not None and parent is not top:
        if set(names) & set((parent.get("class") or "").split()):
            return True
        parent = parent.getparent()
    return False
