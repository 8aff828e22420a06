"""Where the entries of a feed's document begin and end, in its bytes: for `entries.py`.

Pure functions over the bytes alone; XML is read by expat, which says where it is. What they find
is put together again as it stood, so that an answer is made of the very bytes of the document.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple
from xml.parsers import expat

_SEPARATOR = " "  # between a namespace and a name
_ATOM = "http://www.w3.org/2005/Atom"
_COMPLETE = "http://purl.org/syndication/history/1.0 complete"
_ITEMS = b',"items":[\n'
_NEXT = b",\n"
_END = b"]}\n"


class Pieces(NamedTuple):
    """A document as `head + joint.join(entries) + tail`, and the ids of its entries."""

    head: bytes
    entries: tuple[bytes, ...]
    joint: bytes
    tail: bytes
    ids: tuple[str, ...]


class NotToBeCutError(ValueError):
    """The entries of a document cannot be taken apart, or would not mean the same alone."""


def xml_pieces(document: bytes) -> Pieces:
    """The pieces of an Atom or RSS document."""
    if b"\0" in document:
        raise NotToBeCutError("in an encoding in which a byte is no character")
    finder = _Finder(document)
    try:
        finder.parser.Parse(document, True)
    except expat.ExpatError as error:
        raise NotToBeCutError(str(error)) from error
    spans = finder.spans
    if not spans:
        raise NotToBeCutError("no entries")
    between = {document[one.stop : two.start] for one, two in pairwise(spans)}
    if len(between) > 1 or any(blank.strip() for blank in between):
        raise NotToBeCutError("something stands between the entries")
    return Pieces(
        head=document[: spans[0].start],
        entries=tuple(document[one.start : one.stop] for one in spans),
        joint=next(iter(between), b""),
        tail=document[spans[-1].stop :],
        ids=tuple(one.id for one in spans),
    )


class _Span(NamedTuple):
    start: int
    stop: int
    id: str


class _Kind(NamedTuple):
    """What holds the entries of a format, what an entry is called, and what its id."""

    holder: tuple[str, ...]
    entry: str
    id: str


_KINDS: Mapping[str, _Kind] = {
    f"{_ATOM} feed": _Kind((f"{_ATOM} feed",), f"{_ATOM} entry", f"{_ATOM} id"),
    "rss": _Kind(("rss", "channel"), "item", "guid"),
}


class _Finder:
    """Notes where entries begin and end while a document is read."""

    def __init__(self, document: bytes) -> None:
        self._document = document
        self.spans: list[_Span] = []
        self._open: list[str] = []
        self._kind: _Kind | None = None
        self._start = 0
        self._id: list[str] = []
        self.parser = parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        parser.buffer_text = True
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._refuse

    def _begin(self, name: str, _: object) -> None:
        if not self._open:
            self._kind = _KINDS.get(name)
        if name == _COMPLETE:  # RFC 5005 §2: what is not in it is deleted
            raise NotToBeCutError("a complete feed")
        depth = len(self._open)
        self._open.append(name)
        kind = self._kind
        if kind is None:
            raise NotToBeCutError("neither Atom nor RSS")
        within = len(kind.holder)
        if depth == within and name == kind.entry and tuple(self._open[:-1]) == kind.holder:
            self._start, self._id = self.parser.CurrentByteIndex, []
        elif depth == within + 1 and name == kind.id and self._open[within] == kind.entry:
            self.parser.CharacterDataHandler = self._id.append

    def _end(self, name: str) -> None:
        self.parser.CharacterDataHandler = None
        self._open.pop()
        kind = self._kind
        if kind is not None and name == kind.entry and tuple(self._open) == kind.holder:
            # The index is where the tag begins; it holds nothing but its name, and maybe blanks.
            stop = self._document.index(b">", self.parser.CurrentByteIndex) + 1
            self.spans.append(_Span(self._start, stop, "".join(self._id)))

    def _refuse(self, *_: object) -> None:
        raise NotToBeCutError("a document type, which may define entities")


def json_pieces(document: bytes) -> Pieces:
    """The pieces of a JSON Feed as our builds write it: one item a line."""
    head, found, items = document.removesuffix(_END).partition(_ITEMS)
    entries = items.split(_NEXT)
    if not (found and items and document.endswith(_END)):
        raise NotToBeCutError("not written by us")
    try:
        ids = tuple(str(json.loads(entry)["id"]) for entry in entries)
        json.loads(head + b"}")
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise NotToBeCutError("not written by us") from error
    return Pieces(head + _ITEMS, tuple(entries), _NEXT, _END, ids)
