"""Where the values of a JSON document stand: their lines, looked up once there is a finding."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from json import JSONDecoder
from typing import Final

from feedsvc.regex import compiled

Path = tuple[str | int, ...]
"""How to get to a value: keys of objects, numbers in arrays."""

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_COLON: Final = re.compile(r"[ \t\n\r]*:?[ \t\n\r]*")
_COMMA: Final = re.compile(r"[ \t\n\r]*,?[ \t\n\r]*")
_STRING_OR_WORD: Final = compiled(r'"(?:[^"\\]++|\\.)*+"|-?[A-Za-z0-9.+-]++', re.DOTALL)


class Places:
    """The lines of one document that can be read as JSON."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._below: dict[Path, Mapping[str | int, int]] = {}
        self._decode = JSONDecoder().raw_decode

    def line(self, path: Path) -> int | None:
        """The line that a value begins on; None if there is no such value."""
        offset = _end(_SPACE, self._text, 0)
        for depth, key in enumerate(path):
            above = path[:depth]
            if above not in self._below:
                self._below[above] = dict(self._children(offset))
            if key not in self._below[above]:
                return None
            offset = self._below[above][key]
        return self._line_at(offset)

    def line_of_word(self, pattern: re.Pattern[str]) -> int | None:
        """The line of the first number or constant that matches as a whole."""
        for word in _STRING_OR_WORD.finditer(self._text):
            if pattern.fullmatch(word.group()):
                return self._line_at(word.start())
        return None

    def _line_at(self, offset: int) -> int:
        return self._text.count("\n", 0, offset) + 1

    def _children(self, start: int) -> Iterator[tuple[str | int, int]]:
        """The values inside an object or array that begins at `start`, and where each begins.

        What lies deeper is passed over by Python's own reader, which is written in C.
        """
        text = self._text
        opening = text[start : start + 1]
        if opening not in ("{", "["):
            return
        index = _end(_SPACE, text, start + 1)
        number = 0
        try:
            while text[index : index + 1] not in ("", "}", "]"):
                key: str | int = number
                if opening == "{":
                    key, index = self._decode(text, index)
                    index = _end(_COLON, text, index)
                yield key, index
                number += 1
                _, index = self._decode(text, index)
                index = _end(_COMMA, text, index)
        except (ValueError, RecursionError):
            return  # the reader of the whole document stood one step further from the limit


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return found.end() if found else start  # each of them matches nothing, too


class Spot:
    """A value of a JSON document: what messages call it, and its line."""

    __slots__ = ("_path", "_places")

    def __init__(self, places: Places, path: Path = ()) -> None:
        self._places = places
        self._path = path

    def __getitem__(self, key: str | int) -> Spot:
        return Spot(self._places, (*self._path, key))

    def __str__(self) -> str:
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self._path)
        return "".join(steps).removeprefix(".")

    @property
    def line(self) -> int | None:
        """Where the value begins, or the object that lacks it."""
        return self._places.line(self._path)
