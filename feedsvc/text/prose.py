"""Plain text -> HTML: what a reader sees as a paragraph, list, quote or subhead becomes one.

Every line is looked at a fixed number of times, so that the cost grows with the text and no faster.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal

from feedsvc.text.clean import INVISIBLE, trim

_WIDEST_WRAP = 100  # characters; longer lines are paragraphs, not wrapped ones
_NARROWEST_WRAP = 30


def to_html(lines: Sequence[str], markup: Literal["auto", "none"] = "auto") -> str:
    """The body of an article as HTML; `lines` are clean (`clean.normalise`) and hold no newline."""
    body = _Layout.of(lines)
    writer = _Writer(body)
    for line in body.lines:
        writer.feed(line, markup)
    return writer.close()


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    indented: bool


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a text marks its paragraphs, which only the whole of it tells."""

    lines: tuple[_Line, ...]
    spaced: bool  # blank lines separate paragraphs
    wrapped: bool  # lines without a blank one between them belong together
    width: int  # where wrapped lines end

    @classmethod
    def of(cls, raw: Sequence[str]) -> _Layout:
        lines = [_Line(trim(line), line[:1] in " \t") for line in raw]
        start, end = 0, len(lines)
        while start < end and not lines[start].text:
            start += 1
        while end > start and not lines[end - 1].text:
            end -= 1
        kept = tuple(lines[start:end])
        spaced = any(not line.text for line in kept)
        # The last line of a paragraph has any length: only those that another follows tell.
        inner = [
            line.text
            for line, following in itertools.pairwise(kept)
            if line.text and following.text and not _MARKED.match(line.text)
        ]
        lengths = [len(text) for text in inner]
        width = max(lengths, default=0)
        if spaced:
            ends = sum(
                length > _WIDEST_WRAP and _ends(t) for length, t in zip(lengths, inner, strict=True)
            )
            wrapped = ends * 2 <= len(inner)
        else:
            wrapped = _similar(lengths) and sum(map(_ends, inner)) * 2 <= len(inner)
        return cls(kept, spaced, wrapped, width)


def _similar(lengths: list[int]) -> bool:
    """Are most lines of about one length, as a typewriter or an e-mail program leaves them?"""
    if not lengths:
        return False
    short = [length for length in lengths if length <= _WIDEST_WRAP]
    widest = max(short, default=0)
    alike = sum(length >= widest * 0.7 for length in short)
    return widest >= _NARROWEST_WRAP and alike * 2 > len(lengths)


_SENTENCE_END = re.compile("[.!?…:][\"'”“’»«›‹)\\]]*$")


def _ends(text: str) -> bool:
    """Does a sentence end with this line? Only its tail is looked at."""
    return _SENTENCE_END.search(text[-6:]) is not None


_ITEM = re.compile(r"[-*•] +(?=\S)")
_QUOTE = re.compile(r">+(?: +|$)")
_HEADING = re.compile(r"(#{1,6}) +(?=\S)")
_RULE = re.compile(r"(?:[-*_=~•#] ?){3,}")
_MARKED = re.compile(r"[-*•] |>|#{1,6} ")


