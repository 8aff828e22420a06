"""Which tables and keys there are, who reads each, and what people write instead.

A new key is one line in its table here and a field in `settings.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from feedsvc.config import access, addresses, names, ops, partners, remote, secrets, units, words
from feedsvc.config.shapes import (
    Reader,
    SecretValueError,
    WrongValueError,
    choice,
    count,
    flag,
    many,
    text,
)
from feedsvc.model import Format

# The words of the contract whose feature this version does not have. A feature that arrives takes
# its word out here and puts a reader in its table below.
NOT_YET: Mapping[str, frozenset[str]] = {
    "[publish]": frozenset({"url"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table: its keys, and words that mean one of them."""

    title: str
    example: str
    keys: Mapping[str, Reader[Any] | Table]
    synonyms: Mapping[str, str] = field(default_factory=dict)

    @property
    def not_yet(self) -> frozenset[str]:
        return NOT_YET.get(self.title, frozenset())


def _path(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise WrongValueError('a path such as "articles"')
    return value


def _source_path(value: object) -> str:
    written = _path(value)
    if re.match(r"(?:https?|feed):", written, re.IGNORECASE):
        raise SecretValueError('a path such as "articles"', "did you mean 'url'?", got="an address")
    return written


def _kind(value: object) -> str:
    return text("folder")(value)


def _format(value: object) -> Format:
    return Format(choice(*Format)(value))


AUTHOR = Table(
    title="author",
    example='author = { name = "Redaktion" }',
    keys={"name": text("Redaktion"), "email": addresses.email, "uri": addresses.web_url},
    synonyms={"mail": "email", "url": "uri", "link": "uri", "homepage": "uri"},
)

SITE = Table(
    title="[site]",
    example="[site]",
    keys={
        "title": text("Nachrichten"),
        "base_url": addresses.base_url,
        "language": words.language,
        "timezone": words.zone,
        "author": AUTHOR,
        "rights": text("© 2025 Example"),
        "id_domain": addresses.authority,
        "id_since": addresses.authority_date,
        "icon": addresses.icon,
    },
    synonyms={
        "name": "title", "url": "base_url", "link": "base_url", "address": "base_url",
        "lang": "language", "tz": "timezone", "time_zone": "timezone", "zone": "timezone",
        "copyright": "rights", "license": "rights", "domain": "id_domain", "since": "id_since",
        "logo": "icon", "favicon": "icon", "authors": "author",
    },
)  # fmt: skip

STORE = Table(
    title="[store]",
    example="[store]",
    keys={"url": addresses.store_url},
    synonyms={
        "path": "url", "file": "url", "database": "url", "db": "url", "dsn": "url", "uri": "url",
    },
)  # fmt: skip

PUBLISH = Table(
    title="[publish]",
    example="[publish]",
    keys={"directory": _path, "pages": flag, "sitemap": flag},
    synonyms={
        "path": "directory", "folder": "directory", "dir": "directory", "output": "directory",
        "target": "directory", "to": "directory", "sitemaps": "sitemap", "page": "pages",
    },
)  # fmt: skip

SERVER = Table(
    title="[server]",
    example="[server]",
    keys={
        "listen": addresses.listen,
        "admin_token": ops.admin_token,
        "trusted_proxies": many(addresses.network, '"127.0.0.1"'),
        "access_log": _path,
        "access_log_addresses": flag,
    },
    synonyms={
        "host": "listen", "port": "listen", "address": "listen", "bind": "listen",
        "token": "admin_token", "admin": "admin_token", "secret": "admin_token",
        "proxies": "trusted_proxies", "trusted": "trusted_proxies", "log": "access_log",
        "accesslog": "access_log", "log_addresses": "access_log_addresses",
        "log_ips": "access_log_addresses",
    },
)  # fmt: skip

MAINTENANCE = Table(
    title="[maintenance]",
    example="[maintenance]",
    keys={"at": units.cron, "backup": _path, "keep_backups": count(7)},
    synonyms={
        "every": "at", "schedule": "at", "time": "at", "backups": "backup", "directory": "backup",
        "folder": "backup", "keep": "keep_backups",
    },
)  # fmt: skip

SYNC = Table(
    title="[sync]",
    example="[sync]",
    keys={
        "user_agent": text("example-reader/1.0"),
        "concurrency": count(64, most=1000),
        "per_host": count(2, most=64),
        "max_entries": count(2000),
        "timeout": units.duration("20s"),
        "max_bytes": units.size,
        "allow_networks": many(addresses.network, '"192.168.0.0/16"'),
    },
    synonyms={
        "ua": "user_agent", "agent": "user_agent", "max_size": "max_bytes",
        "workers": "concurrency", "connections": "concurrency", "parallel": "concurrency",
        "max_connections": "concurrency", "max_per_host": "per_host", "per_domain": "per_host",
        "entries": "max_entries", "limit": "max_entries", "max_items": "max_entries",
        "networks": "allow_networks", "allow": "allow_networks", "allow_network": "allow_networks",
    },
)  # fmt: skip

DEFAULTS = Table(
    title="[defaults]",
    example="[defaults]",
    keys={
        "every": units.interval,
        "full_text": partners.full_text,
        "limit": count(50),
        "max_bytes": units.size,
        "keep": count(5000),
        "keep_for": units.duration("365d"),
    },
    synonyms={
        "interval": "every", "refresh": "every", "schedule": "every", "fulltext": "full_text",
        "content": "full_text", "max_entries": "limit", "count": "limit", "max_size": "max_bytes",
    },
)  # fmt: skip

OPS = Table(
    title="[ops]",
    example="[ops]",
    keys={"feed": flag, "token": ops.token, "webhook": ops.webhook},
    synonyms={
        "enabled": "feed", "secret": "token", "key": "token", "password": "token",
        "hook": "webhook", "url": "webhook", "notify": "webhook",
    },
)  # fmt: skip

WEBSUB = Table(
    title="[websub]",
    example="[websub]",
    keys={
        "hub": flag,
        "hubs": many(addresses.web_url, '"https://hub.example.org/"'),
        "subscribe": flag,
    },
    synonyms={"builtin": "hub", "server": "hub", "subscriptions": "subscribe", "push": "subscribe"},
)

PODCAST = Table(
    title="podcast",
    example='podcast = { author = "Redaktion", categories = ["News"] }',
    keys={
        "author": text("Redaktion"),
        "owner": AUTHOR,
        "categories": many(partners.category, '"News", "Society & Culture > Documentary"'),
        "image": addresses.icon,
        "explicit": flag,
        "type": choice("episodic", "serial"),
        "complete": flag,
        "block": flag,
        "new_feed_url": addresses.web_url,
        "guid": partners.podcast_guid,
        "locked": flag,
        "medium": choice(*partners.MEDIUMS),
        "funding": partners.funding,
    },
    synonyms={
        "category": "categories", "cover": "image", "artwork": "image", "moved": "new_feed_url",
        "donate": "funding", "support": "funding", "id": "guid",
    },
)  # fmt: skip

AUTH = Table(
    title="auth",
    example='auth = { user = "reader", password = { env = "PASSWORD" } }',
    keys={
        "user": access.user,
        "password": secrets.secret("PASSWORD", empty=True),
        "token": secrets.secret("TOKEN", flaw=access.bearer_flaw),
    },
    synonyms={
        "username": "user", "name": "user", "login": "user", "pass": "password",
        "passwd": "password", "pw": "password", "bearer": "token", "key": "token",
        "api_key": "token", "access_token": "token",
    },
)  # fmt: skip

SOURCE = Table(
    title="[[source]]",
    example="[[source]]",
    keys={
        "name": names.name,
        "kind": _kind,
        "was": text("old-name"),
        "path": _source_path,
        "url": remote.source_url,
        "auth": AUTH,
        "headers": access.headers,
        "every": units.interval,
        "title": text("Nachrichten"),
        "language": words.language,
        "timezone": words.zone,
        "encoding": many(words.encoding, '"windows-1252"'),
        "markup": choice("auto", "none"),
        "tags": many(words.tag, '"politik"'),
        "include": many(words.glob, '"*.md"'),
        "exclude": many(words.glob, '"drafts/**"'),
        "future": choice("hold", "clamp"),
        "on_delete": choice("withdraw", "keep"),
        "link": addresses.link_template,
        "max_bytes": units.size,
        "settle": units.duration("2s", zero=True),
        "keep": count(5000),
        "keep_for": units.duration("365d"),
    },
    synonyms={
        "id": "name", "type": "kind", "folder": "path", "directory": "path", "dir": "path",
        "location": "path", "interval": "every", "refresh": "every", "schedule": "every",
        "label": "title", "lang": "language", "tz": "timezone", "time_zone": "timezone",
        "charset": "encoding", "encodings": "encoding", "tag": "tags", "categories": "tags",
        "category": "tags", "files": "include", "pattern": "include", "glob": "include",
        "retention": "keep_for", "max_age": "keep_for", "prune": "keep_for",
        "ignore": "exclude", "skip": "exclude", "renamed_from": "was", "old_name": "was",
        "on_remove": "on_delete", "max_size": "max_bytes", "base_url": "link",
        "feed": "url", "feed_url": "url", "xml_url": "url", "xmlurl": "url", "href": "url",
        "uri": "url", "address": "url", "header": "headers", "user": "auth", "username": "auth",
        "login": "auth", "password": "auth", "token": "auth", "bearer": "auth",
    },
)  # fmt: skip

FEED = Table(
    title="[[feed]]",
    example="[[feed]]",
    keys={
        "name": names.of_feed,
        "title": text("Nachrichten"),
        "description": text("Was heute wichtig ist"),
        "sources": many(text("articles"), '"articles"', empty=False),
        "exclude_sources": many(text("articles"), '"articles"', empty=False),
        "tags": many(words.tag, '"politik"', empty=False),
        "exclude_tags": many(words.tag, '"sport"', empty=False),
        "authors": many(text("Redaktion"), '"Redaktion"', empty=False),
        "exclude_authors": many(text("Redaktion"), '"Redaktion"', empty=False),
        "language": words.language,
        "exclude_languages": many(words.language, '"en"', empty=False),
        "since": units.duration("7d"),
        "match": words.pattern,
        "exclude": words.pattern,
        "per": choice("tag", "author", "source"),
        "offset": count(5, least=0),
        "limit": count(50),
        "max_per_source": count(5),
        "full_text": partners.full_text,
        "digest": choice("daily", "weekly"),
        "archive": flag,
        "page_size": count(50, most=1_000),
        "deleted_entries": flag,
        "private": flag,
        "websub": partners.websub,
        "profile": partners.profile,
        "podcast": PODCAST,
        "image": addresses.icon,
        "logo": addresses.icon,
        "dark_logo": addresses.icon,
        "analytics": text("https://stats.example.org/pixel"),
        "formats": many(_format, '"atom", "rss"', empty=False),
        "dedupe": choice("link", "text", "none"),
    },
    synonyms={
        "id": "name", "slug": "name", "subtitle": "description", "source": "sources",
        "from": "sources", "tag": "tags", "categories": "tags", "category": "tags",
        "author": "authors", "lang": "language", "max_age": "since", "filter": "match",
        "regex": "match", "search": "match", "include": "match", "ignore": "exclude",
        "max_entries": "limit", "count": "limit", "max": "limit", "fulltext": "full_text",
        "content": "full_text", "format": "formats", "types": "formats",
        "archives": "archive", "history": "archive", "paging": "archive", "tombstones":
        "deleted_entries", "hub": "websub", "hubs": "websub", "partner": "profile", "secret":
        "private", "fan_out": "per", "split": "per", "group_by": "per", "skip": "offset",
        "itunes": "podcast", "cover": "image", "exclude_tag": "exclude_tags",
        "exclude_author": "exclude_authors", "exclude_source": "exclude_sources",
        "exclude_language": "exclude_languages", "darkmode_logo": "dark_logo",
        "dedup": "dedupe", "deduplicate": "dedupe", "duplicates": "dedupe", "unique": "dedupe",
    },
)  # fmt: skip

SINGLE_TABLES: Mapping[str, Table] = {
    "site": SITE,
    "store": STORE,
    "publish": PUBLISH,
    "server": SERVER,
    "maintenance": MAINTENANCE,
    "sync": SYNC,
    "defaults": DEFAULTS,
    "ops": OPS,
    "websub": WEBSUB,
}
LISTED_TABLES: Mapping[str, Table] = {"source": SOURCE, "feed": FEED}

TABLE_SYNONYMS: Mapping[str, str] = {
    "sources": "source", "feeds": "feed", "general": "site",
    "operations": "ops", "admin": "ops", "alerts": "ops", "database": "store",
    "storage": "store", "db": "store", "output": "publish",
    "http": "sync", "fetch": "sync", "client": "sync", "serve": "server", "default": "defaults",
    "backup": "maintenance", "prune": "maintenance", "jobs": "maintenance",
}  # fmt: skip
