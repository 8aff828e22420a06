"""The command line as a table: what may stand at which place, for the scripts of shells.

It is read off the parser itself, so that a new option completes by itself. What a value is, its
metavar tells: FILE, DIR, and NAME where that is the name of a source or a feed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["none", "file", "directory", "source", "feed", "words"]

_SOURCES = {"source", "sources", "exclude_sources"}
_FEEDS = {"feed", "feeds"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What may stand in one place."""

    kind: Kind
    words: tuple[str, ...] = ()
    repeated: bool = False  # by all that follow


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option with its spellings; `value` is None for one that stands alone."""

    names: tuple[str, ...]
    help: str
    value: Value | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What may follow a command: `path` is () for `feedsvc` itself."""

    path: tuple[str, ...]
    commands: tuple[tuple[str, str], ...] = ()  # with their help
    options: tuple[Option, ...] = ()
    places: tuple[Value, ...] = ()  # arguments, in their order


def levels_of(parser: argparse.ArgumentParser, path: tuple[str, ...] = ()) -> Iterator[Level]:
    """Every level, each before those below it."""
    options: list[Option] = []
    places: list[Value] = []
    below: dict[str, argparse.ArgumentParser] = {}
    helps: dict[str, str] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            below |= action.choices
            helps |= {str(one.dest): _line(one.help) for one in action._choices_actions}
        elif action.help is argparse.SUPPRESS:
            continue
        elif action.option_strings:
            options.append(
                Option(
                    names=tuple(action.option_strings),
                    help=_line(action.help),
                    value=_value(action, path) if action.nargs not in (0, "?") else None,
                )
            )
        else:
            places.append(_value(action, path))
    yield Level(
        path=path,
        commands=tuple((name, helps.get(name, "")) for name in below),
        options=tuple(options),
        places=tuple(places),
    )
    for name, inner in below.items():
        yield from levels_of(inner, (*path, name))


def _value(action: argparse.Action, path: Sequence[str]) -> Value:
    repeated = action.nargs in ("+", "*")
    if action.choices is not None:
        words = tuple(str(word) for word in action.choices)
        return Value(kind="words", words=words, repeated=repeated)
    return Value(kind=_kind(action, path), repeated=repeated)


def _kind(action: argparse.Action, path: Sequence[str]) -> Kind:
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    told = set(metavar.split("|"))
    if action.dest in _SOURCES:
        return "source"
    if action.dest in _FEEDS:
        return "feed"
    if not action.option_strings and path:
        if path[0] == "source" and "NAME" in told:
            return "source"
        if path[0] == "feed" and told & {"NAME", "OLD"}:
            return "feed"
    if told & {"FILE", "PATH"}:
        return "file"
    return "directory" if told & {"DIR", "FOLDER"} else "none"


def _line(text: str | None) -> str:
    """A help text on one line, its percent signs as they are shown."""
    return " ".join((text or "").split()).replace("%%", "%")
