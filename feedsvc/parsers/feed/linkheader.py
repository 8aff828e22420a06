"""`Link` headers (RFC 8288) as if they were `<link>` tags, so that one set of rules judges both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from feedsvc.parsers.feed.tags import Tag
from feedsvc.regex import compiled

_LONGEST = 65_536  # characters

# §3; a quoted string without its end takes the rest.
_QUOTED = r'"((?:[^"\\]++|\\.)*+)(?:"|\\?\Z)'
_TARGET = re.compile(r"[\s,]*+<([^<>]*+)>")
_PARAMETER = compiled(
    rf'[ \t]*+;[ \t]*+([^\s;,="]*+)[ \t]*+(?:=[ \t]*+(?:{_QUOTED}|([^\s;,"]*+)))?', re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_TO_COMMA = compiled(rf'[^,"]*+(?:{_QUOTED}[^,"]*+)*+', re.DOTALL)


def links(value: str) -> Iterator[Tag]:
    """The links of one header, or of several joined with commas."""
    value = value[:_LONGEST]
    place = 0
    while place < len(value):
        target = _TARGET.match(value, place)
        if target is not None:
            attributes, place = _parameters(value, target.end())
            if "anchor" not in attributes:  # §3.2: it speaks of another document
                yield Tag("link", _with_title(attributes) | {"href": target[1]})
        # What is not of the form is passed over as a whole.
        rest = _TO_COMMA.match(value, place)
        place = rest.end() + 1 if rest is not None else len(value)


def _parameters(value: str, place: int) -> tuple[dict[str, str], int]:
    """The parameters that begin at `place`, and where they end."""
    attributes: dict[str, str] = {}
    while (found := _PARAMETER.match(value, place)) is not None:
        place = found.end()
        text = _ESCAPED.sub(r"\1", found[2]) if found[2] is not None else found[3] or ""
        attributes.setdefault(found[1].lower(), text)  # §3.3: the first counts
    return attributes, place


def _with_title(attributes: dict[str, str]) -> dict[str, str]:
    title = _decoded(attributes.get("title*", ""))
    return attributes | {"title": title} if title else attributes


def _decoded(value: str) -> str:
    """An extended value: UTF-8'de'Neues%20vom%20Tag (RFC 8187 §3.2)."""
    charset, _, rest = value.partition("'")
    text = rest.partition("'")[2]
    return unquote(text, encoding=charset) if charset.lower() in {"utf-8", "iso-8859-1"} else ""
