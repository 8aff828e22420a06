"""Which part of a web page is the article, and that part without what belongs to the site."""

from __future__ import annotations

import re

from lxml import etree
from lxml.html import HtmlElement

from feedsvc.parsers.htmltree import by_class, text_of
from feedsvc.text import urls
from feedsvc.text.html import escape


def choose_main(page: HtmlElement, entry: HtmlElement | None) -> HtmlElement:
    """The element that holds the article: the markup's own word for it, else the whole body."""
    for place in (entry, page):
        if place is None:
            continue
        content = by_class(place, "e-content") if place is entry else None
        if content is None:
            content = next((e for e in place.iter() if e.get("itemprop") == "articleBody"), None)
        if content is not None and text_of(content):
            return content
    body = page.find("body")
    whole = body if body is not None else page
    frame = next((e for e in whole.iter() if e.tag == "main" or e.get("role") == "main"), None)
    articles = sorted(whole.iter("article"), key=_size, reverse=True)
    if articles and (size := _size(articles[0])):
        # A page of teasers is no article, however the teasers are marked up.
        around = _size(frame if frame is not None else whole)
        if len(articles) == 1 or size >= _TEASER or size * 4 >= around:
            return articles[0]
    return frame if frame is not None and _size(frame) else whole


_TEASER = 500  # characters; hardly a teaser is longer


def _size(element: HtmlElement) -> int:
    return len(text_of(element))


_FURNITURE = frozenset(
    "script style template nav form aside button select input textarea iframe object embed svg link"
    " meta base title head dialog menu".split()
)
_SITE = frozenset({"header", "footer"})
_ROLES = frozenset(
    {"navigation", "banner", "contentinfo", "search", "complementary", "dialog", "menu", "form"}
)
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def strip_site(place: HtmlElement) -> None:
    """Take out what belongs to the site, and what nobody sees."""
    whole = place.tag in {"body", "html"}
    for element in list(place.iter()):
        if element is place or not isinstance(element.tag, str):
            continue
        tag, parent = element.tag, element.getparent()
        if parent is None:  # went with its parent
            continue
        site = tag in _SITE and (whole or tag == "footer") and not _quoted(element, place)
        hidden = (
            element.get("hidden") is not None
            or element.get("aria-hidden") == "true"
            or _UNSEEN.search(element.get("style") or "") is not None
        )
        role = (element.get("role") or "").lower()
        if site and whole and tag == "header" and _inside_tag(element, place, "article", "main"):
            site = False
        if tag in _FURNITURE or site or hidden or role in _ROLES:
            element.drop_tree()
        elif tag == "noscript":
            _unwrap(element)
        elif tag in {"img", "source"}:
            _load_lazily(element)


def _quoted(element: HtmlElement, top: HtmlElement) -> bool:
    return _inside_tag(element, top, "blockquote", "figure", "table")


def _inside_tag(element: HtmlElement, top: HtmlElement, *tags: str) -> bool:
    parent = element.getparent()
    while parent is not None and parent is not top:
        if parent.tag in tags:
            return True
        parent = parent.getparent()
    return False


def _unwrap(noscript: HtmlElement) -> None:
    """The picture for readers without scripts, unless the one before it is the same."""
    images = list(noscript.iter("img"))
    before = noscript.getprevious()
    if images and (before is None or before.tag != "img" or not before.get("src")):
        noscript.drop_tag()
    else:
        noscript.drop_tree()


def _load_lazily(image: HtmlElement) -> None:
    for name in ("src", "srcset"):
        now = image.get(name) or ""
        if not now or now.startswith("data:"):
            for lazy in (
                f"data-{name}",
                f"data-lazy-{name}",
                f"data-original-{name}",
                "data-original",
            ):
                value = image.get(lazy)
                if value and (name == "src" or lazy != "data-original"):
                    image.set(name, value)
                    break


def resolve_addresses(place: HtmlElement, base: str | None) -> None:
    """Resolve addresses against `<base href>`, which is lost with the head."""
    if base is None:
        return
    for element in place.iter():
        for name in ("href", "src", "poster", "cite"):
            value = element.get(name)
            if value and (found := urls.absolute(value, base, schemes=urls.LINKS)) is not None:
                element.set(name, found)


def inner_html(place: HtmlElement) -> str:
    """What stands inside an element, as HTML."""
    parts = [escape(place.text or "")]
    parts += [etree.tostring(child, encoding="unicode", method="html") for child in place]
    return "".join(parts).strip()
