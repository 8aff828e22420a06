"""The shapes of the configuration, with every default: what `config/` builds and everyone reads.

The field names are the keys of the TOML file. Paths are absolute by the time they stand here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from feedsvc.model import Format, Person, Podcast

DEFAULT_FEED = "all"

FullText: TypeAlias = bool | Literal["given"]
"""Whether entries hold the text, an excerpt, or nothing that their source did not say."""


@dataclass(frozen=True, slots=True)
class Cron:
    """Times of day by the five fields of cron, `0 6 * * *`, in some time zone."""

    fields: str


Every: TypeAlias = timedelta | Cron | Literal["auto"]
"""How often: at an interval, at times of day, or learnt from the source's own rhythm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """`[site]`: who publishes, and where readers find it."""

    title: str = "feedsvc"
    base_url: str  # absolute, without a trailing slash; unset: the listen address
    language: str | None = None
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    author: Person | None = None
    rights: str | None = None
    id_domain: str  # the authority of minted tag URIs (RFC 4151); unset: the host of base_url
    id_since: str = "2025"  # a day on which it was ours; part of every id, so never changed
    icon: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """`[store]`"""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """`[publish]`"""

    directory: Path
    pages: bool = True  # a page for each published article that has no link
    sitemap: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """`[server]`"""

    host: str = "127.0.0.1"
    port: int = 8080
    admin_token: Secret | None = None  # opens metrics and reasons to others than this machine
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()  # believed when they name a client
    access_log: Path | None = None
    access_log_addresses: bool = False  # of clients; people, by the law of many countries

    @property
    def listen(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """`[maintenance]`: what the daemon does for the store, once on each day that `at` names."""

    at: Cron = Cron("30 3 * * *")  # in the site's time zone
    backup: Path | None = None  # a folder; unset: no backups
    keep_backups: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """`[sync]`: how requests are made, and how much of an answer is read."""

    user_agent: str | None = None
    concurrency: int = 128  # requests under way; most of the time they wait for an answer
    per_host: int = 2  # of them to one host
    max_entries: int = 2_000  # of one remote feed; what stands behind them is not read
    timeout: timedelta = timedelta(seconds=20)  # for one whole exchange
    max_bytes: int = 15 * 1024 * 1024
    allow_networks: tuple[IPv4Network | IPv6Network, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A value that is never printed, `{ env = "X" }` or `{ file = "…" }`; read when it is used."""

    env: str | None = None
    file: Path | None = None
    value: str | None = field(default=None, repr=False)  # written into the configuration itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """How a remote source is asked: HTTP basic (`user` and `password`) or a bearer `token`."""

    user: str | None = None
    password: Secret | None = None
    token: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One `[[source]]`.

    `path` is where a folder lies, `url` where a remote feed, a page or an OPML file does.
    """

    name: str
    kind: str = "folder"  # unset beside a `url`: feed
    was: str | None = None
    path: Path | None = None
    url: str | None = None
    auth: Auth | None = None
    headers: tuple[tuple[str, Secret], ...] = ()
    every: Every | None = None  # None: the default of its kind
    keep: int | None = None  # of its articles the newest so many; `prune` drops others
    keep_for: timedelta | None = None  # since they were published
    title: str | None = None
    language: str | None = None
    timezone: ZoneInfo  # unset: the site's
    encoding: tuple[str, ...] = ()
    markup: Literal["auto", "none"] = "auto"
    tags: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    future: Literal["hold", "clamp"] | None = None  # None: the default of its kind
    on_delete: Literal["withdraw", "keep"] | None = None  # None: the default of its kind
    link: str | None = None  # a template: https://example.org/{path}
    max_bytes: int = 15 * 1024 * 1024
    settle: timedelta = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One `[[feed]]`: which articles it holds, and how it is published."""

    name: str
    title: str | None = None
    description: str | None = None
    sources: tuple[str, ...] = ()  # empty: all
    exclude_sources: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()  # any of them, compared without case
    exclude_tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    exclude_authors: tuple[str, ...] = ()
    language: str | None = None  # "de" also takes "de-AT"
    exclude_languages: tuple[str, ...] = ()
    since: timedelta | None = None  # only articles published within this long
    match: re.Pattern[str] | None = None  # in title, summary and text, without case
    exclude: re.Pattern[str] | None = None
    per: Literal["tag", "author", "source"] | None = None  # a group: one feed for each
    facet: tuple[str, str] | None = None  # of one feed of a group: ("tag", "politik"); never read
    offset: int = 0  # so many of the newest are left out
    limit: int = 50
    max_per_source: int | None = None
    full_text: FullText = True
    digest: Literal["daily", "weekly"] | None = None
    archive: bool = False
    page_size: int | None = None  # of the archive; unset: `limit`
    deleted_entries: bool = False  # say in Atom which entries were taken down (RFC 6721)
    private: bool = False
    websub: bool | tuple[str, ...] | None = None  # hubs; None: those of [websub]
    profile: str | None = None  # of a partner
    podcast: Podcast | None = None
    image: str | None = None
    logo: str | None = None
    dark_logo: str | None = None
    analytics: str | None = None
    formats: tuple[Format, ...] = (Format.ATOM, Format.RSS, Format.JSON)
    dedupe: Literal["link", "text", "none"] = "link"  # what makes two articles of two sources one


@dataclass(frozen=True, slots=True, kw_only=True)
class Ops:
    """`[ops]`: how the operator hears of sources whose state changes."""

    feed: bool = False  # public/_ops/<token>/atom.xml
    token: Secret | None = None
    webhook: Secret | str | None = field(default=None, repr=False)  # who knows it may post there


@dataclass(frozen=True, slots=True, kw_only=True)
class Websub:
    """`[websub]`: who tells readers of news at once."""

    hub: bool = False  # our own, at <base_url>/_websub/hub
    hubs: tuple[str, ...] = ()  # of others, told of every publication
    subscribe: bool = False  # to sources that announce a hub; needs a base_url that they reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A whole configuration; `path` is the file it was read from."""

    path: Path | None = None
    site: Site
    store: Store
    publish: Publish
    server: Server = field(default_factory=Server)
    maintenance: Maintenance = field(default_factory=Maintenance)
    sync: Sync = field(default_factory=Sync)
    ops: Ops = field(default_factory=Ops)
    websub: Websub = field(default_factory=Websub)
    sources: tuple[Source, ...] = ()
    feeds: tuple[Feed, ...] = ()
