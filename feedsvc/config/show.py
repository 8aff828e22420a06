"""The effective settings as plain data, for `config show`; secrets are left out."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import timedelta
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from feedsvc.config.units import write_duration
from feedsvc.settings import Settings

_PASSWORD = re.compile(r"(://[^/@]*:)[^@]*@")


def show(settings: Settings) -> dict[str, Any]:
    """The tables and keys as a file would write them, in the order of `settings.py`.

    A key that is not set is None.
    """
    return {
        "path": str(settings.path) if settings.path else None,
        "site": _table(settings.site),
        "store": {"url": _PASSWORD.sub(r"\1***@", settings.store.url)},
        "publish": _table(settings.publish),
        "server": {"listen": settings.server.listen},
        "sync": _table(settings.sync),
        "source": [_table(source) for source in settings.sources],
        "feed": [_table(feed) for feed in settings.feeds],
    }


def _table(value: Any) -> dict[str, Any]:
    return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}


def _plain(value: Any) -> Any:
    """A value in its written form."""
    match value:
        case None | bool() | int():
            return value
        case Enum():
            return value.value
        case tuple():
            return [_plain(item) for item in value]
        case timedelta():
            return write_duration(value)
        case re.Pattern():
            return value.pattern
        case str() | Path() | ZoneInfo() | IPv4Network() | IPv6Network():
            return str(value)
        case _:
            return {key: item for key, item in _table(value).items() if item is not None}
