"""`FEEDSVC_<TABLE>__<KEY>` variables, laid over the file before it is read.

A variable holds a TOML or JSON value or a plain text; which of them is settled by what the key
expects, so that `FEEDSVC_SITE__TITLE=2025` is a title. An empty variable is an unset one. Names of
one part, such as FEEDSVC_CONFIG, set no key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from feedsvc.config.nearest import nearest
from feedsvc.config.problems import Problems
from feedsvc.config.schema import LISTED_TABLES, SINGLE_TABLES, Table

PREFIX = "FEEDSVC_"
_SEPARATOR = "__"


@dataclass(frozen=True, slots=True)
class Override:
    """The text of a variable in the place of a value."""

    text: str

    def readings(self) -> Iterator[object]:
        """What the text may mean, most exact first."""
        try:
            document = tomllib.loads(f"value = {self.text}")
        except (ValueError, RecursionError):
            document = {}
        if document.keys() == {"value"}:  # and not a text of several lines that are TOML
            yield document["value"]
        elif self.text.lstrip().startswith(("{", "[")):
            import json  # start-up: hardly anybody writes JSON here

            with suppress(ValueError, RecursionError):
                yield json.loads(self.text)
        yield self.text
        if "," in self.text:  # a list as other programs write it
            yield [part.strip() for part in self.text.split(",") if part.strip()]


def overlay(
    tree: Mapping[str, Any], environ: Mapping[str, str], problems: Problems
) -> dict[str, Any]:
    """`tree` with an Override at each key that a variable sets; wrong names become problems."""
    merged = dict(tree)
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or _SEPARATOR not in variable:
            continue
        if not (text := environ[variable]):
            continue
        parts = [part.lower() for part in variable.removeprefix(PREFIX).split(_SEPARATOR)]
        if (wrong := _misnamed(parts)) is not None:
            problems.add_variable(variable, wrong)
            continue
        _put(merged, parts, variable, Override(text), problems)
    return merged


def _put(
    tree: dict[str, Any], parts: list[str], variable: str, value: Override, problems: Problems
) -> None:
    """Set a key deep in `tree`, leaving the file's own tables as they were."""
    for depth, part in enumerate(parts[:-1], start=1):
        inner = tree.get(part, {})
        if isinstance(inner, Override):
            other = problems.variables[tuple(parts[:depth])]
            problems.add_variable(variable, f"{other} sets it too: unset one of them")
            return
        if not isinstance(inner, dict):
            return  # the file has it wrong, which `build` tells
        tree[part] = dict(inner)
        tree = tree[part]
    tree[parts[-1]] = value
    problems.variables[tuple(parts)] = variable


def _misnamed(parts: list[str]) -> str | None:
    """What is wrong with the name of a variable, if anything."""
    if parts[0] in LISTED_TABLES:
        return f"there may be many of {parts[0]!r}: they are set in the file"
    keys: Mapping[str, Any] = SINGLE_TABLES
    not_yet: frozenset[str] = frozenset()
    for depth, part in enumerate(parts):
        if part in not_yet:
            return f"{part!r} is not available in this version of feedsvc"
        if part not in keys:
            what = "key" if depth else "table"
            close = nearest(part, keys)
            if close is None:
                return f"no {what} {part!r} to set: there are {', '.join(keys)}"
            meant = _SEPARATOR.join([*parts[:depth], close, *parts[depth + 1 :]]).upper()
            return f"no {what} {part!r} to set: did you mean {PREFIX}{meant}?"
        inner = keys[part]
        if isinstance(inner, Table):
            keys, not_yet = inner.keys, inner.not_yet
        elif depth < len(parts) - 1:
            return f"{part!r} has no keys of its own"
    return None
