"""From bytes to an object: what a JSON publication must be before its format is looked at."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Final, NoReturn

from feedsvc.gate.document import check_size, decode
from feedsvc.gate.places import Places, Spot
from feedsvc.gate.report import Report, shown

_CONSTANT: Final = re.compile(r"NaN|-?Infinity")
_HUGE_NUMBER: Final = re.compile(r"-?[0-9]{4301,}")  # `sys.set_int_max_str_digits`
_ESCAPE: Final = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|[^u])")

Object = dict[str, object]


class _NotJsonError(ValueError):
    """A constant that Python reads and JSON does not have."""


def read_json(report: Report, body: bytes) -> tuple[Object, Spot] | None:
    """The object that a document holds, or None when it cannot be looked at any further."""
    if not check_size(report, body):
        return None
    if body.startswith(b"\xef\xbb\xbf"):
        report.add("json-bom", "begins with a byte order mark", 1)
    if body[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in body[:4]:
        report.add("encoding-not-utf8", "the document is written in UTF-16 or UTF-32", 1)
        return None
    text = decode(report, body)
    if text is None:
        return None
    text = text.removeprefix("\ufeff")
    spot = Spot(Places(text))
    document = _read(report, text, spot)
    if document is None:
        return None
    if (half := _lone_surrogate(body)) is not None:
        line = body.count(b"\n", 0, half) + 1
        report.add("json-surrogate", "holds half of a surrogate pair", line)
    return document, spot


def _read(report: Report, text: str, spot: Spot) -> Object | None:
    doubled: list[tuple[Object, list[str]]] = []

    def pairs(found: list[tuple[str, object]]) -> Object:
        result = dict(found)
        if len(result) != len(found):
            counts = Counter(name for name, _ in found)
            doubled.append((result, [name for name, count in counts.items() if count > 1]))
        return result

    def constant(word: str) -> NoReturn:
        raise _NotJsonError(f"{word} is not JSON")

    try:
        document = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except json.JSONDecodeError as error:
        report.add("json-invalid", f"column {error.colno}: {error.msg}", error.lineno)
        return None
    except RecursionError as error:
        report.add("json-invalid", str(error))
        return None
    except ValueError as error:  # NaN, a number of 5,000 digits
        word = _CONSTANT if isinstance(error, _NotJsonError) else _HUGE_NUMBER
        report.add("json-invalid", str(error), Places(text).line_of_word(word))
        return None
    if doubled:
        spots = _spots_of(document, [holder for holder, _ in doubled], spot)
        for holder, names in doubled:
            for name in names:
                at = spots.get(id(holder))
                says = f"the key {shown(name)} stands twice in one object"
                report.add("json-duplicate-key", says, at and at[name])
    if not isinstance(document, dict):
        report.add("json-type", "the document is not an object", spot)
        return None
    return document


def _spots_of(document: object, wanted: list[Object], spot: Spot) -> dict[int, Spot]:
    """Where some objects of the document are; one that a twin of its key replaced is nowhere."""
    marks = {id(one) for one in wanted}
    found: dict[int, Spot] = {}
    ahead = [(document, spot)]
    while ahead:
        value, at = ahead.pop()
        if isinstance(value, dict):
            if id(value) in marks:
                found[id(value)] = at
            ahead.extend((below, at[key]) for key, below in value.items() if below)
        elif isinstance(value, list):
            ahead.extend((below, at[number]) for number, below in enumerate(value) if below)
    return found


def _lone_surrogate(body: bytes) -> int | None:
    """Where the escape of half a surrogate pair begins."""
    half: re.Match[bytes] | None = None
    for escape in _ESCAPE.finditer(body) if b"\\u" in body else ():
        code = int(escape[1] or b"0", 16)
        low = 0xDC00 <= code <= 0xDFFF
        if half is not None and not (low and half.end() == escape.start()):
            return half.start()
        if low and half is None:
            return escape.start()
        half = escape if 0xD800 <= code <= 0xDBFF else None
    return half.start() if half is not None else None
