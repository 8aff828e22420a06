"""Words for files that others parse: systemd's units, and the lines of cron."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from feedsvc.errors import ConfigError

LONGEST_LINE = 990  # characters of a line; cron takes 998


def unit_word(word: str) -> str:
    """One word of a list in a unit, such as `ExecStart=` or `ReadWritePaths=`.

    systemd.syntax(7): some lists know C escapes, others only a backslash before what it protects.
    These two, and the percent sign of systemd.unit(5) "Specifiers", mean the same in both. The
    dollar needs no care: `units.py` turns variables off.
    """
    _refuse(word)
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    plain = escaped == word and word and not any(c.isspace() or c in "';" for c in word)
    return word if plain else f'"{escaped}"'


def unit_line(value: str) -> str:
    """The rest of a line in a unit that is no list, such as `EnvironmentFile=`."""
    _refuse(value)
    if value != value.strip() or value.endswith("\\"):
        raise ConfigError(f"a unit cannot name {value!r}", hint="give it a plainer path")
    return value.replace("%", "%%")


def cron_line(commands: Sequence[Sequence[str]]) -> str:
    """Commands for the shell of cron, each if the one before it succeeded, their results dropped.

    Raises ConfigError for what no crontab can hold.
    """
    line = " && ".join(f"{_cron_command(words)} >/dev/null" for words in commands)
    if len(line) > LONGEST_LINE:
        raise ConfigError(
            f"cron takes lines of up to {LONGEST_LINE} characters, and this one has {len(line)}",
            hint="let systemd do it: `feedsvc service install --timer`",
        )
    return line


def _cron_command(words: Sequence[str]) -> str:
    """Words for the shell behind cron.

    crontab(5): a percent sign is a line end unless a backslash stands before it, which cron takes
    away. It takes any pair of backslashes for one that protects nothing, so that a backslash of the
    path itself is kept apart from it by the quotes.
    """
    for word in words:
        _refuse(word)
    return shlex.join(words).replace("\\%", "\\''%").replace("%", "\\%")


def comment(text: str) -> str:
    """A text of somebody else's in a comment or a description: one line, harmless to systemd."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line[:200].rstrip("\\ ").replace("%", "%%")


def _refuse(word: str) -> None:
    """Neither format has a way to write these in every place."""
    if any(c < " " or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in word):
        raise ConfigError(
            f"a path with a control character or broken UTF-8 cannot be written here: {word!r}",
            hint="give it a plainer path",
        )