@dataclass(slots=True)
class _Writer:
    """Collects lines into one open block and writes it when another kind begins."""

    layout: _Layout
    out: list[str] = field(default_factory=list)
    kind: str = ""  # p, item, quote; empty: nothing is open
    open_lines: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    quote: list[str] = field(default_factory=list)

    def feed(self, line: _Line, markup: str) -> None:
        text = line.text
        if not text:
            self._end_lines()
            if self.kind != "item":  # a list may go on after a blank line
                self._end_block()
            return
        if markup == "auto" and self._marked(line):
            return
        if self.kind == "quote":
            self._end_block()
        if self.open_lines and self._continues(line):
            self.open_lines.append(text)
            return
        self._end_lines()
        if self.kind != "p":
            self._end_block()
            self.kind = "p"
        self.open_lines = [text]

    def close(self) -> str:
        self._end_lines()
        self._end_block()
        return "\n".join(self.out)

    def _marked(self, line: _Line) -> bool:
        text = line.text
        if len(text) <= _WIDEST_WRAP and _RULE.fullmatch(text):
            self._end_lines()
            self._end_block()
            self.out.append("<hr>")
        elif found := _HEADING.match(text):
            self._end_lines()
            self._end_block()
            level = max(2, len(found[1]))  # h1 is the title of the article
            words = text[found.end() :].rstrip("#").rstrip()
            self.out.append(f"<h{level}>{inline(words)}</h{level}>")
        elif found := _ITEM.match(text):
            self._end_lines()
            if self.kind != "item":
                self._end_block()
                self.kind = "item"
            self.open_lines = [text[found.end() :]]
        elif found := _QUOTE.match(text):
            if self.kind != "quote":
                self._end_lines()
                self._end_block()
                self.kind = "quote"
            inner = text[found.end() :]
            if inner and not (self.open_lines and self._continues(_Line(inner, False))):
                self._end_lines()
                self.open_lines = [inner]
            elif inner:
                self.open_lines.append(inner)
            else:
                self._end_lines()
        else:
            return False
        return True

    def _continues(self, line: _Line) -> bool:
        """Is this line the rest of the paragraph or item that is open?"""
        last = self.open_lines[-1]
        if _torn(last, line.text):
            return True
        if self.kind == "item":
            wide = self.layout.wrapped and self.layout.width >= _NARROWEST_WRAP
            return line.indented or (wide and not self._fits(last, line.text))
        if not self.layout.wrapped:
            return False
        if self.layout.spaced or self.kind == "quote":
            return True
        # Without blank lines a paragraph ends with a sentence, well before the margin.
        return not (
            _ends(last) and len(last) < self.layout.width * 0.8 and self._fits(last, line.text)
        )

    def _fits(self, last: str, text: str) -> bool:
        """Would the first word of `text` have fitted behind `last`?"""
        first = text[: self.layout.width].split(" ", 1)[0]
        return len(last) + 1 + len(first) <= self.layout.width

    def _end_lines(self) -> None:
        if not self.open_lines:
            return
        words = inline("".join(_joined(self.open_lines)))
        self.open_lines = []
        if self.kind == "item":
            self.items.append(f"<li>{words}</li>")
        elif self.kind == "quote":
            self.quote.append(f"<p>{words}</p>")
        else:
            self.out.append(f"<p>{words}</p>")

    def _end_block(self) -> None:
        if self.items:
            self.out.append("<ul>\n" + "\n".join(self.items) + "\n</ul>")
            self.items = []
        if self.quote:
            self.out.append("<blockquote>\n" + "\n".join(self.quote) + "\n</blockquote>")
            self.quote = []
        self.kind = ""


# "Hin-\nund Rückfahrt": the hyphen stands for a part that follows, and stays.
_JOINS = frozenset(
    "und oder bis bzw and or to et ou y o u e ed od en of och eller og i oraz lub".split()
)


def _torn(last: str, text: str) -> bool:
    """Does `last` end in the middle of a word?"""
    return (
        len(last) > 1 and last[-1] in "-\u2010\u00ad" and last[-2].isalpha() and text[:1].islower()
    )


def _joined(lines: Sequence[str]) -> Iterator[str]:
    for last, text in zip(lines, (*lines[1:], ""), strict=True):
        hyphen = len(last) > 1 and last[-1] in "-\u2010\u00ad" and last[-2].isalnum()
        if not text:
            yield last.rstrip("\u00ad")
        elif not hyphen or "://" in last[-2000:].rsplit(" ", 1)[-1]:
            yield last + " "
        elif last[-1] == "\u00ad":
            yield last[:-1]
        elif text[:12].split(" ", 1)[0].rstrip(",.") in _JOINS:
            yield last + " "
        elif text[0].islower() and last[-2].isalpha():
            yield last[:-1]
        else:  # "Nord-\nSüd-Gefälle", "2020-\n2025"
            yield last if text[0].isalnum() else last + " "


_URL = re.compile(
    r"(?<![A-Za-z0-9])https?://[^\s<>\"“”„«»‹›`{}|\\^，。、；：！？）（】【》《」「』『]+",
    re.IGNORECASE,
)
_LONGEST_URL = 2000
_TRAILING = ".,;:!?'’‘*_~…" + INVISIBLE
_PAIRS = {")": "(", "]": "["}


def inline(text: str) -> str:
    """Text as HTML: everything escaped, bare http and https addresses linked."""
    if "://" not in text:
        return escape(text, quote=False)
    out: list[str] = []
    done = 0
    for found in _URL.finditer(text):
        end = _end_of_url(text, found.start(), found.end())
        if end is None:
            continue
        url = escape(text[found.start() : end])
        out += (escape(text[done : found.start()], quote=False), f'<a href="{url}">{url}</a>')
        done = end
    out.append(escape(text[done:], quote=False))
    return "".join(out)


def _end_of_url(text: str, start: int, end: int) -> int | None:
    """Where the address ends and the sentence around it goes on; None if it is no address."""
    if end - start > _LONGEST_URL:
        return None
    # Counted once: each closing bracket that is cut off lowers the count.
    surplus = {c: text.count(c, start, end) - text.count(o, start, end) for c, o in _PAIRS.items()}
    while end > start:
        last = text[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    host = text.find("://", start, end) + 3
    return end if host < end and (text[host].isalnum() or text[host] == "[") else None
