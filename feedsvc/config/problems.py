"""The mistakes of a configuration: collected while it is read, placed and worded at the end.

Positions cost a scan of the file, so they are looked up only when there is something to tell.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from feedsvc.config.discover import shorten
from feedsvc.config.locate import KeyPath, Spot, locate
from feedsvc.errors import ConfigError

_WIDEST = 100  # columns of a source line that a message shows
_PASSWORD = re.compile(r"(?<=://)([^\s\"']*:)([^\s\"']*)(?=@)")
_SECRET = re.compile(
    r"((?:token|pass\w*|kennwort|secret\w*|auth|authorization|cookie|headers|key)[\"']?\s*=\s*)"
    r"(.+)",
    re.IGNORECASE,
)


class ConfigErrors(ConfigError):  # noqa: N818  several of them
    """All mistakes of a configuration; its own message is the first of them."""

    def __init__(self, errors: Sequence[ConfigError]) -> None:
        super().__init__(str(errors[0]), hint=errors[0].hint)
        self.errors = tuple(errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    says: str
    path: KeyPath
    value: bool
    shift: int
    other: KeyPath | None


@dataclass(slots=True, kw_only=True)
class Problems:
    """Collects what is wrong with one file and with the variables laid over it."""

    text: str
    file: Path
    cwd: Path
    variables: dict[KeyPath, str] = field(default_factory=dict)  # which variable set a key
    _found: list[_Problem] = field(default_factory=list)
    _strays: list[ConfigError] = field(default_factory=list)

    def add(
        self,
        path: KeyPath,
        says: str,
        *,
        value: bool = False,
        shift: int = 0,
        other: KeyPath | None = None,
    ) -> None:
        """Note a mistake at the key `path`, or at its value, `shift` characters into a text.

        `other` is a second place the message tells the line of.
        """
        self._found.append(_Problem(says=says, path=path, value=value, shift=shift, other=other))

    def add_variable(self, name: str, says: str) -> None:
        """Note a mistake in the name of an environment variable."""
        self._strays.append(ConfigError(f"{name}: {says}"))

    def any_below(self, path: KeyPath) -> bool:
        """Whether something was noted in a table: what it then seems to lack may be just that."""
        return any(problem.path[: len(path)] == path for problem in self._found)

    def raise_any(self) -> None:
        """Raise ConfigErrors if anything was noted: the file's in its order, then variables'."""
        if not self._found and not self._strays:
            return
        spots = locate(self.text)
        name = shorten(self.file, self.cwd)
        in_file: list[tuple[int, ConfigError]] = []
        elsewhere: list[ConfigError] = []
        for problem in self._found:
            says = problem.says
            if problem.other is not None and (first := _nearest_spot(spots, problem.other)):
                says += f" (the first is in line {_line(self.text, first.key)})"
            variable = self._variable(problem.path)
            spot = _nearest_spot(spots, problem.path)
            if variable is not None:
                elsewhere.append(ConfigError(f"{variable}: {says}"))
            elif spot is None:
                elsewhere.append(ConfigError(f"{name}: {says}"))
            else:
                offset = _inside(self.text, spot, problem) if problem.value else spot.key
                placed_error = placed(says, name=name, text=self.text, offset=offset)
                in_file.append((offset, placed_error))
        in_file.sort(key=lambda pair: pair[0])
        raise ConfigErrors([error for _, error in in_file] + elsewhere + self._strays)

    def _variable(self, path: KeyPath) -> str | None:
        """The variable that set the key or a table around it."""
        for length in range(len(path), 0, -1):
            if (name := self.variables.get(path[:length])) is not None:
                return name
        return None


def placed(says: str, *, name: str, text: str, offset: int) -> ConfigError:
    """An error of three lines: where and what, the source line, a caret below the place."""
    start = text.rfind("\n", 0, offset) + 1
    column = offset - start
    end = text.find("\n", start)
    line = _masked(text[start : len(text) if end < 0 else end])
    shown, before = _window(line, column)
    return ConfigError(
        f"{name}:{_line(text, offset)}:{column + 1}: {says}\n  {shown}\n  {_blank(before)}^"
    )


def quoted(value: object) -> str:
    """A value of the file as a message shows it; never a secret, never long."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        shown = _PASSWORD.sub(r"\1***", value)
        shown = _printable(shown if len(shown) <= 60 else shown[:59] + "…")
        return f'"{shown}"'
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    shown = str(value)
    return shown if len(shown) <= 60 else shown[:59] + "…"


def _nearest_spot(spots: dict[KeyPath, Spot], path: KeyPath) -> Spot | None:
    """The place of a key, or of the table it is missing from."""
    for length in range(len(path), 0, -1):
        if (spot := spots.get(path[:length])) is not None:
            return spot
    return None


def _inside(text: str, spot: Spot, problem: _Problem) -> int:
    """The offset of a value, or of a character of its text where no escapes shift it."""
    plain = text[spot.value : spot.value + 1] in {"'", '"'}
    if not problem.shift or not plain or text.startswith(('"""', "'''"), spot.value):
        return spot.value
    inner = text[spot.value + 1 : spot.value + 1 + problem.shift]
    return spot.value if "\\" in inner and text[spot.value] == '"' else spot.value + 1 + len(inner)


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _masked(line: str) -> str:
    """The line with its secrets starred, at equal length so that the caret stays right."""

    def stars(found: re.Match[str]) -> str:
        return found[1] + "*" * len(found[2])

    return _printable(_SECRET.sub(stars, _PASSWORD.sub(stars, line)))


def _printable(line: str) -> str:
    """No escape sequence of a file reaches the terminal."""
    return "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in line)


def _window(line: str, column: int) -> tuple[str, str]:
    """The part of a line around a column, and what stands before the column in it."""
    if len(line) <= _WIDEST:
        return line, line[:column]
    start = min(max(0, column - _WIDEST // 2), len(line) - _WIDEST)
    shown = line[start : start + _WIDEST]
    before = line[start:column]
    if start + _WIDEST < len(line):
        shown += "…"
    return ("…" + shown, "…" + before) if start else (shown, before)


def _blank(before: str) -> str:
    """Spaces as wide as `before` on a terminal."""
    width = {"W": "  ", "F": "  "}
    return "".join(
        "\t"
        if c == "\t"
        else ""
        if unicodedata.combining(c)
        else width.get(unicodedata.east_asian_width(c), " ")
        for c in before
    )
