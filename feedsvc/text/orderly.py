"""Bodies in good order: what nearly all feeds carry, cleaned at a fifth of what a parser costs.

A body is in good order if an HTML parser has nothing to decide: known elements in lower case, each
where it may stand and closed in turn, attributes in double quotes, and of the references only usual
ones. Its tree is what is written, so that `allowed` can be asked about one tag after the other.
Nothing is guessed and nothing mended here: where anything else occurs, `orderly` returns None, and
the parser has the word. `tests/text/test_orderly.py` holds the two to the same bytes.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from html import unescape
from typing import NamedTuple

from feedsvc.text.allowed import ADDRESSES, ATTRIBUTES, RULES

# References to anything but the signs and letters that make up nearly all of them: what these stand
# for is fit as it is. U+2028 is not among them, nor is any mark, nor a space that NFC replaces.
ODD_REFERENCE = re.compile(
    "&(?!(?:amp|lt|gt|quot|apos|nbsp|shy|[aouAOU]uml|szlig|[lr]squo|sbquo|[lrb]dquo|[lr]aquo|[nm]dash"
    "|hellip|euro|copy|#(?:160|0?3[489]|60|62|x27|82(?:[012][0-9]|30)));)"
)


def orderly(html: str, base: str | None) -> str | None:
    """`html` as the parser and `allowed` would leave it, or None if only a parser can tell.

    `html` is normalised, as `html.sanitise` has it; its relative addresses start at `base`.
    """
    if html.count("<") != html.count(">") or ODD_REFERENCE.search(html) is not None:
        return None
    written: list[str] = []
    opened: list[str] = []
    first, *parts = html.split("<")
    for part in parts:
        tag, bracket, text = part.partition(">")
        ended = _ENDS.get(tag)
        if ended is not None:
            if not opened or opened.pop() != ended:
                return None
            written.append(part)
            continue
        start = _BARE.get(tag) or _start(tag, base)
        if start is None or not bracket:
            return None
        (name, void, apart_from, inside), rewritten = start
        if apart_from and not apart_from.isdisjoint(opened):
            return None
        if inside and (not opened or opened[-1] not in inside):
            return None
        if not void:
            opened.append(name)
        written.append(part if rewritten == tag else f"{rewritten}>{text}")
    if opened:
        return None
    return _with_signs("<".join([first, *written]))


# --- references


def _with_signs(html: str) -> str | None:
    """`html` with its references as a parser writes them (HTML §13.3, "escaping a string")."""
    if "&" in html:
        first, *parts = html.split("&")
        written = [first]
        for part in parts:
            name, _, text = part.partition(";")
            written.append(_SIGNS[name] + text)
        html = "".join(written)
        if not unicodedata.is_normalized("NFC", html):
            return None
    return html.replace("\xa0", "&nbsp;").strip()


class _Signs(dict[str, str]):
    """What becomes of the reference of a name; there are no more than ODD_REFERENCE lets pass."""

    def __missing__(self, name: str) -> str:
        sign = unescape(f"&{name};")
        self[name] = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}.get(sign, sign)
        return self[name]


_SIGNS = _Signs()


# --- elements


class _Element(NamedTuple):
    """Where an element may stand without a parser closing another one for it (HTML §13.2.6.4.7)."""

    name: str
    void: bool = False
    apart_from: frozenset[str] = frozenset()  # none of these may be open
    inside: frozenset[str] = frozenset()  # one of these is its parent


class _Start(NamedTuple):
    """A start tag as it will be written, without its brackets."""

    element: _Element
    written: str


_PARAGRAPH = frozenset({"p"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = (
    "address article aside blockquote center details div dl figcaption figure footer header hgroup"
    " main nav ol p section summary ul"
).split()
_INLINE = (
    "abbr b bdi cite code del dfn em i ins kbd mark q s samp small span strong sub sup time u var"
).split()
_LISTS = frozenset({"ol", "ul"})

_ELEMENTS = {
    element.name: element
    for element in (
        *(_Element(name) for name in _INLINE),
        *(_Element(name, apart_from=_PARAGRAPH) for name in _BLOCKS),
        *(_Element(name, apart_from=_PARAGRAPH | _HEADINGS) for name in sorted(_HEADINGS)),
        _Element("a", apart_from=frozenset({"a"})),
        _Element("li", inside=_LISTS),
        _Element("dt", inside=frozenset({"dl"})),
        _Element("dd", inside=frozenset({"dl"})),
        _Element("hr", void=True, apart_from=_PARAGRAPH),
        _Element("br", void=True),
        _Element("img", void=True),
        _Element("wbr", void=True),
    )
}
_ENDS = {f"/{name}": name for name, element in _ELEMENTS.items() if not element.void}
# A picture without an address is none.
_BARE = {
    f"{name}{slash}": _Start(element, name)
    for name, element in _ELEMENTS.items()
    if name != "img"
    for slash in (("", "/", " /") if element.void else ("",))
}

# --- attributes

_VALUE = r'"[^"<>&]*+(?:&amp;[^"<>&]*+)*+"'
_TAG = re.compile(rf"([a-z][a-z0-9]*+)((?:[ \n]+[a-z][a-z0-9_-]*+={_VALUE})++)([ \n]*/)?")
_PAIR = re.compile(r'([a-z][a-z0-9_-]*)="([^"]*)"')


def _start(tag: str, base: str | None) -> _Start | None:
    """A start tag with attributes."""
    if _ADDRESSED.search(tag) is None and len(tag) <= _LONGEST_KEPT:
        return _unaddressed(tag)
    return _read(tag, base)


_ADDRESSED = re.compile("(?:href|src|srcset|cite|poster)=")
_LONGEST_KEPT = 300


@lru_cache(maxsize=512)  # an editor gives all paragraphs of all articles the same classes
def _unaddressed(tag: str) -> _Start | None:
    return _read(tag, None)


def _read(tag: str, base: str | None) -> _Start | None:
    found = _TAG.fullmatch(tag)
    if found is None:
        return None
    name, attributes, slash = found.groups()
    element = _ELEMENTS.get(name)
    if element is None or (slash and not element.void):
        return None
    pairs = _PAIR.findall(attributes)
    told = dict(pairs)
    if len(told) != len(pairs):
        return None
    known, everywhere = ATTRIBUTES.get(name, _NONE), ATTRIBUTES["*"]
    written = name
    for key, value in pairs:
        if key in known or key in everywhere:
            kept = _kept(key, value.replace("&amp;", "&"), base)
            if kept is None:
                return None
            written += f' {key}="{kept.replace("&", "&amp;")}"'
    if name == "img" and "src" not in told and "srcset" not in told:
        return None
    return _Start(element, written)


_NONE: frozenset[str] = frozenset()


def _kept(name: str, value: str, base: str | None) -> str | None:
    """The value of an attribute; None where it falls away, and the parser orders the others anew."""
    rule = RULES.get(name)
    if rule is None:
        return value
    kept = rule(value, base)
    if kept is None or name not in ADDRESSES:
        return kept
    # The parser weighs an address as well, by rules of its own: it has to have no reason to refuse.
    if _SOUND.match(kept) is None or ".xn--" in kept or "//xn--" in kept:
        return None
    return kept if value == kept or _RELATIVE.fullmatch(value) is not None else None


# A host that ends in letters is no number, which may be a broken IPv4 address (WHATWG URL §3.5).
_SOUND = re.compile(r"https?://(?:[a-z0-9-]+\.)+[a-z]{2,}(?::[0-9]{1,4})?(?![^/?#])")
_RELATIVE = re.compile(r"[!#-9;=?-Z_a-z~]+")
