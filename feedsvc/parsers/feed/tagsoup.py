"""Markup in which no XML parser finds a feed -> the tags that feedparser finds in it, one by one.

    level     comments, CDATA, declarations and stray signs go, in one pass over the text
    tags      feedparser's tolerant parser tells start tags, attributes and end tags apart
    root      what begins with an entry gets the root it has lost

What comes out is clean in each tag, but not in their order: that is the work of `mend`. feedparser
is asked for tags only. Its own result would not do, since it resolves ids, takes `&copy=` in an
address for ©, and reads dates by other rules: a feed that comes here on one day and is well-formed
on the next would have all its articles twice. It also leaves feedparser's quadratic parts out.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from html import unescape

from feedparser.api import LooseFeedParser

MOST_TAGS = 150_000
_LONGEST_TAG = 64 * 1024  # characters; the pattern that finds its end keeps a state for each
_MOST_ATTRIBUTES = 50  # of one element
_MASK = "\x01"  # stands for `&` where feedparser is not to see it; no text of a feed can hold it


@dataclass(frozen=True, slots=True, kw_only=True)
class Soup:
    """What was found: markup that begins with the root of a feed, or nothing.

    `root` is the name of the first element, whatever it was; `cut` tells that there was more.
    """

    markup: str = ""
    root: str | None = None
    cut: bool = False


def find_tags(text: str) -> Soup:
    """The tags in `text`, from the root of a feed or else its first entry on."""
    tags, cut = _first_tags(level(text))
    found = _Tags()
    with suppress(_PageError):
        found.feed(tags)
    return Soup(markup="".join(found.out), root=found.root, cut=cut)


def _first_tags(text: str) -> tuple[str, bool]:
    if text.count("<") <= MOST_TAGS:
        return text, False
    signs = re.finditer("<", text)
    for _ in range(MOST_TAGS):
        next(signs)
    return text[: next(signs).start()], True


# --- signs


_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML 1.0 §2.2
_SECTION = re.compile(r"<(?:!--|!\[CDATA\[|[?!])")
_ENDS = {"<!--": "-->", "<![CDATA[": "]]>", "<?": ">", "<!": ">"}
_STRAY = re.compile(rf"<(?!/?[A-Za-z])|<(?=[^<>]{{{_LONGEST_TAG}}})")
_NO_REFERENCE = re.compile(r"&(?!#?[A-Za-z0-9]{1,32};)")
_REFERENCE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)#?[A-Za-z0-9]{1,32};")
_MASKED_TAG = re.compile(rf"<[^<>{_MASK}]*{_MASK}[^<>]*>")


def level(text: str) -> str:
    """`text` as nothing but tags and character data, where each `<` opens a tag; linear.

    A `&` outside of tags is masked, so that character data is one piece whatever it quotes.
    """
    text = _ILLEGAL.sub("", text)
    pieces: list[str] = []
    endless: set[str] = set()  # marks whose end was not found once are not searched for again
    start = 0
    while (found := _SECTION.search(text, start)) is not None:
        pieces.append(_markup(text[start : found.start()]))
        mark, start = found[0], found.end()
        end = -1 if mark in endless else text.find(_ENDS[mark], start)
        if end >= 0 and mark == "<!" and text.find("[", start, end) >= 0 and "]" not in endless:
            subset = text.find("]", end)  # of a DOCTYPE: its declarations have a `>` each
            end = text.find(">", subset) if subset >= 0 else end
            endless.add("]")  # a document has one
        if end < 0:
            endless.add(mark)
            continue
        if mark == "<![CDATA[":
            pieces.append(_quoted(text[start:end]))
        start = end + len(_ENDS[mark])
    pieces.append(_markup(text[start:]))
    return "".join(pieces)


def _quoted(text: str) -> str:
    text = text.replace("&", f"{_MASK}amp;")
    return text.replace("<", f"{_MASK}lt;").replace(">", f"{_MASK}gt;")


def _markup(text: str) -> str:
    if "<" in text:
        text = _STRAY.sub("&lt;", text)
    if "&" in text:
        text = _REFERENCE.sub(_resolved, _NO_REFERENCE.sub("&amp;", text)).replace("&", _MASK)
        if "<" in text:
            text = _MASKED_TAG.sub(_unmasked, text)
    return text


def _resolved(reference: re.Match[str]) -> str:
    """The character a reference of HTML names; `&amp;` for what is none."""
    said = reference[0]
    meant = unescape(said)
    if meant == said or _ILLEGAL.search(meant) is not None:
        return f"&amp;{said[1:]}"
    meant = meant.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return meant.replace('"', "&quot;").replace("'", "&apos;")


def _unmasked(tag: re.Match[str]) -> str:
    return tag[0].replace(_MASK, "&")


# --- tags


class _PageError(Exception):
    """This is an HTML page, whatever its scripts quote."""


_ROOTS = frozenset({"rss", "rdf", "feed", "channel"})
_PAGES = frozenset({"html", "head", "body", "frameset"})
_LOST = {
    "item": '<rss version="2.0"><channel>',
    "entry": '<feed xmlns="http://www.w3.org/2005/Atom">',
}
_NAME = re.compile(r"(?:[a-z_][a-z0-9_.-]*:)?[a-z_][a-z0-9_.-]*", re.IGNORECASE)
_WRITTEN = re.compile(r"(?<=[<\s\"'])[A-Za-z_][A-Za-z0-9_.:-]*")


class _Tags(LooseFeedParser):  # type: ignore[misc]  # feedparser has no types
    """Writes the tags that feedparser finds, rather than to let it build its own result."""

    def __init__(self) -> None:
        super().__init__("", None, "utf-8", {})
        self.out: list[str] = []
        self.root: str | None = None

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> None:
        local = tag.rpartition(":")[2]
        if self.root is None:
            self.root = local
        if not self.out:
            if local in _PAGES:
                raise _PageError
            if local in _LOST:
                self.out.append(_LOST[local])
            elif local not in _ROOTS:
                return
        # sgmllib knows no upper case: `isPermaLink` and `CHANNEL` are found in what was written.
        text = self.get_starttag_text() or ""
        written = {name.lower(): name for name in reversed(_WRITTEN.findall(text))}
        if _NAME.fullmatch(tag) is None:
            return
        kept: dict[str, str] = {}
        for name, value in attrs[:_MOST_ATTRIBUTES]:
            if _NAME.fullmatch(name) is not None:
                kept.setdefault(written.get(name, name), _attribute(value))
        said = "".join(f' {name}="{value}"' for name, value in kept.items())
        self.out.append(f"<{written.get(tag, tag)}{said}>")

    def unknown_endtag(self, tag: str) -> None:
        if self.out and _NAME.fullmatch(tag) is not None:
            self.out.append(f"</{tag}>")

    def handle_data(self, text: str, escape: int = 1) -> None:  # noqa: ARG002
        if self.out:
            text = text.replace("<", "&lt;").replace(">", "&gt;")
            self.out.append(text.replace(_MASK, "&"))


def _attribute(value: str) -> str:
    return value.replace(_MASK, "&").replace("<", "&lt;").replace('"', "&quot;")
