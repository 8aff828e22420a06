"""The effective settings as plain data, for `config show`; of a secret, only where it is."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import timedelta
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from feedsvc.config.sources import FEED, OF_FOLDERS, OPML
from feedsvc.config.units import write_duration
from feedsvc.settings import Auth, Cron, Feed, Ops, Secret, Server, Settings, Source

_HIDDEN = "…"
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
        "server": _server(settings.server),
        "maintenance": _table(settings.maintenance),
        "sync": _table(settings.sync),
        "ops": _ops(settings.ops),
        "websub": _table(settings.websub),
        "source": [_source(source) for source in settings.sources],
        "feed": [_feed(feed) for feed in settings.feeds],
    }


def _server(server: Server) -> dict[str, Any]:
    shown = {key: value for key, value in _table(server).items() if key not in {"host", "port"}}
    return {"listen": server.listen, **shown}


def _source(source: Source) -> dict[str, Any]:
    """The keys that its kind has."""
    shown = _table(source)
    shown["headers"] = {name: _plain(held) for name, held in source.headers} or None
    if source.kind in {FEED, OPML}:
        return {key: value for key, value in shown.items() if key not in OF_FOLDERS}
    return shown


def _feed(feed: Feed) -> dict[str, Any]:
    shown = {key: value for key, value in _table(feed).items() if key != "facet"}
    if feed.podcast is not None:
        podcast = shown["podcast"]
        podcast["categories"] = [" > ".join(words) for words in feed.podcast.categories]
        podcast["funding"] = [{"url": url, "text": text} for url, text in feed.podcast.funding]
        shown["podcast"] = {key: value for key, value in podcast.items() if value != []}
    return shown


def _ops(ops: Ops) -> dict[str, Any]:
    shown = _table(ops)
    if isinstance(ops.webhook, str):  # the whole address may be what is secret about it
        shown["webhook"] = "/".join([*ops.webhook.split("/")[:3], _HIDDEN])
    return shown


def _secret(secret: Secret) -> dict[str, str] | str:
    """Where a secret is; of one in the configuration itself only that it is there."""
    if secret.env is not None:
        return {"env": secret.env}
    if secret.file is not None:
        return {"file": str(secret.file)}
    return _HIDDEN if secret.value else ""


def _auth(auth: Auth) -> dict[str, Any]:
    shown = {key: value for key, value in _table(auth).items() if value is not None}
    if auth.user is not None and shown.get("password") == "":
        shown["user"] = _HIDDEN  # without a password it is one
    return shown


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
        case Cron():
            return value.fields
        case Secret():
            return _secret(value)
        case Auth():
            return _auth(value)
        case re.Pattern():
            return value.pattern
        case str() | Path() | ZoneInfo() | IPv4Network() | IPv6Network():
            return str(value)
        case _:
            return {key: item for key, item in _table(value).items() if item is not None}
