"""The mistakes of a configuration: collected while it is read, placed and worded at the end.

Positions cost a scan of the file, so they are looked up only when there is something to tell.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from feedsvc.config.discover import shorten
from feedsvc.config.locate import KeyPath, Spot, locate
from feedsvc.errors import ConfigError

_WIDEST = 100  # columns of a source line that a message shows
SECRET_KEYS = frozenset({"auth", "headers", "token", "webhook"})
"""Keys of which no message shows the value, nor what stands below them."""

SECRET_WORDS = ("password", "token", "secret", "webhook", "api_key")
"""What a key is called that nobody knows and whose value is nobody's business."""

# Patterns as texts: only a mistake compiles them.
# Of `user:password@` the password; what stands alone before the @ may be one.
_USERINFO = (
    r"(?<=://)(?:(?P<user>[^\s\"':@]*:)(?P<password>[^\"'\n]*)|(?P<alone>[^\s\"'/?#:@]+))(?=@)"
)
_ASSIGNED = (
    r"(?i)((?:token|pass\w*|kennwort|secret\w*|auth|authorization|cookie|headers|key|webhook)"
    r"[\"']?\s*=\s*)(.+)"
)
_HEADER = r"(?m)^[ \t]*\[+([^\]\n]*)\]"


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
    hidden: bool


@dataclass(slots=True, kw_only=True)
class Problems:
    """Collects what is wrong with one file and with the variables laid over it."""

    text: str
    file: Path
    cwd: Path
    variables: dict[KeyPath, str] = field(default_factory=dict)  # which variable set a key
    _found: list[_Problem] = field(default_factory=list)
    _around: set[KeyPath] = field(default_factory=set)  # every table something was noted in
    _strays: list[ConfigError] = field(default_factory=list)

    def add(
        self,
        path: KeyPath,
        says: str,
        *,
        value: bool = False,
        shift: int = 0,
        other: KeyPath | None = None,
        hidden: bool = False,
    ) -> None:
        """Note a mistake at the key `path`, or at its value, `shift` characters into a text.

        `other` is a second place the message tells the line of; what is `hidden` is not shown.
        """
        hidden = hidden or not SECRET_KEYS.isdisjoint(path)
        self._found.append(
            _Problem(says=says, path=path, value=value, shift=shift, other=other, hidden=hidden)
        )
        self._around.update(path[:length] for length in range(len(path) + 1))

    def add_variable(self, name: str, says: str) -> None:
        """Note a mistake in the name of an environment variable."""
        self._strays.append(ConfigError(f"{name}: {says}"))

    def any_below(self, path: KeyPath) -> bool:
        """Whether something was noted in a table: what it then seems to lack may be just that."""
        return path in self._around

    def raise_any(self) -> None:
        """Raise ConfigErrors if anything was noted: the file's in its order, then variables'."""
        if not self._found and not self._strays:
            return
        spots = locate(self.text)
        lines = _Lines(self.text)
        name = shorten(self.file, self.cwd)
        in_file: list[tuple[int, ConfigError]] = []
        elsewhere: list[ConfigError] = []
        for problem in self._found:
            says = problem.says
            if problem.other is not None and (first := _nearest_spot(spots, problem.other)):
                says += f" (the first is in line {lines.number(first.key)})"
            variable = self._variable(problem.path)
            spot = _nearest_spot(spots, problem.path)
            if variable is not None:
                elsewhere.append(ConfigError(f"{variable}: {says}"))
            elif spot is None:
                elsewhere.append(ConfigError(f"{name}: {says}"))
            else:
                offset = _inside(self.text, spot, problem) if problem.value else spot.key
                told = lines.placed(says, name=name, offset=offset, hidden=problem.hidden)
                in_file.append((offset, told))
        in_file.sort(key=lambda pair: pair[0])
        raise ConfigErrors([error for _, error in in_file] + elsewhere + self._strays)

    def _variable(self, path: KeyPath) -> str | None:
        """The variable that set the key or a table around it."""
        for length in range(len(path), 0, -1):
            if (name := self.variables.get(path[:length])) is not None:
                return name
        return None


class _Lines:
    """The lines of a text; there may be as many mistakes in it as lines."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends = [*(found.start() for found in re.finditer("\n", text)), len(text)]
        self._shown: dict[tuple[int, bool], str] = {}  # one line may hold thousands of mistakes

    def number(self, offset: int) -> int:
        """The line an offset is in, from 1."""
        return bisect_left(self._ends, offset) + 1

    def placed(self, says: str, *, name: str, offset: int, hidden: bool) -> ConfigError:
        """An error of three lines: where and what, the source line, a caret below the place."""
        number = self.number(offset)
        start = self._ends[number - 2] + 1 if number > 1 else 0
        if (number, hidden) not in self._shown:
            line = self._text[start : self._ends[number - 1]]
            self._shown[number, hidden] = _masked(line, hidden=hidden)
        column = offset - start
        shown, before = _window(self._shown[number, hidden], column)
        return ConfigError(f"{name}:{number}:{column + 1}: {says}\n  {shown}\n  {_blank(before)}^")


def placed(says: str, *, name: str, text: str, offset: int) -> ConfigError:
    """A single error in a text that cannot be read as TOML, and so may be anything."""
    tables = re.findall(_HEADER, text[: max(text.rfind("\n", 0, offset), 0)])
    hidden = bool(tables) and not SECRET_KEYS.isdisjoint(re.split(r"[\s.\"']+", tables[-1]))
    return _Lines(text).placed(says, name=name, offset=offset, hidden=hidden)


def quoted(value: object) -> str:
    """A value of the file as a message shows it; never a secret, never long."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        shown = re.sub(_USERINFO, lambda found: f"{found['user'] or ''}***", value)
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


def _masked(line: str, *, hidden: bool) -> str:
    """The line with its secrets starred, at equal length so that the caret stays right."""
    key, mark, value = line.partition("=")
    if hidden and (mark or not line.lstrip().startswith("[")):
        shown = key + mark if mark else ""
        space = value[: len(value) - len(value.lstrip())] if mark else ""
        return _printable(shown + space + "*" * (len(line) - len(shown) - len(space)))

    def password(found: re.Match[str]) -> str:
        user = found["user"] or ""
        return user + "*" * (len(found[0]) - len(user))

    line = re.sub(_USERINFO, password, line)
    return _printable(re.sub(_ASSIGNED, lambda found: found[1] + "*" * len(found[2]), line))


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
