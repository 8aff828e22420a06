"""Bodies in good order: what nearly all feeds carry, cleaned at half of what a parser costs.

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

from feedsvc.text.allowed import ADDRESSES, ATTRIBUTES, RULES, Rule

# References to anything but the signs and letters that make up nearly all of them: what these stand
# for is fit as it is. U+2028 is not among them, nor is any mark, nor a space that NFC replaces.
ODD_REFERENCE = re.compile(
    "&(?!(?:amp|lt|gt|quot|apos|nbsp|shy|[aouAOU]uml|szlig|[lr]squo|sbquo|[lrb]dquo|[lr]aquo|[nm]dash"
    "|hellip|euro|copy|#(?:160|0?3[489]|60|62|x27|82(?:[012][0-9]|30)));)"
)


# Within these bounds nothing can be nested or multiplied as far as `html.exhausts` forbids.
_LONGEST = 100_000  # characters of a body
_MOST_TAGS = 2_500
_MOST_OPEN = 16  # elements at a time
_LONGEST_TAG, _LONGEST_VOID = 500, 4_000  # before and after addresses became absolute
_MOST_ATTRIBUTES = 100


def orderly(html: str, base: str | None) -> str | None:
    """`html` as the parser and `allowed` would leave it, or None if only a parser can tell.

    `html` is normalised, as `html.sanitise` has it; its relative addresses start at `base`.
    """
    tags = html.count("<")
    if tags != html.count(">") or tags > _MOST_TAGS or len(html) > _LONGEST:
        return None
    signs = _signs(html)
    if signs is None:
        return None
    opened: list[str] = []
    first, *parts = html.split("<")
    for at, part in enumerate(parts):
        tag, bracket, text = part.partition(">")
        if not bracket:
            return None
        ended = _ENDS.get(tag)
        if ended is not None:
            if not opened or opened.pop() != ended:
                return None
            continue
        start = _BARE.get(tag) or _start(tag, base)
        if start is None:
            return None
        name, apart_from, inside, rewritten = start
        if apart_from and not apart_from.isdisjoint(opened):
            return None
        if inside and (not opened or opened[-1] not in inside):
            return None
        if name:
            if len(opened) == _MOST_OPEN:
                return None
            opened.append(name)
        if rewritten != tag:
            parts[at] = f"{rewritten}>{text}"
    return None if opened else _with_signs("<".join((first, *parts)), signs)


# --- references

_REFERENCE = re.compile("&[#0-9A-Za-z]{0,6};?")


def _signs(html: str) -> dict[str, str] | None:
    """What a parser makes of the references it does not leave as they are; None for odd ones."""
    if "&" not in html:
        return {}
    found = {reference: _sign(reference) for reference in set(_REFERENCE.findall(html))}
    if None in found.values():
        return None
    return {reference: sign for reference, sign in found.items() if sign and sign != reference}


@lru_cache(maxsize=256)
def _sign(reference: str) -> str | None:
    """A reference as it is written again (HTML §13.3, "escaping a string"); None for an odd one."""
    if ODD_REFERENCE.match(reference) is not None:
        return None
    sign = unescape(reference)
    return {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\xa0": "&nbsp;"}.get(sign, sign)


def _with_signs(html: str, signs: dict[str, str]) -> str | None:
    """`html` with its references written again; in its attributes there are none but `&amp;`."""
    for reference, sign in signs.items():
        html = html.replace(reference, sign)
    if signs and not unicodedata.is_normalized("NFC", html):
        return None
    return html.replace("\xa0", "&nbsp;").strip()


# --- elements


class _Element(NamedTuple):
    """Where an element may stand without a parser closing another one for it (HTML §13.2.6.4.7)."""

    name: str
    void: bool = False
    apart_from: frozenset[str] = frozenset()  # none of these may be open
    inside: frozenset[str] = frozenset()  # one of these is its parent


# What a start tag opens ("" for nothing), `apart_from` and `inside` of its element, and how it will
# be written, without the brackets. Plain tuples, here and below, are taken apart the fastest.
_Start = tuple[str, frozenset[str], frozenset[str], str]


def _started(element: _Element, written: str) -> _Start:
    return "" if element.void else element.name, element.apart_from, element.inside, written


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
_BARE = {
    f"{name}{slash}": _started(element, name)
    for name, element in _ELEMENTS.items()
    if name != "img"
    for slash in (("", "/", " /") if element.void else ("",))
}

# --- attributes

_PICTURES = frozenset({" src=", " srcset="})
_KEY = re.compile(" [a-z][a-z0-9_-]*=")


# Of an attribute that is allowed: where its value stands, ` name="`, its rule, whether it is an
# address.
_Attribute = tuple[int, str, Rule | None, bool]


def _start(tag: str, base: str | None) -> _Start | None:
    """A start tag with attributes."""
    longest = _LONGEST_VOID
    if len(tag) > longest:
        return None
    pieces = tag.split('"')  # name name=" value " name=" value " /
    shape = _shape(tuple(pieces[::2]))
    if shape is None:
        return None
    (opens, apart_from, inside, written), attributes = shape
    for place, prefix, rule, is_address in attributes:
        value = pieces[place]
        if "&" in value and value.count("&") != value.count("&amp;"):
            return None
        if rule is not None:
            said = value.replace("&amp;", "&")
            kept = rule(said, base)
            if kept is None or (is_address and not _undisputed(said, kept)):
                return None  # it falls away, and the parser orders the others anew
            value = kept.replace("&", "&amp;")
        written += f'{prefix}{value}"'
    if opens:
        longest = _LONGEST_TAG
    if len(tag) > longest or len(written) > longest:
        return None
    return opens, apart_from, inside, written


@lru_cache(maxsize=512)  # the editors of the world use few of them
def _shape(pieces: tuple[str, ...]) -> tuple[_Start, tuple[_Attribute, ...]] | None:
    """What `<name name="…" name="…"/>` stands for, from what stands around the values."""
    name, space, key = pieces[0].partition(" ")
    keys, end = (space + key, *pieces[1:-1]), pieces[-1]
    element = _ELEMENTS.get(name)
    if element is None or not 0 < len(set(keys)) == len(keys) <= _MOST_ATTRIBUTES:
        return None
    if end and not (element.void and end in (" /", "/")):
        return None
    if name == "img" and _PICTURES.isdisjoint(keys):  # without an address it is no picture
        return None
    if not all(map(_KEY.fullmatch, keys)):
        return None
    known = ATTRIBUTES["*"] | ATTRIBUTES.get(name, set())
    places = enumerate(key[1:-1] for key in keys)
    return _started(element, name), tuple(
        (2 * number + 1, f' {one}="', RULES.get(one), one in ADDRESSES)
        for number, one in places
        if one in known
    )


def _undisputed(value: str, kept: str) -> bool:
    """Whether the parser, which has rules of its own for addresses, will not refuse it."""
    if not kept.startswith(("https://", "http://")) or not _is_sound(kept.split("/", 3)[2]):
        return False
    return value == kept or _RELATIVE.fullmatch(value) is not None


# A host that ends in letters is no number, which may be a broken IPv4 address (WHATWG URL §3.5).
_SOUND = re.compile(r"(?:(?!xn--)[a-z0-9-]+\.)+[a-z]{2,}(?::[0-9]{1,4})?")
_RELATIVE = re.compile(r"[!#-9;=?-Z_a-z~]+")


@lru_cache(maxsize=512)
def _is_sound(host: str) -> bool:
    return _SOUND.fullmatch(host) is not None
