"""Where each key and each value of a TOML text stands, for tomllib does not tell.

The text is known to be valid TOML; only its shape is followed here, values are not read.
"""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from typing import NamedTuple

KeyPath = tuple[str | int, ...]
"""Keys from the top of the file; a number stands for the place in a list or array of tables."""


class Spot(NamedTuple):
    """Offsets into the text: of a key (of an item, the item itself) and of its value."""

    key: int
    value: int


def locate(text: str) -> dict[KeyPath, Spot]:
    """The place of every table, key and list item of `text`, whose lines end in `\\n`.

    A table that is named several times is where it is named first.
    """
    scanner = _Scanner(text)
    with suppress(_LostError, tomllib.TOMLDecodeError, RecursionError):  # what was found helps
        scanner.document()
    return scanner.spots


_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
# TOML 1.0 §String: up to two quotes may stand right before the closing three
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\]|\\.)*"'
    r"|'[^']*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


class _LostError(Exception):
    """The text is not what it was taken for."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.spots: dict[KeyPath, Spot] = {}
        self._lengths: dict[KeyPath, int] = {}  # of arrays of tables, so far

    def document(self) -> None:
        table: KeyPath = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            if self._takes("[["):
                table = self._header(array=True)
                self._expect("]]")
            elif self._takes("["):
                table = self._header(array=False)
                self._expect("]")
            else:
                self._pair(table)
            self._skip(_BLANK)

    def _header(self, *, array: bool) -> KeyPath:
        path: KeyPath = ()
        parts = self._key()
        for number, (name, offset) in enumerate(parts):
            path = (*path, name)
            self.spots.setdefault(path, Spot(offset, offset))
            if array and number == len(parts) - 1:
                self._lengths[path] = self._lengths.get(path, 0) + 1
            if (length := self._lengths.get(path)) is not None:
                path = (*path, length - 1)  # of an array of tables the last is meant
                self.spots.setdefault(path, Spot(offset, offset))
        return path

    def _pair(self, table: KeyPath) -> None:
        path = table
        offset = self.at
        for name, offset in self._key():
            path = (*path, name)
            self.spots.setdefault(path, Spot(offset, offset))
        self._expect("=")
        self._skip(_SPACE)
        self.spots[path] = Spot(offset, self.at)
        self._value(path)

    def _key(self) -> list[tuple[str, int]]:
        """The parts of a dotted key with their offsets."""
        parts = []
        while True:
            self._skip(_SPACE)
            offset = self.at
            found = _BARE.match(self.text, offset) or _STRING.match(self.text, offset)
            if found is None:
                raise _LostError
            self.at = found.end()
            parts.append((_name(found[0]), offset))
            self._skip(_SPACE)
            if not self._takes("."):
                return parts

    def _value(self, path: KeyPath) -> None:
        if self._takes("["):
            self._array(path)
        elif self._takes("{"):
            self._inline_table(path)
        else:
            found = _STRING.match(self.text, self.at) or _SCALAR.match(self.text, self.at)
            if found is None:
                raise _LostError
            self.at = found.end()

    def _array(self, path: KeyPath) -> None:
        number = 0
        self._skip(_BLANK)
        while not self._takes("]"):
            item = (*path, number)
            self.spots[item] = Spot(self.at, self.at)
            self._value(item)
            self._skip(_BLANK)
            if self._takes(","):
                self._skip(_BLANK)
            number += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._skip(_BLANK)  # TOML 1.1 allows line ends here
        while not self._takes("}"):
            self._pair(path)
            self._skip(_BLANK)
            if self._takes(","):
                self._skip(_BLANK)

    def _skip(self, what: re.Pattern[str]) -> None:
        if found := what.match(self.text, self.at):
            self.at = found.end()

    def _takes(self, mark: str) -> bool:
        if not self.text.startswith(mark, self.at):
            return False
        self.at += len(mark)
        return True

    def _expect(self, mark: str) -> None:
        if not self._takes(mark):
            raise _LostError


def _name(token: str) -> str:
    if token[0] not in {'"', "'"}:
        return token
    if "\\" not in token or token[0] == "'":
        return token[1:-1]
    unescaped: str = tomllib.loads(f"_ = {token}")["_"]
    return unescaped
