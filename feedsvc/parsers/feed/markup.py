"""What an element says: plain text, or HTML, whether it was escaped, in CDATA, inline or base64.

RSS never says which of the two its texts are; Atom 1.0 says so by `type` (RFC 4287 §3.1), Atom 0.3
by `type` and `mode`.
"""

from __future__ import annotations

import binascii
import re
from html import unescape
from typing import NamedTuple

from lxml import etree

from feedsvc.parsers.feed.names import XML, local
from feedsvc.text import urls
from feedsvc.text.html import escape, plain

# `<i;>`: what is left where a program took `<i&gt;` for a reference; no browser reads it as <i>.
_SHORN = re.compile(r"<(/?[A-Za-z][A-Za-z0-9]{0,9});>")
_LONGEST_PLAIN = 10_000  # characters of a summary or a title; no more are kept


class Text(NamedTuple):
    """A value and what it is written in."""

    value: str
    html: bool = False

    def plain(self) -> str:
        """The text on one line."""
        return plain(self.value, _LONGEST_PLAIN) if self.html else " ".join(self.value.split())

    def markup(self) -> str | None:
        """The value where it is HTML and not just text that could be."""
        return self.value if self.html and ("<" in self.value or "&" in self.value) else None

    def as_html(self) -> str:
        """The value as a body."""
        if not self.html:
            return escape(self.value).replace("&quot;", '"')
        return _SHORN.sub(r"<\1>", self.value) if ";>" in self.value else self.value


NOTHING = Text("")


def text_of(node: etree._Element) -> str:
    """All text in `node`, trimmed."""
    if len(node):
        return "".join(str(part) for part in node.itertext()).strip()
    return (node.text or "").strip()


# --- RSS

