"""Secrets: how the configuration names them, and their values when they are used.

    password = { env = "X" } -> Secret(env="X") --reveal--> the value

Nothing here prints a value, not even a wrong one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from feedsvc.config.discover import rooted
from feedsvc.config.nearest import nearest
from feedsvc.config.shapes import Reader, SecretValueError, WrongKeyError, sort_of
from feedsvc.errors import ConfigError
from feedsvc.settings import Secret

Flaw = Callable[[str], str | None]
"""What is wrong with a value, in words that follow "it"; None for a good one."""

_PLACES = ("env", "file")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SHELL = re.compile(r"\$(?:\{(\w+)\}|(\w+))", re.ASCII)
_LARGEST = 65_536  # bytes of a file; what is larger is something else


def control_flaw(value: str) -> str | None:
    """No header can carry a control character, and a line end would begin another one."""
    return "holds a control character or a second line" if _CONTROL.search(value) else None


def secret(
    example: str,
    *,
    what: str = "a secret",
    flaw: Flaw = control_flaw,
    empty: bool = False,
) -> Reader[Secret]:
    """`{ env = "X" }`, `{ file = "…" }`, or the value itself.

    Only what stands in the configuration itself is looked at with `flaw`.
    """
    expected = f'{what} such as {{ env = "{example}" }}'

    def read(value: object) -> Secret:
        if isinstance(value, dict):
            return _elsewhere(value, expected)
        if not isinstance(value, str) or not (value or empty):
            raise SecretValueError(expected, got=sort_of(value))
        if (found := _SHELL.fullmatch(value)) and found[1]:
            remark = f'did you mean {{ env = "{found[1]}" }}?'
            raise SecretValueError(expected, remark, got="a text")
        if wrong := flaw(value):
            raise SecretValueError(expected, f"it {wrong}", got="this text")
        return Secret(value=value)

    return read


def rooted_secret(secret: Secret, root: Path) -> Secret:
    """The secret with its file where relative paths start."""
    return replace(secret, file=rooted(secret.file, root)) if secret.file else secret


def _elsewhere(table: dict[object, object], expected: str) -> Secret:
    for key in table:
        if key not in _PLACES:
            meant = nearest(str(key), _PLACES)
            tail = f"did you mean {meant!r}?" if meant else "there are env, file"
            raise WrongKeyError(f"no key {key!r} in a secret: {tail}", at=str(key))
    if len(table) != 1:
        got = "both env and file" if table else "an empty table"
        raise SecretValueError(expected, "it is in one place", got=got)
    ((place, named),) = table.items()
    if not isinstance(named, str) or not named.strip() or control_flaw(named):
        raise SecretValueError(expected, f"{place!r} is a text", got="this table")
    if place == "file":
        return Secret(file=Path(named))
    if found := _SHELL.fullmatch(named):
        raise SecretValueError(
            expected, f'did you mean {{ env = "{found[1] or found[2]}" }}?', got="this table"
        )
    if "=" in named or named != named.strip():  # POSIX.1-2017 §8.1: a name holds no "="
        raise SecretValueError(expected, "no variable has this name", got="this table")
    return Secret(env=named)


# -- in use --------------------------------------------------------------------------------------


def reveal(
    secret: Secret,
    *,
    where: str,
    environ: Mapping[str, str] = os.environ,
    flaw: Flaw = control_flaw,
) -> str:
    """The value of a secret, without the line end behind it; raises ConfigError.

    `where` says what the secret is for: `source 'planet': auth.password`.
    """
    if secret.env is not None:
        named, value = f"the environment variable {secret.env}", environ.get(secret.env)
        if value is None:
            raise ConfigError(f"{where}: {named} is not set", hint="set it where feedsvc runs")
    elif secret.file is not None:
        named, value = str(secret.file), _content(secret.file, where)
    else:
        return secret.value or ""
    value = value.rstrip("\r\n")
    if wrong := flaw(value) if value else "is empty":
        raise ConfigError(f"{where}: {named} {wrong}", hint="it is to hold the secret alone")
    return value


class Use(NamedTuple):
    """A secret, what it is for, and what keeps a value from being used so."""

    what: str
    secret: Secret
    where: str
    flaw: Flaw

    def reveal(self, environ: Mapping[str, str]) -> str:
        """The value; raises ConfigError."""
        return reveal(self.secret, where=self.where, environ=environ, flaw=self.flaw)


def _content(file: Path, where: str) -> str:
    try:
        if not file.is_file() and file.exists():
            # a pipe nobody writes to would be waited for until the end of time
            raise ConfigError(f"{where}: {file} is no plain file", hint="write the secret into one")
        with file.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        raise ConfigError(
            f"{where}: {file} cannot be read: {error.strerror}",
            hint="whoever runs feedsvc needs to be able to read it",
        ) from error
    if len(data) > _LARGEST:
        raise ConfigError(f"{where}: {file} is too large for a secret", hint="name another file")
    with suppress(UnicodeDecodeError):  # which holds the bytes: no error of ours is to carry it
        return data.decode("utf-8-sig")
    raise ConfigError(f"{where}: {file} is not UTF-8", hint="save it as UTF-8")
