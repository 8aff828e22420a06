"""What differs between two versions of a text, word by word.

Versions of an article are compared paragraph by paragraph, and within those that differ word by
word: that is how people correct texts, and how they look for what was corrected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from feedsvc.text.html import plain

Kind = Literal["equal", "delete", "insert"]

_MOST = 2_000  # paragraphs, or words of one, that are compared; more of them is another text
_MOST_PAIRS = 2_500  # of paragraphs that may be one another, corrected
_AROUND = 6  # words beside a change that are shown

_BLOCK = re.compile(
    r"</?(?:address|article|aside|blockquote|br|caption|dd|details|div|dl|dt|figcaption|figure|"
    r"footer|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|summary|table|tbody|td|tfoot|th|thead|"
    r"tr|ul)\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>",
    re.IGNORECASE,
)
_WORD = re.compile(r"\S+\s*")


class Piece(NamedTuple):
    """A run of words that stayed, went or came."""

    kind: Kind
    text: str


def paragraphs(html: str) -> list[str]:
    """The paragraphs of a body as plain text."""
    return [text for part in _BLOCK.split(html) if (text := plain(part, None))]


def compare(old: str, new: str) -> tuple[Piece, ...]:
    """What became of the words of one paragraph."""
    return tuple(_pieces(_WORD.findall(old), _WORD.findall(new)))


def compare_all(old: Sequence[str], new: Sequence[str]) -> list[tuple[Piece, ...]]:
    """The paragraphs that changed, each with what became of its words."""
    found: list[tuple[Piece, ...]] = []
    for gone, come in _changes(old, new):
        if len(gone) * len(come) <= _MOST_PAIRS:
            found += _paired(gone, come)
        else:
            found += [(Piece("delete", text),) for text in gone]
            found += [(Piece("insert", text),) for text in come]
    return found


def _paired(gone: Sequence[str], come: Sequence[str]) -> Iterator[tuple[Piece, ...]]:
    """Each paragraph that went beside the first that came and is like it."""
    left = list(come)
    for old in gone:
        near = next((at for at, new in enumerate(left) if _alike(old, new)), None)
        if near is None:
            yield (Piece("delete", old),)
            continue
        yield from ((Piece("insert", new),) for new in left[:near])
        yield compare(old, left[near])
        left = left[near + 1 :]
    yield from ((Piece("insert", new),) for new in left)


def _alike(old: str, new: str) -> bool:
    """Whether one paragraph may be another, corrected: half of their words are the same."""
    ours, theirs = set(old.split()), set(new.split())
    return 2 * len(ours & theirs) >= max(len(ours), len(theirs))


def _pieces(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    at = 0
    for begin, gone, come in _spans(old, new):
        if begin > at:
            yield Piece("equal", "".join(old[at:begin]))
        if gone:
            yield Piece("delete", "".join(gone))
        if come:
            yield Piece("insert", "".join(come))
        at = begin + len(gone)
    if at < len(old):
        yield Piece("equal", "".join(old[at:]))


def _changes(
    old: Sequence[str], new: Sequence[str]
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    return ((gone, come) for _, gone, come in _spans(old, new))


def _spans(
    old: Sequence[str], new: Sequence[str]
) -> Iterator[tuple[int, Sequence[str], Sequence[str]]]:
    """Where something changed, what went there and what came instead."""
    head = 0
    while head < min(len(old), len(new)) and old[head].rstrip() == new[head].rstrip():
        head += 1
    tail = 0
    most = min(len(old), len(new)) - head
    while tail < most and old[-1 - tail].rstrip() == new[-1 - tail].rstrip():
        tail += 1
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    if not old and not new:
        return
    if max(len(old), len(new)) > _MOST:  # it would take longer than anybody waits
        yield head, old, new
        return
    ours, theirs = [one.rstrip() for one in old], [one.rstrip() for one in new]
    for tag, i, j, k, m in SequenceMatcher(None, ours, theirs).get_opcodes():
        if tag != "equal":
            yield head + i, old[i:j], new[k:m]


# -- as people read it -----------------------------------------------------------------------------


def marked(pieces: Sequence[Piece]) -> str:
    """A change in one line: `the [-red-] {+green+} crane`, with a few words around it."""
    shown: list[str] = []
    for number, piece in enumerate(pieces):
        text = piece.text.strip()
        if piece.kind == "delete":
            shown.append(f"[-{text}-]")
        elif piece.kind == "insert":
            shown.append(f"{{+{text}+}}")
        else:
            shown.append(_around(text, first=number == 0, last=number == len(pieces) - 1))
    return " ".join(shown)


def _around(text: str, *, first: bool, last: bool) -> str:
    words = text.split()
    if first and last:
        return text
    if first:
        return text if len(words) <= _AROUND else f"… {' '.join(words[-_AROUND:])}"
    if last:
        return text if len(words) <= _AROUND else f"{' '.join(words[:_AROUND])} …"
    if len(words) <= 2 * _AROUND:
        return text
    return f"{' '.join(words[:_AROUND])} … {' '.join(words[-_AROUND:])}"
