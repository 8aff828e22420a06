"""What a backup says of itself: the first thing in it, and all that is believed of the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from feedsvc.errors import StoreError
from feedsvc.model import iso_utc

FORMAT = 1
"""The version of the format; one that older versions could misread gets another number."""

DATABASE = "feedsvc.db"
CONFIGURATION = "feedsvc.toml"

_KIND = "feedsvc.backup"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")  # never a path


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file in a backup; `path` is where it belongs, from where relative paths start."""

    name: str
    size: int
    sha256: str
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Whose backup it is."""

    id_domain: str
    id_since: str
    base_url: str
    store: str  # where it lay
    configuration: str | None  # where it lay


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself."""

    made: datetime
    version: str  # of feedsvc
    revision: str  # of the schema
    sources: int
    articles: int
    service: Service
    members: tuple[Member, ...]  # in their order

    def member(self, name: str) -> Member | None:
        """The member of a name."""
        return next((one for one in self.members if one.name == name), None)

    @property
    def database(self) -> Member:
        """The store."""
        found = self.member(DATABASE)
        if found is None:
            raise StoreError("the backup holds no store")
        return found

    def to_bytes(self) -> bytes:
        """As it stands in the file."""
        told = {
            "kind": _KIND,
            "format": FORMAT,
            "made": iso_utc(self.made),
            "version": self.version,
            "revision": self.revision,
            "sources": self.sources,
            "articles": self.articles,
            "service": _plain(self.service),
            "members": [_plain(member) for member in self.members],
        }
        return json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"


def read_manifest(data: bytes, where: str) -> Manifest:
    """The manifest of a backup; raises StoreError.

    `where` is the file, for messages. What a later version adds is not looked at.
    """
    try:
        told = json.loads(data)
        kind, format = told["kind"], told["format"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StoreError(f"{where} is no backup of feedsvc") from error
    if kind != _KIND:
        raise StoreError(f"{where} is no backup of feedsvc")
    if format != FORMAT:
        version = str(told.get("version", "?"))[:40]
        raise StoreError(
            f"{where} was written by a newer feedsvc ({version})", hint="install that version"
        )
    try:
        return _read(told)
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{where} is damaged: its manifest makes no sense") from error


def _read(told: Mapping[str, Any]) -> Manifest:
    members = tuple(_member(one) for one in told["members"])
    names = [member.name for member in members]
    if len(set(names)) < len(names) or DATABASE not in names:
        raise ValueError(names)
    made = datetime.fromisoformat(_text(told["made"]))
    if made.tzinfo is None:
        raise ValueError(made)
    service = told["service"]
    configuration = service["configuration"]
    return Manifest(
        made=made,
        version=_text(told["version"]),
        revision=_text(told["revision"]),
        sources=_count(told["sources"]),
        articles=_count(told["articles"]),
        service=Service(
            id_domain=_text(service["id_domain"]),
            id_since=_text(service["id_since"]),
            base_url=_text(service["base_url"]),
            store=_text(service["store"]),
            configuration=None if configuration is None else _text(configuration),
        ),
        members=members,
    )


def _member(told: Mapping[str, Any]) -> Member:
    name, digest, path = _text(told["name"]), _text(told["sha256"]), told.get("path")
    if not _NAME.fullmatch(name) or not _DIGEST.fullmatch(digest):
        raise ValueError(name)
    return Member(
        name=name,
        size=_count(told["size"]),
        sha256=digest,
        path=None if path is None else _text(path),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError(value)
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 62:
        raise TypeError(value)
    return value


def _plain(value: Service | Member) -> dict[str, Any]:
    told = {one.name: getattr(value, one.name) for one in fields(value)}
    return told if isinstance(value, Service) else {k: v for k, v in told.items() if v is not None}
