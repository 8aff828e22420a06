"""The start tags of a page, in order, without building a tree: for what stands in `<link>`.

A tree of a hostile page costs a parser time in the square of its size; this reads every character
once. It follows the tokeniser of WHATWG HTML §13.2.5 as far as start tags go: comments, scripts and
what else holds no tags are passed over, `<` and `>` inside quotes are text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import NamedTuple

from feedsvc.regex import compiled

# A quoted value without its end takes the rest of the page, as in a browser.
_ATTRIBUTE = (
    r"""[^\s/>=][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>"'][^\s>]*+)?)?"""
)
_MARKUP = compiled(rf"<(?:(!--)|([A-Za-z][^\s/>]*+)((?:[\s/=]++|{_ATTRIBUTE})*+))")
_PAIR = re.compile(
    r"""([^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)|'([^']*+)|([^\s>"'][^\s>]*+))?["']?)?"""
)
_COMMENT_END = re.compile("--!?>")
# §13.2.6.4: what stands inside is text, whatever it looks like.
_RAW = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in "iframe noembed noframes script style textarea title xmp".split()
}


# §13.2.5.73: in an attribute `&sect=1` is part of a query and no paragraph sign.
_REFERENCE = re.compile(
    r"&(?:#[0-9]{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[A-Za-z][A-Za-z0-9]{1,31}+(?:;|(?![=A-Za-z0-9])))"
)


class Tag(NamedTuple):
    """A start tag; names are in lower case, of two equal attributes the first counts."""

    name: str
    attributes: Mapping[str, str]


def start_tags(page: str, wanted: frozenset[str]) -> Iterator[Tag]:
    """The start tags with a name of `wanted`."""
    place = 0
    while (found := _MARKUP.search(page, place)) is not None:
        place = found.end()
        name = found[2].lower() if found[2] else ""
        if name in wanted:
            yield Tag(name, _attributes(found[3]))
        if name == "plaintext":
            return
        end = _RAW.get(name) if name else _COMMENT_END
        if end is not None:
            closed = end.search(page, place if name else found.start() + 2)
            if closed is None:
                return
            place = closed.end()


def _attributes(written: str) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for found in _PAIR.finditer(written):
        value = found[2] or found[3] or found[4] or ""
        attributes.setdefault(found[1].lower(), unreferenced(value))
    return attributes


def unreferenced(value: str) -> str:
    """The value of an attribute with its character references resolved."""
    return _REFERENCE.sub(lambda found: unescape(found[0]), value) if "&" in value else value
