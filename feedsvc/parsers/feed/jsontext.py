"""Text -> JSON values: strictly where that works, else mended as far as it goes.

    json.loads -> the same with control characters inside strings -> _mend

`_mend` is for the documents that templates write by hand: a comma too many or none, an unescaped
quote, Python's `None`, an end that is missing. It looks at each character a fixed number of times
and keeps its own stack, so that no document can make it slow or deep.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from feedsvc.regex import compiled

_MOST_DIGITS: Final = 400  # CPython refuses to convert more than 4,300, and nothing needs as many
_DEEPEST: Final = 64  # what lies deeper in a document that has to be mended is left out
# An object of ten bytes takes 240 in memory, and `json` cannot be told to stop: a large document
# with little but brackets (a feed has one in 60 characters) is read by `_mend`, which can.
_MOST_BRACKETS: Final = 400_000
_DENSEST: Final = 25  # characters for one bracket, on average
_MOST_TOKENS: Final = 2_000_000  # some 2 s of work


@dataclass(frozen=True, slots=True)
class Decoded:
    """A value, and what is wrong with its text; nothing if that is JSON (RFC 8259)."""

    value: object
    problems: tuple[str, ...] = ()


def decode(text: str) -> Decoded:
    """The value `text` holds; None where nothing in it can be told."""
    text = text.removeprefix("\ufeff")  # RFC 8259 §8.1 lets a reader ignore it
    if _dense(text):
        return _mend(text, "has too many objects and lists to be read with care")
    constants: list[str] = []
    try:
        value = json.loads(text, parse_int=_integer, parse_constant=constants.append)
    except (ValueError, RecursionError) as error:
        return _ill_formed(text, f"is not well-formed: {_reason(error)}")
    if constants:
        return Decoded(value, (f"is not well-formed: {constants[0]} is no value of JSON",))
    return Decoded(value)


def _dense(text: str) -> bool:
    most = max(_MOST_BRACKETS, len(text) // _DENSEST)
    return len(text) > most and text.count("{") + text.count("[") > most


def _ill_formed(text: str, problem: str) -> Decoded:
    try:
        value = _LENIENT.decode(text)
    except (ValueError, RecursionError):
        return _mend(text, problem)
    return Decoded(value, (problem,))


def _reason(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[:1].lower()}{error.msg[1:]} (line {error.lineno})"
    return "it is nested too deeply"


def _integer(digits: str) -> int | str:
    """A number; one with too many digits stays text, as an id may have them."""
    return int(digits) if len(digits) <= _MOST_DIGITS else digits


_LENIENT = json.JSONDecoder(strict=False, parse_int=_integer, parse_constant=lambda _: None)


# --- mending --------------------------------------------------------------------------------------

# A quote ends its string only where something follows that can stand behind a string: otherwise one
# unescaped quote would turn the rest of the document inside out.
_SPACE = r"[ \t\r\n]*+"
_KEY = rf'"[A-Za-z_][A-Za-z0-9_]{{0,40}}"{_SPACE}:'  # with no comma before it
_BEHIND_A_STRING = rf'{_SPACE}(?:[:}}\]]|\Z|,{_SPACE}(?:["{{\[}}\]]|\Z)|{_KEY})'
_TOKEN = compiled(
    rf'"(?:[^"\\]++|\\.|"(?!{_BEHIND_A_STRING}))*+"?'
    r"|[{}\[\],:]"
    r"|//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?"  # comments, which JSON has none of
    r'|[^\s"{}\[\],:]++',
    re.DOTALL,
)
_WORDS: Final[dict[str, bool | None]] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "None": None,
    "undefined": None,
    "NaN": None,
}
_NUMBER = re.compile(r"[+-]?[0-9]++(?:\.[0-9]*+)?(?:[eE][+-]?[0-9]++)?")


@dataclass(slots=True)
class _Open:
    """An object or a list whose end is still to come."""

    value: dict[str, object] | list[object]
    key: str | None = None
    named: bool = False  # the colon after the key was seen

    def add(self, value: object) -> None:
        if isinstance(self.value, list):
            self.value.append(value)
        elif self.key is not None and self.named:
            self.value[self.key] = value
            self.forget()
        elif isinstance(value, str):
            self.key = value

    def forget(self) -> None:
        """The next string is a key again."""
        self.key = None
        self.named = False


def _mend(text: str, problem: str) -> Decoded:
    """The first object or list of `text`, without the values that cannot be told."""
    stack: list[_Open] = []
    deeper = 0  # how many brackets are open below the deepest level
    for number, found in enumerate(_TOKEN.finditer(text)):
        token = found[0]
        mark = token[0]
        if mark in "{[":
            if mark == "{" and not deeper:
                _end_before_object(stack)
            if deeper or len(stack) == _DEEPEST:
                deeper += 1
            else:
                stack.append(_Open({} if mark == "{" else []))
        elif not stack:
            pass  # the warning of a program, or the name of a JSONP function
        elif mark in "}]":
            if deeper:
                deeper -= 1
            elif _close(stack, dict if mark == "}" else list):
                return Decoded(stack[0].value, (problem,))
        elif not deeper:
            _read(token, stack[-1])
        if number == _MOST_TOKENS:
            problem = f"{problem}; only its first {_MOST_TOKENS:,} words were read"
            break
    if not stack:
        return Decoded(None, (problem,))
    return Decoded(_unfinished(stack), (problem,))


def _read(token: str, parent: _Open) -> None:
    """One string, word, comma, colon or comment inside `parent`."""
    mark = token[0]
    if mark == '"':
        if len(token) > 1 and token[-1] == '"':
            parent.add(_string(token))
    elif mark == ",":
        parent.forget()
    elif mark == ":":
        parent.named = True
    elif token in _WORDS:
        parent.add(_WORDS[token])
    elif _NUMBER.fullmatch(token) is not None:
        parent.add(_number(token))
    elif mark != "/":
        parent.forget()  # whatever it is, the value of this key cannot be told


def _number(token: str) -> int | float | str:
    return _integer(token) if token.lstrip("+-").isdigit() else float(token)


def _close(stack: list[_Open], kind: type[dict[str, object]] | type[list[object]]) -> bool:
    """Close the innermost value of this `kind`; tells whether that was the whole document.

    A bracket that fits nothing is ignored, and one that fits only the document or its list of items
    while something else is open is taken for such: the worst it costs is one item.
    """
    place = len(stack) - 1
    while place > 1 and not isinstance(stack[place].value, kind):
        place -= 1
    if not isinstance(stack[place].value, kind) or (place < 2 and place < len(stack) - 1):
        return False
    if place == 0:
        return True
    while len(stack) > place:
        value = stack.pop().value
        stack[-1].add(value)
    return False


def _end_before_object(stack: list[_Open]) -> None:
    """Close an item whose end is missing: no object stands inside another without a key."""
    if len(stack) > 2 and stack[-1].key is None and isinstance(stack[-1].value, dict):
        _close(stack, dict)


def _unfinished(stack: list[_Open]) -> object:
    """A document that breaks off, with the members and items of it that were whole."""
    if len(stack) > 1 and isinstance(stack[1].value, list):
        stack[0].add(stack[1].value)
    return stack[0].value


_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def _string(token: str) -> str:
    """The text between the quotes; an escape JSON does not know stands for its character."""
    try:
        value = _LENIENT.decode(token)
    except ValueError:
        value = _ESCAPE.sub(_unescaped, token[1:-1])
        # `\ud83d\ude00` is one character in two halves; half a one stays as it is.
        value = value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return str(value)


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else _ESCAPED.get(found[2], found[2])
