"""Markup that no XML parser accepts -> a well-formed feed of what can be made out in it.

    level     comments, CDATA, declarations and stray signs go, in one pass over the text
    rebuild   feedparser's tolerant parser finds tags and attributes; they are put in order here

feedparser serves as the reader of broken tags only. Its own result would not do: it resolves ids,
takes `&copy=` in an address for ©, and reads dates by other rules. What is rebuilt here goes through
the reader of well-formed feeds, so that an entry has the same id, link and dates whichever way it
was read. Only feedparser's events are used, which also leaves its quadratic parts out.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from html import unescape

from feedparser.api import LooseFeedParser

from feedsvc.parsers.feed.names import USUAL

_MOST_TAGS = 150_000
_LONGEST_TAG = 64 * 1024  # characters; the pattern that finds its end keeps a state for each
_DEEPEST = 100  # open elements
_MOST_ATTRIBUTES = 50  # of one element
_MASK = "\x01"  # stands for `&` where feedparser is not to see it; no text of a feed can hold it


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """A well-formed document in UTF-8, and what an operator should know of it.

    `root` is the first element there was, feed or not; `data` is empty when it was none.
    """

    data: bytes = b""
    root: str | None = None
    problems: tuple[str, ...] = ()


def rebuild(text: str, *, max_entries: int) -> Rebuilt:
    """What can be made out in `text`; what stands behind `max_entries` entries is not read.

    An entry that the text breaks off in is left out: half an address would be another id.
    """
    levelled = level(text)
    short = _first_tags(levelled)
    order = _Order(max_entries=max_entries)
    try:
        _Tags(order).feed(short)
    except _EnoughError:
        pass
    problems = []
    if len(short) < len(levelled):
        problems.append(f"not well-formed; what follows {_MOST_TAGS:,} tags was not read")
    if order.finish():
        problems.append("broken off inside an entry, which was left out")
    return Rebuilt(data="".join(order.out).encode(), root=order.root, problems=tuple(problems))


# --- signs


_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML 1.0 §2.2
_SECTION = re.compile(r"<(?:!--|!\[CDATA\[|[?!])")
_ENDS = {"<!--": "-->", "<![CDATA[": "]]>", "<?": ">", "<!": ">"}
_STRAY = re.compile(rf"<(?!/?[A-Za-z])|<(?=[^<>]{{{_LONGEST_TAG}}})")
_REFERENCE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)(?:#?[A-Za-z0-9]{1,32};)?")
_MASKED_TAG = re.compile(rf"<[^<>{_MASK}]*{_MASK}[^<>]*>")


def level(text: str) -> str:
    """`text` as nothing but tags and character data, each `<` of which opens a tag.

    A `&` outside of tags is masked, so that character data is one piece whatever it quotes.
    """
    text = _ILLEGAL.sub("", text)
    pieces: list[str] = []
    endless: set[str] = set()  # what is not closed once is not looked for again
    start = 0
    while (found := _SECTION.search(text, start)) is not None:
        pieces.append(_markup(text[start : found.start()]))
        mark = found[0]
        end = -1 if mark in endless else text.find(_ENDS[mark], found.end())
        if mark == "<!" and 0 <= (subset := text.find("[", found.end(), max(end, 0))):
            end = text.find(">", max(text.find("]", subset), end))  # of a DOCTYPE
        if end < 0:
            endless.add(mark)
            start = found.end()  # what follows is text, or nothing at all
            continue
        start = end + len(_ENDS[mark])
        if mark == "<![CDATA[":
            pieces.append(_quoted(text[found.end() : end]))
    pieces.append(_markup(text[start:]))
    return "".join(pieces)


def _quoted(text: str) -> str:
    return (
        text.replace("&", f"{_MASK}amp;").replace("<", f"{_MASK}lt;").replace(">", f"{_MASK}gt;")
    )


def _markup(text: str) -> str:
    if "<" in text:
        text = _STRAY.sub("&lt;", text)
    if "&" in text:
        text = _REFERENCE.sub(_resolved, text).replace("&", _MASK)
        if "<" in text:
            text = _MASKED_TAG.sub(_unmasked, text)
    return text


def _resolved(reference: re.Match[str]) -> str:
    """The character a reference of HTML names; `&amp;` for what is none."""
    said = reference[0]
    meant = unescape(said) if len(said) > 1 else said
    if meant == said or _ILLEGAL.search(meant) is not None:
        return f"&amp;{said[1:]}"
    return _escaped(meant)


def _unmasked(tag: re.Match[str]) -> str:
    return tag[0].replace(_MASK, "&")


def _escaped(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&apos;")


def _first_tags(text: str) -> str:
    if text.count("<") <= _MOST_TAGS:
        return text
    signs = re.finditer("<", text)
    for _ in range(_MOST_TAGS):
        next(signs)
    return text[: next(signs).start()]


# --- tags


class _Tags(LooseFeedParser):  # type: ignore[misc]  # feedparser has no types
    """Tells the tags that feedparser finds, rather than to build feedparser's own result."""

    def __init__(self, order: _Order) -> None:
        super().__init__("", None, "utf-8", {})
        self._order = order

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> None:
        self._order.start(tag, attrs)

    def unknown_endtag(self, tag: str) -> None:
        self._order.end(tag)

    def handle_data(self, text: str, escape: int = 1) -> None:
        self._order.text(text)