# Tags that people use in titles and short texts. What else stands in angle brackets there is
# mostly talked about: "The <title> element".
_NAMES = (
    "a|abbr|b|bdi|big|blockquote|center|cite|code|del|dfn|div|em|figure|font|h[1-6]|i|ins|kbd|li|"
    "mark|ol|p|pre|q|s|samp|small|span|strike|strong|sub|sup|table|tt|u|ul|var"
)
_MARKUP = re.compile(rf"</(?:{_NAMES})\s*>|<(?:br|hr|img|wbr)\b[^<>]*>|<p>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def is_markup(text: str) -> bool:
    """Whether a text that may be plain or HTML holds tags or references."""
    if "<" in text and _MARKUP.search(text) is not None:
        return True
    # `&foo;` is text, and so is `&copy=` of an address.
    return "&" in text and any(unescape(one[0]) != one[0] for one in _ENTITY.finditer(text))


def rss_text(node: etree._Element, base: str | None) -> Text:
    """A title or another short text of RSS: HTML only where it shows."""
    if len(node):
        return Text(inner_html(node, base, sloppy=True).strip(), html=True)
    value = (node.text or "").strip()
    return Text(value, ("<" in value or "&" in value) and is_markup(value))


def rss_html(node: etree._Element, base: str | None) -> Text:
    """A description or body of RSS, which is HTML."""
    if len(node):
        return Text(inner_html(node, base, sloppy=True).strip(), html=True)
    value = (node.text or "").strip()
    if value[:4] == "&lt;" and "<" not in value and _ESCAPED_TWICE.match(value) is not None:
        value = unescape(value)
    return Text(value, html=True)


# A body that is nothing but an escaped element has been escaped once too often; one that talks of
# elements begins with words.
_ESCAPED_TWICE = re.compile(
    r"&lt;(?:p|div|ul|ol|table|h[1-6]|blockquote|figure|span|a|img|section|article)"
    r"(?:\s[^<]*)?/?&gt;.*&gt;\Z",
    re.DOTALL | re.IGNORECASE,
)

# --- Atom

_HTML_TYPES = frozenset({"html", "text/html"})
_XHTML_TYPES = frozenset({"xhtml", "application/xhtml+xml"})
_PLAIN_TYPES = frozenset({"text", "text/plain"})


def atom_text(node: etree._Element, base: str | None, *, old: bool, body: bool = False) -> Text:
    """A text construct or the content of Atom; of Atom 0.3 if `old`."""
    kind = (node.get("type") or "").strip().lower()
    if node.get("mode") == "base64":
        return _base64(node, kind)
    if kind in _XHTML_TYPES or kind.endswith(("+xml", "/xml")):
        if len(node):
            return Text(_inline(node, base, old).strip(), html=True)
        value = (node.text or "").strip()
        return Text(value, html=is_markup(value))
    if len(node):  # RFC 4287 §3.1.1 forbids it in text and html, and it happens
        return Text(_inline(node, base, old, sloppy=kind in _HTML_TYPES).strip(), html=True)
    value = (node.text or "").strip()
    if kind in _HTML_TYPES:
        return Text(value, html=True)
    if kind in _PLAIN_TYPES:
        return Text(value)
    if not kind:
        # RFC 4287 §3.1.1: no type is text. Whole articles in escaped HTML without one are mistakes.
        return Text(value, html=body and "<" in value and _MARKUP.search(value) is not None)
    if kind.startswith("text/") or "/" not in kind:
        return Text(value)
    return _base64(node, kind)


def _inline(node: etree._Element, base: str | None, old: bool, *, sloppy: bool = False) -> str:
    if not old and len(node) == 1 and not (node.text or "").strip():
        only = node[0]
        # RFC 4287 §3.1.1.3: "The XHTML div element itself MUST NOT be considered part of the
        # content."
        if local(str(only.tag)) == "div" and not (only.tail or "").strip():
            return inner_html(only, base, start=based(only, base), sloppy=sloppy)
    return inner_html(node, base, sloppy=sloppy)


def _base64(node: etree._Element, kind: str) -> Text:
    """RFC 4287 §4.1.3.3, number 6, and mode="base64" of Atom 0.3, if text comes out."""
    try:
        value = binascii.a2b_base64(text_of(node)).decode("utf-8").strip()
    except (binascii.Error, ValueError):
        return NOTHING
    return Text(value, html=kind in _HTML_TYPES or (kind not in _PLAIN_TYPES and is_markup(value)))


# --- inline markup

_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_ADDRESSES = frozenset({"href", "src", "cite", "poster", "action", "data", "longdesc"})
_TAG_IN_TEXT = re.compile(r"</?[A-Za-z][^<>]*>")


def inner_html(
    node: etree._Element,
    base: str | None,
    *,
    start: str | None = None,
    sloppy: bool = False,
) -> str:
    """What stands in `node` as HTML, without namespaces.

    Addresses are left for whoever knows `base`, unless another xml:base governs them: `start`, that
    of `node` itself, or one further inside. `sloppy` takes tags in the text for tags, since RSS
    descriptions mix inline and escaped markup.
    """
    parts: list[str] = []
    bases: list[str | None] = [start or base]

    def add(text: str | None) -> None:
        if text:
            raw = sloppy and _TAG_IN_TEXT.search(text) is not None
            parts.append(text if raw else escape(text))

    add(node.text)
    walk = etree.iterwalk(node, events=("start", "end"))
    for event, element in walk:
        if element is node:
            continue
        name = local(str(element.tag))
        if event == "start":
            here = based(element, bases[-1])
            bases.append(here)
            parts.append(_start_tag(name, element, here if here != base else None))
            add(element.text)
        else:
            bases.pop()
            if name.lower() not in _VOID:
                parts.append(f"</{name}>")
            add(element.tail)
    return "".join(parts)


def _start_tag(name: str, element: etree._Element, base: str | None) -> str:
    if not element.attrib:
        return f"<{name}>"
    told = [name]
    for written, raw in element.items():
        key, value = str(written), str(raw)
        if key == f"{XML}lang":
            key = "lang"
        elif key[:1] == "{":
            continue
        if base is not None and key.lower() in _ADDRESSES:
            value = urls.absolute(value, base, schemes=urls.LINKS) or value
        told.append(f'{key}="{escape(value)}"')
    return f"<{' '.join(told)}>"


def based(node: etree._Element, base: str | None) -> str | None:
    """The base of addresses inside `node` (XML Base §4)."""
    said = node.get(f"{XML}base")
    if not said:
        return base
    return urls.absolute(str(said), base) or base
