"""Edits of the configuration file: a `[[source]]` more or less, every other byte as it was.

    text --headers()--> where its tables lie --> text with tables put in, or one taken out
         --tomllib----> does it say just that? --> a new file in the place of the old one

Text goes in and text comes out: a TOML writer that sets the file anew (tomlkit 0.15 was tried)
moves comments to other tables, and loses some with a table that is taken out.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any, NamedTuple

from feedsvc.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSource:
    """A `[[source]]` to be written; the fields are its keys."""

    name: str
    url: str
    kind: str | None = None
    title: str | None = None
    every: str | None = None
    tags: tuple[str, ...] = ()

    def keys(self) -> dict[str, str | list[str]]:
        """What it says, without what is left to the defaults."""
        told = {
            "name": self.name, "kind": self.kind, "url": self.url, "title": self.title,
            "every": self.every, "tags": list(self.tags),
        }  # fmt: skip
        return {key: value for key, value in told.items() if value}

    def toml(self) -> str:
        """Its table, with a line end after each key."""
        lines = [f"{key} = {written(value)}\n" for key, value in self.keys().items()]
        return "".join(["[[source]]\n", *lines])


def without_password(url: str) -> str:
    """An address as it may be printed."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def free_name(name: str, taken: Collection[str]) -> str:
    """`name`, or the first numbered one that is free; `taken` is in lower case.

    A number says nothing of the source, but it is written down, and so it stays.
    """
    numbered = (f"{name}-{number}" for number in count(2))
    return next(one for one in chain((name,), numbered) if one.lower() not in taken)


def shown_title(title: str | None) -> str | None:
    """A title or tag as the configuration takes it; None if nothing is left of it."""
    from feedsvc.text.clean import normalise, one_line
    from feedsvc.text.html import cut

    return cut(one_line(normalise(title)), _LONGEST_TITLE) or None if title else None


_LONGEST_TITLE = 200


def with_sources(text: str, added: Sequence[NewSource]) -> str:
    """`text` with tables for `added` behind its last source, or at its end if it has none."""
    tree = tomllib.loads(text)
    tables = _tables(text)
    own = [table for table in tables if table.path[:1] == ("source",)]
    place = _attached(text, own[-1].end) if own else len(text)
    new = "\n".join(one.toml() for one in added).replace("\n", _line_end(text))
    before, after = text[:place], text[place:]
    line_end = _line_end(text)
    if before and not before.endswith("\n"):
        before += line_end
    if before.strip() and not before.endswith(line_end * 2):
        before += line_end
    if after.strip() and not after.startswith(("\n", "\r\n")):
        new += line_end
    edited = before + new + after
    listed = [*tree.get("source", []), *(one.keys() for one in added)]
    confirm(edited, {**tree, "source": listed})
    return edited


def without_source(text: str, index: int) -> str:
    """`text` without the source at `index`, counted from 0 in the order of the file."""
    return without_listed(text, "source", index)


def without_listed(text: str, key: str, index: int, *, above: bool = False) -> str:
    """`text` without the table `[[key]]` at `index`, counted from 0 in the order of the file.

    With `above`, comments go with it that stand right above it, apart from what is before them.
    """
    tree = tomllib.loads(text)
    tables = _tables(text)
    first = [n for n, table in enumerate(tables) if table.path == (key,) and table.listed]
    if index >= len(first):
        raise ConfigError(by_hand(key), hint=f"take the {key} out with an editor")
    last = first[index]
    while last + 1 < len(tables) and tables[last + 1].below((key,)):
        last += 1  # [source.auth]
    start, end = tables[first[index]].start, _attached(text, tables[last].end)
    if above:
        start = _with_comments(text, start)
    before, after = text[:start], text[end:]
    if not before or before.endswith(("\n\n", "\n\r\n")):
        after = after.lstrip("\r\n")
    edited = before + after if after.strip() else before.rstrip("\r\n") + _line_end(text) + after
    listed = tree[key][:index] + tree[key][index + 1 :]
    rest = {**tree, key: listed} if listed else {k: v for k, v in tree.items() if k != key}
    confirm(edited, rest, key)
    return edited


def by_hand(key: str) -> str:
    """What is said of a file in which tables are written in a way that cannot be edited."""
    return f"the {key}s of this file are written in a way that feedsvc cannot edit"


def confirm(edited: str, wanted: dict[str, Any], key: str = "source") -> None:
    """Raise ConfigError unless the edited text says what it should, and nothing else."""
    try:
        found = tomllib.loads(edited)
    except tomllib.TOMLDecodeError as error:  # source = [{…}, {…}] takes no further table
        raise ConfigError(by_hand(key), hint=f"write it as [[{key}]] tables") from error
    if found != wanted:
        raise ConfigError(by_hand(key), hint="edit it by hand")


# -- values ----------------------------------------------------------------------------------------


def written(value: str | list[str]) -> str:
    """A value in TOML."""
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    # A TOML basic string; JSON escapes the same, but for DEL (TOML 1.0 §String).
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


# -- where tables lie ------------------------------------------------------------------------------


class _Table(NamedTuple):
    """A header and what stands below it, up to the last key."""

    path: tuple[str, ...]
    listed: bool  # [[…]]
    start: int  # of the line of its header
    end: int  # behind its last value

    def below(self, path: tuple[str, ...]) -> bool:
        return len(self.path) > len(path) and self.path[: len(path)] == path


# TOML 1.0 §String: up to two quotes may stand right before the closing three
_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|\n"
    r"|[\[\]{}]"
    r"|[^\s\#\"'\[\]{}]+",
    re.DOTALL,
)


def _tables(text: str) -> list[_Table]:
    """The tables of a text that is known to be TOML, in its order."""
    tables: list[_Table] = []
    depth = 0
    fresh = True  # nothing stood in this line yet
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word == "\n":
            fresh = fresh or depth == 0
            continue
        if word.startswith("#"):
            continue
        if word in ("[", "{"):
            if fresh and not depth:
                tables.append(_header(text, token.start()))
            depth += 1
        elif word in ("]", "}"):
            depth -= 1
        fresh = False
        if tables:
            tables[-1] = tables[-1]._replace(end=token.end())
    return tables


def _header(text: str, start: int) -> _Table:
    line = text[start : _next_line(text, start)]
    # The header alone is a document, too: its keys may be quoted and dotted in any way.
    inner: Any = tomllib.loads(line)
    path: list[str] = []
    while inner:
        if isinstance(inner, list):
            inner = inner[0]
            continue
        ((name, inner),) = inner.items()
        path.append(name)
    return _Table(tuple(path), line.startswith("[["), text.rfind("\n", 0, start) + 1, start)


def _attached(text: str, end: int) -> int:
    """The end of what belongs to the table whose last value ends at `end`.

    That is the rest of its line, and comments right below it: keys that are not set.
    """
    found = _COMMENTS.match(text, _next_line(text, end))
    return found.end() if found else len(text)


def _with_comments(text: str, start: int) -> int:
    """The start of the comments right above a header, if an empty line stands before them.

    What stands higher, or at the top of the file, speaks of more than one table.
    """
    found = _COMMENTS_ABOVE.search(text, 0, start)
    return found.start("comments") if found else start


_COMMENTS_ABOVE = re.compile(r"\n[ \t]*\r?\n(?P<comments>(?:[ \t]*#[^\n]*\n)+)\Z")
_COMMENTS = re.compile(r"(?:[ \t]*#[^\n]*(?:\n|\Z))*")


def _next_line(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end + 1