class _EnoughError(Exception):
    """As many entries were read as are wanted."""


_ROOTS = frozenset({"rss", "rdf", "feed", "channel"})
_ENTRIES = frozenset({"item", "entry"})
_SYNTHETIC = {
    "item": (("rss", [("version", "2.0")]), ("channel", [])),
    "entry": (("feed", [("xmlns", "http://www.w3.org/2005/Atom")]),),
}
# Elements that hold text or a body. Those that are none of HTML end one that was never closed.
_HTML_TOO = frozenset("title link summary content source body name comments category".split())
_TEXTS = _HTML_TOO | frozenset(
    "description guid pubdate encoded id published updated issued modified created copyright"
    " rights subtitle tagline info language managingeditor webmaster lastbuilddate generator docs"
    " ttl email uri url creator date subject publisher".split()
)
_BODIES = frozenset("description content encoded summary body".split())
_VOID = frozenset("area base br col embed hr img input meta param track wbr".split())
_MODULES = frozenset(name.lower() for name in USUAL) - {"xhtml", "xlink"}
_USUAL = {name.lower(): address for name, address in USUAL.items()}
_NAME = re.compile(r"(?:([a-z_][a-z0-9_.-]*):)?([a-z_][a-z0-9_.-]*)")
# sgmllib writes all names in lower case. Those of elements are read in any.
_WRITTEN = {"ispermalink": "isPermaLink", "filesize": "fileSize", "isdefault": "isDefault"}


@dataclass(frozen=True, slots=True)
class _Open:
    name: str
    local: str
    prefixes: frozenset[str]  # declared here or around


