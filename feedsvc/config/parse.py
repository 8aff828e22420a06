"""The file as text, and the text as a tree; mistakes of encoding and syntax end here."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from feedsvc.config.discover import shorten
from feedsvc.config.problems import ConfigErrors, placed
from feedsvc.errors import ConfigError

_WHERE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_PLAIN = {
    "Invalid value": "this is no value (a text stands in quotes)",
    "Illegal character '\\n'": "the quote that ends this text is missing",
    "Unterminated string": "the quotes that end a text are missing",
}


def read_text(file: Path, *, cwd: Path) -> str:
    """The text of the file, with its line ends as `\\n`; raises ConfigError."""
    name = shorten(file, cwd)
    try:
        data = file.read_bytes()
    except IsADirectoryError as error:
        raise ConfigError(
            f"{name} is a folder: name the file in it, such as {name}/feedsvc.toml"
        ) from error
    except OSError as error:
        raise ConfigError(f"{name} cannot be read: {error.strerror}") from error
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _single(ConfigError(f"{name}:1:1: the file is UTF-16: save it as UTF-8"))
    if data.startswith(b"\xef\xbb\xbf"):
        raise _single(
            ConfigError(f"{name}:1:1: the file begins with a byte order mark: save it without one")
        )
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        shown = data.decode(errors="replace").replace("\r\n", "\n")
        before = data[: error.start].decode().replace("\r\n", "\n")
        says = f"byte 0x{data[error.start]:02x} is not UTF-8: save the file as UTF-8"
        raise _single(placed(says, name=name, text=shown, offset=len(before))) from error
    return text.replace("\r\n", "\n")  # as tomllib does, so that positions agree


def parse(text: str, *, file: Path, cwd: Path) -> dict[str, Any]:
    """The tree of tables and values; raises ConfigErrors with the place of a syntax error."""
    name = shorten(file, cwd)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        says, offset = _understood(str(error), text)
        raise _single(placed(says, name=name, text=text, offset=offset)) from error
    except RecursionError as error:
        raise _single(ConfigError(f"{name}: lists or tables are nested too deeply")) from error
    except ValueError as error:  # int() refuses numbers of more than 4,300 digits
        raise _single(ConfigError(f"{name}: {error}")) from error


def _understood(said: str, text: str) -> tuple[str, int]:
    """The message of tomllib without its position, and the position as an offset."""
    found = _WHERE.search(said)
    if found is None:
        return f"not TOML: {said}", 0
    reason = said[: found.start()]
    says = f"not TOML: {_PLAIN.get(reason) or reason[0].lower() + reason[1:]}"
    if found[1] is None:
        return says, len(text.rstrip("\n"))
    start = 0
    for _ in range(int(found[1]) - 1):
        start = text.index("\n", start) + 1
    return says, start + int(found[2]) - 1


def _single(error: ConfigError) -> ConfigErrors:
    return ConfigErrors([error])
