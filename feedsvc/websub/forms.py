"""What is sent as `hub.…=…`: forms that a hub is posted, and queries that a callback is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from feedsvc.ports import Reply

MEDIA_TYPE = "application/x-www-form-urlencoded"

_MOST_FIELDS = 64
_PLAIN = (
    ("content-type", "text/plain; charset=utf-8"),
    ("x-content-type-options", "nosniff"),  # what is answered may be what a stranger sent
    ("cache-control", "no-store"),
)
_UNPRINTABLE = re.compile(r"[^\S ]+|[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_DIGITS = re.compile(r"[0-9]+")


class FormError(ValueError):
    """What was sent cannot be read; the message is for whoever sent it."""


def answer(status: int, said: str = "", *more: tuple[str, str]) -> Reply:
    """An answer in words (§5.1.2: the reason of an error is plain text)."""
    return Reply(status, (*_PLAIN, *more), f"{said}\n".encode() if said else b"")


def fields(text: str | bytes) -> dict[str, tuple[str, ...]]:
    """The fields of a form or query, each with all its values; raises FormError.

    Fields of other names are for others: a hub ignores what it does not know (§5.1).
    """
    try:
        told = text.decode("ascii") if isinstance(text, bytes) else text
        pairs = parse_qsl(
            told, keep_blank_values=True, encoding="utf-8", errors="strict",
            max_num_fields=_MOST_FIELDS,
        )  # fmt: skip
    except ValueError as error:  # also UnicodeDecodeError
        raise FormError("this is no form in UTF-8 of at most 64 fields") from error
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        if name.startswith("hub."):
            found.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in found.items()}


def single(form: Mapping[str, tuple[str, ...]], name: str) -> str:
    """The value of a field, empty if there is none; raises FormError for two different ones."""
    values = set(form.get(name, ()))
    if len(values) > 1:
        raise FormError(f"{name} is given more than once")
    return next(iter(values), "")


def number(text: str) -> int | None:
    """A count of seconds; None for what is none. However long, it stays a number."""
    text = text.strip()
    if _DIGITS.fullmatch(text) is None:
        return None
    digits = text.lstrip("0") or "0"
    return int(digits) if len(digits) <= 12 else 10**12


def form(**values: str) -> bytes:
    """The body of a request to a hub; the names are without their `hub.`."""
    return urlencode({f"hub.{name}": value for name, value in values.items()}).encode()


def asked(callback: str, **values: str) -> str:
    """A callback with these values behind its own query (§5.3: that stays as it is)."""
    mark = "&" if "?" in callback else "?"
    return callback + mark + form(**values).decode()


def words(text: str, most: int = 200) -> str:
    """What a stranger says, on one line that can be shown."""
    line = " ".join(_UNPRINTABLE.sub(" ", text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
