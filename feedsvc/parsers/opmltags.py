"""The elements of an OPML file as they come: from an XML parser, or else from what can be told.

    strict     a conforming parser, for what is well-formed
    lenient    any text with tags in it: stray `&` and `<`, attributes without quotes, ends missing

Both yield the same for a well-formed file, so that mending one comma moves no subscription.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lxml import etree

from feedsvc.parsers.feed.tags import unreferenced
from feedsvc.regex import compiled

WITH_TEXT = frozenset({"title", "ownername", "owneremail", "ownerid"})
"""The elements whose text is read."""

_MOST_MARKUP = 600_000  # `<` and `=`: beyond it a tree could take hundreds of megabytes


class Element(NamedTuple):
    """A start tag, or an end tag; names are without prefix and in lower case.

    `text` is what stands between the tag and the next one, of the first element WITH_TEXT each.
    """

    name: str
    end: bool = False
    attributes: Mapping[str, str] = {}
    text: str = ""


def root_of(data: bytes) -> etree._Element | str:
    """The root of a well-formed document, else why there is none; `data` is UTF-8."""
    if data.count(b"<") + data.count(b"=") > _MOST_MARKUP:
        return ""
    parser = etree.XMLParser(
        encoding="utf-8",  # the declaration told of the bytes before they were recoded
        resolve_entities=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        return f"line {error.lineno}: {_brief(error.msg or 'no element')}"


def _brief(message: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"(?:,? line \d+, column \d+)?$", "", message))[:200]


def strict(root: etree._Element) -> Iterator[Element]:
    """The elements of a tree."""
    for event, element in etree.iterwalk(root, events=("start", "end")):
        name = _local(str(element.tag))
        if event == "end":
            yield Element(name, end=True)
        else:
            attributes: dict[str, str] = {}
            for key, value in element.attrib.items():
                attributes.setdefault(_local(str(key)), str(value))
            text = (element.text or "") if name in WITH_TEXT else ""
            yield Element(name, attributes=attributes, text=text)


def _local(name: str) -> str:
    return name.rpartition("}")[2].rpartition(":")[2].lower()


# --- lenient --------------------------------------------------------------------------------------

# XML has no `<` in a value. One that is there belongs to it, unless the value has lost its end.
_OWN = r"(?=/?(?:[\w.-]{1,40}:)?(?:outline|body|head|opml)[\s/>])"
_DOUBLE = rf'"(?:[^"<]++|<(?!{_OWN}))*+"'
_SINGLE = rf"'(?:[^'<]++|<(?!{_OWN}))*+'"
_ATTRIBUTE = rf"""[^\s/>=<"'][^\s/>=<]*+(?:\s*+=\s*+(?:{_DOUBLE}|{_SINGLE}|[^\s<>"'][^\s<>]*+)?)?"""
_PAIR = compiled(
    rf"""([^\s/>=<"'][^\s/>=<]*+)\s*+=\s*+(?:({_DOUBLE}|{_SINGLE})|([^\s<>"'][^\s<>]*+))""",
    re.IGNORECASE,
)
_TAG = compiled(
    r"<(?:(!--|!\[CDATA\[|[?!])"
    rf"""|(/?)([A-Za-z_][^\s/<>="']*+)((?:[\s/=\"']++|{_ATTRIBUTE})*+)>?)""",
    re.IGNORECASE,
)
_ENDS = {"!--": "-->", "![CDATA[": "]]>", "?": "?>", "!": ">"}
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_TEXT = compiled(rf"(?:[^<]++|{_CDATA.pattern})*+", re.DOTALL)


def lenient(text: str) -> Iterator[Element]:
    """The elements of a text; a tag that breaks off with the file is none."""
    place = 0
    missing: set[str] = set()  # ends that do not come any more: they are looked for once
    read: set[str] = set()
    while (found := _TAG.search(text, place)) is not None:
        place = found.end()
        if found[1] is not None:
            place = _behind(text, _ENDS[found[1].upper()], place, missing)
            continue
        if place == len(text) and text[-1] != ">":
            return
        name = _local(found[3])
        if found[2]:
            yield Element(name, end=True)
            continue
        attributes: dict[str, str] = {}
        for pair in _PAIR.finditer(found[4]):
            value = pair[2][1:-1] if pair[2] is not None else pair[3]
            if not pair[1].startswith("xmlns"):
                attributes.setdefault(_local(pair[1]), unreferenced(_spaced(value)))
        own = ""
        if name in WITH_TEXT and name not in read:
            read.add(name)
            own = _text(text, place)
        yield Element(name, attributes=attributes, text=own)
        if found[4].rstrip().endswith("/"):
            yield Element(name, end=True)


def _behind(text: str, end: str, place: int, missing: set[str]) -> int:
    if end not in missing:
        found = text.find(end, place)
        if found >= 0:
            return found + len(end)
        missing.add(end)
    return place


_SPACES = str.maketrans("\t\r\n", "   ")


def _spaced(value: str) -> str:
    """XML 1.0 §3.3.3: a newline or tab in a value is a space."""
    return value.replace("\r\n", " ").translate(_SPACES)


def _text(text: str, place: int) -> str:
    found = _TEXT.match(text, place)
    parts = _CDATA.split(found[0]) if found is not None else []
    # `split` puts what stands inside the sections at the odd places.
    return "".join(part if odd % 2 else unreferenced(part) for odd, part in enumerate(parts))