@dataclass(slots=True, kw_only=True)
class _Order:
    """Puts tags in order as they come, and writes what they make: `out`, in pieces."""

    max_entries: int
    out: list[str] = field(default_factory=list)
    root: str | None = None
    _stack: list[_Open] = field(default_factory=list)
    _names: Counter[str] = field(default_factory=Counter)  # of the stack
    _entries: int = 0
    _entry_at: int | None = None  # where in `out` the open entry begins

    def start(self, tag: str, attributes: list[tuple[str, str]]) -> None:
        name = _NAME.fullmatch(tag)
        if name is None or len(self._stack) >= _DEEPEST:
            return
        prefix, local = name[1] or "", name[2]
        if self.root is None:
            self.root = local
        if local in _ROOTS and (prefix in ("", "rdf") or prefix in _MODULES):
            # A second root is that of a second document behind the first.
            if not self._stack or (local == "channel" and not self._names["channel"]):
                self._push(tag, prefix, local, attributes)
            return
        if local in _ENTRIES and not self._within_body():
            self._start_entry(tag, prefix, local, attributes)
            return
        if not self._stack:
            return
        if (text := self._open_text()) is not None:
            if (local in _TEXTS and local not in _HTML_TOO) or prefix in _MODULES:
                self._close(text)
            elif local in _HTML_TOO and text == len(self._stack) - 1:
                if self._stack[text].local not in _BODIES:
                    self._close(text)
            elif local in _VOID:
                self._push(tag, prefix, local, attributes)
                self._close(len(self._stack) - 1)
                return
        self._push(tag, prefix, local, attributes)

    def end(self, tag: str) -> None:
        local = tag.rpartition(":")[2]
        if local in _ROOTS:
            self._close_entry()
            # Entries may follow in spite of it, but in RDF they do so by the book.
            if local == "channel" and self._stack and self._stack[0].local == "rdf":
                self._close_name(tag)
        elif local in _ENTRIES and self._entry_at is not None and not self._names[tag]:
            self._close_entry()
        else:
            self._close_name(tag)

    def text(self, text: str) -> None:
        if self._stack:
            self.out.append(
                text.replace("<", "&lt;").replace(">", "&gt;").replace(_MASK, "&")
            )

    def finish(self) -> bool:
        """Close what is open; whether that was an entry, which is left out then."""
        broken_off = self._entry_at is not None
        if self._entry_at is not None:
            while self._stack[-1].local not in _ENTRIES:
                self._pop()
            self._pop()
            del self.out[self._entry_at :]
        self._close(0)
        return broken_off

    # --- the open elements

    def _start_entry(
        self, tag: str, prefix: str, local: str, attributes: list[tuple[str, str]]
    ) -> None:
        self._close_entry()
        if self._entries >= self.max_entries:
            raise _EnoughError
        if not self._stack:
            for name, given in _SYNTHETIC[local]:
                self._push(name, "", name, given)
        # Whatever of the head was not closed ends here, and `items`, `channel` stay.
        while len(self._stack) > 1 and self._stack[-1].local not in _ROOTS:
            self._close(len(self._stack) - 1)
        self._entries += 1
        self._entry_at = len(self.out)
        self._push(tag, prefix, local, attributes)

    def _close_entry(self) -> None:
        if self._entry_at is None:
            return
        depth = len(self._stack) - 1
        while self._stack[depth].local not in _ENTRIES:
            depth -= 1
        self._close(depth)

    def _within_body(self) -> bool:
        """Whether what comes is part of the markup of an article."""
        text = self._open_text()
        return text is not None and text < len(self._stack) - 1

    def _open_text(self) -> int | None:
        """Where the outermost open element that holds text stands."""
        if len(self._stack) < 2 or self._stack[-1].local in _ENTRIES:
            return None
        for depth, one in enumerate(self._stack):
            if one.local in _TEXTS and depth > 0:
                return depth
        return None

    def _close_name(self, tag: str) -> None:
        if not self._names[tag]:
            return
        depth = len(self._stack) - 1
        while self._stack[depth].name != tag:
            if self._stack[depth].local in _ENTRIES:
                return  # what is open around an entry is not closed from within
            depth -= 1
        self._close(depth)

    def _close(self, depth: int) -> None:
        """Close the element at `depth` and all within."""
        while len(self._stack) > depth:
            self.out.append(f"</{self._pop().name}>")

    def _pop(self) -> _Open:
        closed = self._stack.pop()
        self._names[closed.name] -= 1
        if closed.local in _ENTRIES and not any(one.local in _ENTRIES for one in self._stack):
            self._entry_at_closed()
        return closed

    def _entry_at_closed(self) -> None:
        self._entry_at = None

    def _push(self, tag: str, prefix: str, local: str, attributes: list[tuple[str, str]]) -> None:
        given: dict[str, str] = {}
        for key, value in attributes[:_MOST_ATTRIBUTES]:
            if _NAME.fullmatch(key) is not None and key not in given:
                given[key] = value
        around = self._stack[-1].prefixes if self._stack else frozenset({"xml"})
        prefixes = around | {key[6:] for key in given if key.startswith("xmlns:") and given[key]}
        used = {prefix, *(key.partition(":")[0] for key in given if ":" in key)} - {"", "xmlns"}
        for name in used - prefixes:
            given[f"xmlns:{name}"] = _USUAL.get(name, f"urn:undeclared:{name}")
        prefixes |= used
        said = "".join(
            f' {_WRITTEN.get(key, key)}="{_attribute(value)}"'
            for key, value in given.items()
            if not (key.startswith("xmlns:") and (not value or key in ("xmlns:xml", "xmlns:xmlns")))
        )
        self.out.append(f"<{tag}{said}>")
        self._stack.append(_Open(tag, local, prefixes))
        self._names[tag] += 1


def _attribute(value: str) -> str:
    return value.replace(_MASK, "&").replace("<", "&lt;").replace('"', "&quot;")
