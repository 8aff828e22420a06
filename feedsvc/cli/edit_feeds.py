"""Edits of the configuration file that concern feeds: one gets another name, or is taken out.

As in `edit.py`, text goes in and text comes out, every other byte as it was.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from feedsvc.cli.edit import by_hand, confirm, without_listed, written
from feedsvc.config.locate import locate
from feedsvc.errors import ConfigError

_STRING = re.compile(r'"(?!"")(?:[^"\\\n]|\\.)*"|\'(?!\'\')[^\'\n]*\'')  # on one line


def renamed_feed(text: str, old: str, new: str) -> str:
    """`text` with the name `new` for the feed `old`; raises ConfigError."""
    tree, index = _found(text, old)
    # Lines that end in \n alone: so `locate` wants them.
    plain = text.replace("\r\n", "\n")
    spot = locate(plain).get(("feed", index, "name"))
    value = None if spot is None else _STRING.match(plain, spot.value)
    if value is None:
        raise ConfigError(by_hand("feed"), hint=f'write name = "{new}" in the place of "{old}"')
    start, end = (_place(text, offset) for offset in value.span())
    edited = text[:start] + written(new) + text[end:]
    feeds = [*tree["feed"]]
    feeds[index] = {**feeds[index], "name": new}
    confirm(edited, {**tree, "feed": feeds}, "feed")
    return edited


def without_feed(text: str, name: str) -> str:
    """`text` without the feed of this name, and the comments that stand with it."""
    _, index = _found(text, name)
    return without_listed(text, "feed", index, above=True)


def _found(text: str, name: str) -> tuple[dict[str, Any], int]:
    """What the text says, and the place of a feed in it."""
    tree = tomllib.loads(text)
    names = [feed.get("name") for feed in tree.get("feed", [])]
    if name not in names:  # somebody else has edited the file meanwhile
        raise ConfigError(f"there is no feed '{name}' in the configuration any more")
    return tree, names.index(name)


def _place(text: str, offset: int) -> int:
    """Where in `text` lies what is at `offset` once its lines end in \\n alone."""
    for found in re.finditer("\r\n", text):
        if found.start() >= offset:
            break
        offset += 1
    return offset
