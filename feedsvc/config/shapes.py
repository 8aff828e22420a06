"""Readers: from a value of the file to a value of `Settings`, or an explanation.

A reader says what it expects with an example; which key it reads, and where, its caller adds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
Reader = Callable[[object], T]

# XML 1.0 §2.2 Char: what no feed could hold, and line separators that no single line should
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


class WrongValueError(Exception):
    """A value is not what its key expects.

    `at` is the way inside a list or table, `shift` the character inside a text that is to blame.
    """

    def __init__(
        self, expected: str, remark: str | None = None, *, shift: int = 0, got: object = None
    ) -> None:
        super().__init__(expected)
        self.expected = expected
        self.remark = remark
        self.shift = shift
        self.got = got
        self.at: tuple[str | int, ...] = ()


class SecretValueError(WrongValueError):
    """A value is wrong, and no message may show it: `got` says of what sort it is."""

    def __init__(self, expected: str, remark: str | None = None, *, got: str) -> None:
        super().__init__(expected, remark, got=got)


class WrongKeyError(Exception):
    """A table that is a value has a key it should not have; `at` is the way to it."""

    def __init__(self, says: str, *, at: str | int) -> None:
        super().__init__(says)
        self.at: tuple[str | int, ...] = (at,)


class NotYetError(Exception):
    """The value is a word of the contract whose feature this version does not have."""


def sort_of(value: object) -> str:
    """What sort of value it is, for messages that must not show it."""
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, str):
        return "a text" if value else "an empty one"
    sorts: dict[type, str] = {int: "a number", float: "a number", dict: "a table", list: "a list"}
    return sorts.get(type(value), "a date")


def text(example: str) -> Reader[str]:
    """One line of text: NFC, its white space made single."""
    expected = f'a text such as "{example}"'

    def read(value: object) -> str:
        if not isinstance(value, str):
            raise WrongValueError(expected)
        if unfit := _UNFIT.search(value):
            code = ord(unfit[0])
            raise WrongValueError(expected, f"it holds the control character U+{code:04X}")
        line = " ".join(unicodedata.normalize("NFC", value).split())
        if not line:
            raise WrongValueError(expected)
        return line

    return read


def flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise WrongValueError("true or false")
    return value


def count(example: int, *, least: int = 1, most: int = 1_000_000) -> Reader[int]:
    """A whole number; a million is the most no database or loop chokes on."""
    expected = f"a whole number from {least} to {most}, such as {example}"

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise WrongValueError(expected)
        return value

    return read


def choice(*words: str) -> Reader[str]:
    """One of a few words."""
    *first, last = (f'"{word}"' for word in words)
    expected = f"{', '.join(first)} or {last}"

    def read(value: object) -> str:
        if value not in words:
            raise WrongValueError(expected)
        return str(value)

    return read


def many(reader: Reader[T], example: str, *, empty: bool = True) -> Reader[tuple[T, ...]]:
    """A list, each item once and in the order given; a single value is a list of one.

    Where a list chooses articles an empty one would choose none, or all: it is refused.
    """
    expected = f"a list such as [{example}]"

    def read(value: object) -> tuple[T, ...]:
        if isinstance(value, str):
            return (reader(value),)
        if not isinstance(value, list):
            raise WrongValueError(expected)
        if not value and not empty:
            raise WrongValueError(
                expected, "leave the key out to choose everything", got="an empty list"
            )
        items = []
        for number, item in enumerate(value):
            try:
                items.append(reader(item))
            except WrongValueError as wrong:
                wrong.at = (number, *wrong.at)
                raise
        return tuple(dict.fromkeys(items))

    return read
