"""Front matter: the values above a Markdown text, in whichever of four notations.

    ---      YAML        Jekyll, Hugo, Obsidian and most others
    +++      TOML        Hugo, Zola
    {        JSON        Hugo
    Title:   plain       Pelican, MultiMarkdown

YAML values come as the text that was written: YAML 1.1 would make `False` of a title "No" and 1.1
of a version 1.10. `metadata.fields` gives the values their meaning.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable

import yaml

from feedsvc.errors import ParseError
from feedsvc.parsers.metadata import fields
from feedsvc.parsers.metakeys import is_known

__all__ = ["fields", "split"]

_LONGEST = 256 * 1024  # characters; more is no head of an article
_MOST_VALUES = 10_000
_DEEPEST = 20

_FENCE = re.compile(r"\s*(?P<mark>---|\+\+\+)[ \t]*\n")
# From the newline on: `^` would be tried at every character.
_YAML_END = re.compile(r"\n(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_TOML_END = re.compile(r"\n\+\+\+[ \t]*$", re.MULTILINE)
_YAML_KEY = re.compile(r"\s*(?:#.*\n\s*)*[\w\"'][^\n:]{0,60}:(?:[ \t]|$)", re.MULTILINE)
_TOML_KEY = re.compile(r"\s*(?:#.*\n\s*)*(?:\[|[\w\"'.-]+\s*=)")
_JSON_HEAD = re.compile(r"\s*\{\s*(?:\"|\})")


def split(text: str) -> tuple[dict[str, object], str]:
    """The values at the head of `text`, and the text below; ParseError if the head is broken.

    A first line `---` that opens no front matter is a thematic break and stays in the text.
    """
    fence = _FENCE.match(text)
    if fence is not None:
        return _fenced(text, fence)
    if _JSON_HEAD.match(text[:1_000]) is not None:
        return _json(text)
    return _plain(text)


def _fenced(text: str, fence: re.Match[str]) -> tuple[dict[str, object], str]:
    toml = fence["mark"] == "+++"
    end = (_TOML_END if toml else _YAML_END).search(text, fence.end() - 1)
    line = text.count("\n", 0, fence.end())
    if end is None:
        if (_TOML_KEY if toml else _YAML_KEY).match(text, fence.end(), fence.end() + 1_000) is None:
            return {}, text
        raise ParseError(
            f"front matter is not closed: line {line} opens it",
            hint=f"put a line {fence['mark']} below the last value",
        )
    head, body = text[fence.end() : end.start() + 1], text[end.end() :].removeprefix("\n")
    _bound(head)
    if toml:
        return _toml(head, line), body
    found = _yaml(head, line)
    return (found, body) if found is not None else ({}, text)


def _bound(head: str) -> None:
    if len(head) > _LONGEST:
        raise ParseError(
            f"front matter is longer than {_LONGEST // 1024} KiB",
            hint="close it with a line of its own above the text",
        )


# --- YAML


def _yaml(head: str, line: int) -> dict[str, object] | None:
    """The mapping `head` holds; None if it is prose between two thematic breaks."""
    try:
        found = _Builder(head).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = line + 1 + (mark.line if mark is not None else 0)
        raise ParseError(
            f"front matter, line {at}: {error.problem or error.context or 'not YAML'}",
            hint=_yaml_hint(head, at - line - 1),
        ) from error
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        raise ParseError(f"front matter, line {line + 1}: not YAML", hint=_A_LINE_EACH) from error
    if found == "":
        return {}
    return found if isinstance(found, dict) else None


_A_LINE_EACH = "write one `key: value` a line"


def _yaml_hint(head: str, index: int) -> str:
    lines = head.split("\n")
    around = lines[max(index - 1, 0) : index + 1]
    if any("\t" in one[: len(one) - len(one.lstrip())] for one in around):
        return "indent with spaces: YAML takes no tabs"
    return "put a value that holds `: `, `#` or quotes between quotes"


_NULLS = frozenset({"~", "null", "Null", "NULL"})


class _Builder:
    """Values out of YAML's events, without recursion in C: deep nesting would end the process.

    Scalars stay text, a later key replaces an equal one, and aliases are followed as long as they
    do not multiply beyond measure.
    """

    def __init__(self, head: str) -> None:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(head)
        self._next: Callable[[], yaml.Event | None] = loader.get_event
        self._anchors: dict[str, tuple[object, int]] = {}
        self._values = 0

    def document(self) -> object:
        for _ in range(2):  # StreamStart, DocumentStart
            event = self._next()
        if event is None or isinstance(event, yaml.StreamEndEvent):
            return ""
        return self._value(self._next(), 0)

    def _value(self, event: yaml.Event | None, depth: int) -> object:
        if type(event) is yaml.ScalarEvent and event.anchor is None:  # nearly all of them
            self._count(1)
            return "" if event.value in _NULLS and event.implicit[0] else event.value
        before = self._count(1)
        if depth > _DEEPEST:
            raise ParseError(
                f"front matter is nested deeper than {_DEEPEST} levels", hint=_A_LINE_EACH
            )
        value: object = ""
        if isinstance(event, yaml.ScalarEvent):
            value = event.value
            if event.implicit[0] and value in _NULLS:
                value = ""
        elif isinstance(event, yaml.AliasEvent):
            value, weight = self._anchors.get(event.anchor or "", ("", 0))
            self._count(weight)
        elif isinstance(event, yaml.SequenceStartEvent):
            items: list[object] = []
            while not isinstance(child := self._next(), yaml.SequenceEndEvent):
                items.append(self._value(child, depth + 1))
            value = items
        elif isinstance(event, yaml.MappingStartEvent):
            value = self._mapping(depth)
        anchor = getattr(event, "anchor", None)
        if anchor and not isinstance(event, yaml.AliasEvent):
            self._anchors[anchor] = (value, self._values - before)
        return value

    def _mapping(self, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        merged: dict[str, object] = {}
        while not isinstance(child := self._next(), yaml.MappingEndEvent):
            key = self._value(child, depth + 1)
            value = self._value(self._next(), depth + 1)
            if key == "<<":  # merge key: what is written beside it wins
                for one in value if isinstance(value, list) else [value]:
                    if isinstance(one, dict):
                        merged = one | merged
            elif isinstance(key, str):
                found[key] = value
        return merged | found

    def _count(self, weight: int) -> int:
        self._values += weight
        if self._values > _MOST_VALUES:
            raise ParseError(
                f"front matter holds more than {_MOST_VALUES:,} values, repeated ones counted",
                hint="leave out what is not about the article",
            )
        return self._values


# --- TOML and JSON

_BARE_DATE = re.compile(
    r"^(\s*[\w.\"'-]+\s*=\s*)(\d{4}-\d\d-\d\d[^\"'#\n]*?)\s*(#.*)?$", re.MULTILINE
)


def _toml(head: str, line: int) -> dict[str, object]:
    try:
        return tomllib.loads(head)
    except (tomllib.TOMLDecodeError, RecursionError) as first:
        # A date such as 2025-02-30 must cost this value, not the document: take dates as text.
        quoted = _BARE_DATE.sub(r'\1"\2"', head)
        try:
            if quoted != head:
                return tomllib.loads(quoted)
        except (tomllib.TOMLDecodeError, RecursionError):
            pass
        raise _toml_error(str(first), line) from first


def _toml_error(message: str, line: int) -> ParseError:
    at = re.search(r"\s*\(at line (\d+), column \d+\)", message)
    what = message.replace(at[0], "") if at else message
    where = f", line {line + int(at[1])}" if at else ""
    return ParseError(
        f"front matter{where}: {what}",
        hint='TOML is written `key = "value"`; for `key: value` use --- instead of +++',
    )


def _json(text: str) -> tuple[dict[str, object], str]:
    start = len(text) - len(text.lstrip())
    window = text[start : start + _LONGEST]
    try:
        found, end = json.JSONDecoder(strict=False).raw_decode(window)
    except json.JSONDecodeError as error:
        line = text.count("\n", 0, start) + error.lineno
        raise ParseError(
            f"front matter, line {line}: {error.msg}",
            hint="JSON wants double quotes, and a comma between values but not behind the last",
        ) from error
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits; nesting
        raise ParseError("front matter: not JSON that can be read", hint=None) from error
    return found, text[start + end :].lstrip(" \t").removeprefix("\n")


# --- plain

_PLAIN_LINE = re.compile(r"(?P<key>[^\W\d_][\w -]{0,30}):(?:[ \t]+(?P<value>.*)|$)")


def _plain(text: str) -> tuple[dict[str, object], str]:
    """`Key: value` lines down to the first blank line, if all of them are that.

    A first paragraph "Note: …" is prose: a title, or nothing but known keys, is the mark of a head.
    """
    head, _, body = text.lstrip("\n")[:_LONGEST].partition("\n\n")
    found: dict[str, object] = {}
    key = ""
    for line in head.split("\n"):
        match = _PLAIN_LINE.fullmatch(line)
        if match is not None:
            key = match["key"].strip()
            found[key] = (match["value"] or "").strip()
        elif key and line[:1] in {" ", "\t"} and line.strip():
            found[key] = f"{found[key]}\n{line.strip()}".strip()
        elif line.strip():
            return {}, text
    lowered = {key.lower() for key in found}
    if "title" in lowered or (len(found) > 1 and all(map(is_known, found))):
        return found, text.lstrip("\n")[len(head) + 2 :] if body else ""
    return {}, text
