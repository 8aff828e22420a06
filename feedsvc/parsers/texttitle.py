"""The title of a plain text: its first line, or what stands above it and below it instead."""

from __future__ import annotations

import re
from collections.abc import Sequence

from feedsvc.errors import ParseError
from feedsvc.parsers.labels import Field, fields_of
from feedsvc.parsers.texthead import Head
from feedsvc.parsers.textlines import LABEL, LONGEST_TITLE, Mention
from feedsvc.text.clean import one_line

HEAD_MOST = 60
"""Lines of a head, at most."""

_NO_TITLE = re.compile(r"[\W_]*")
# What is shown as a picture, and is no rule of dashes or stars (Unicode emoji-data.txt).
_EMOJI = re.compile(
    "[\u203c-\u3299]\ufe0f|[\u231a\u231b\u23e9-\u23f3\u2614\u2615\u2648-\u2653\u267f\u2693\u26a1\u26aa-\u26fd"
    "\u2705-\u270b\u2728\u274c-\u2757\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55\U0001f000-\U0001faff]"
)


def read_title(lines: Sequence[str], head: Head) -> int:
    """Take the title, and labels that stand before it; the index of the line after them."""
    first = _next(lines, 0)
    signs = _emoji(lines[:first])
    if signs is not None and (first is None or not _is_led(lines, signs, first, head)):
        head.title = one_line(lines[signs])
        return signs + 1
    if first is None:
        raise ParseError(
            "the file holds no text",
            hint="put the title into its first line, or remove the file",
        )
    at: int | None = first
    before: list[Mention] = []
    if _titled_below(lines, first, head):
        while at is not None and (mentions := _before_title(lines[at], head)):
            before += mentions
            if any(mention.field is Field.TITLE and mention.value for mention in mentions):
                head.take(before)
                return at + 1
            at = _next(lines, at + 1)
    if at is None:  # labels only
        at, before = first, []
    head.take([mention for mention in before if mention.value])
    line = lines[at]
    if len(line) > LONGEST_TITLE:
        head.warnings.append(
            "the first line is too long for a title; shortened, and kept in the text"
        )
        head.title = _shortened(line)
        head.opening = line
        return at + 1
    head.title = _bare_title(line)
    if signs is not None:
        head.title = f"{one_line(lines[signs])} {head.title}"
    return at + 1


def _emoji(lines: Sequence[str]) -> int | None:
    """The line that is a title of nothing but emoji, or leads one."""
    drawn = (at for at, line in enumerate(lines) if _EMOJI.search(line[:1000]))
    return next(drawn, None)


def _is_led(lines: Sequence[str], signs: int, first: int, head: Head) -> bool:
    """Do the emoji belong to the title below them? "🚨🚨🚨" above a headline does."""
    near = first == signs + 1 or is_subtitle(lines, first, head)
    return near and _is_heading(lines[first]) and not _before_title(lines[first], head)


def _is_heading(line: str) -> bool:
    return len(line) <= 160 and not line.endswith((".", ",", ";"))


def _next(lines: Sequence[str], start: int) -> int | None:
    """The next line that holds a word; rules of dashes and the like are passed over."""
    for index in range(start, len(lines)):
        if lines[index] and not _NO_TITLE.fullmatch(lines[index][:1000]):
            return index
    return None


def _before_title(line: str, head: Head) -> tuple[Mention, ...]:
    """Labels and dates, but no byline: "Von Mäusen und Menschen" is a title."""
    mentions = head.says(line)
    if any(mention.field is Field.AUTHOR and not mention.label for mention in mentions):
        return ()
    return mentions


def _titled_below(lines: Sequence[str], first: int, head: Head) -> bool:
    """Do the lines from `first` on lead to a title further down?

    A title may look like a label line ("Quelle: ein Rätsel"): only what is followed by something
    that can be a title is one.
    """
    at: int | None = first
    for _ in range(HEAD_MOST):
        if at is None:
            return False
        mentions = _before_title(lines[at], head)
        if any(mention.field is Field.TITLE and mention.value for mention in mentions):
            return True
        if not mentions:
            return at != first and _is_heading(lines[at])
        at = _next(lines, at + 1)
    return False


def _bare_title(line: str) -> str:
    found = re.match(r"#{1,6}\s+(?=\S)", line)
    bare = line[found.end() :].rstrip("# ") if found else line
    label = LABEL.fullmatch(bare)
    if label is not None and label["value"] and Field.TITLE in fields_of(label["label"]):
        bare = label["value"]
    title = one_line(bare) or one_line(line)
    stripped = title.strip("*_")
    return stripped if stripped and title.startswith("**") and title.endswith("**") else title


def _shortened(line: str) -> str:
    cut = line[:140]
    end = re.match(r".{20,139}?[.!?](?=\s)", line[:200])
    if end is not None:
        return one_line(end[0])
    return one_line(cut.rsplit(" ", 1)[0]).rstrip(",;:- ") + "…"


def is_subtitle(lines: Sequence[str], at: int, head: Head) -> bool:
    """A short line between title and date that is no sentence is the subtitle."""
    if not _is_heading(lines[at]) or lines[at].startswith(("- ", "* ", "> ", "#")):
        return False
    below = next_line(lines, at + 1)
    return below is not None and any(e.value for e in head.says(lines[below]))


def next_line(lines: Sequence[str], start: int) -> int | None:
    """The next line that is not blank, if it is near."""
    for index in range(start, min(len(lines), start + 10)):
        if lines[index]:
            return index
    return None
