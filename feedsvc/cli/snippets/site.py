"""What a web server is told of the output directory, from the serving index and the settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from feedsvc.config.hubs import distributing
from feedsvc.errors import FeedsvcError
from feedsvc.settings import Server, Settings

TYPES = (
    ("atom.xml", "application/atom+xml"),
    ("rss.xml", "application/rss+xml"),
    ("feed.json", "application/feed+json"),
    ("opml.xml", "text/x-opml"),
)
"""Names that say more than their endings."""

SHORTEST = 300
"""Seconds that everything may be kept for."""

DESK = "/_websub/"
"""Below it our own server answers, whoever serves the files: it is the hub, and hubs call it."""

ABOUT_DESK = (
    "# The hub, and what hubs of others tell us, is for `feedsvc run` to answer. It can tell who",
    "# asks if `server.trusted_proxies` lists the address that this server asks from.",
)

LARGEST = 16
"""MiB of a request to it: a little more than it takes of a document that a hub delivers."""


def kept(age: int, *, private: bool = False) -> str:
    """The value of Cache-Control, as our own server says it."""
    whose = "private" if private else "public"
    return f"{whose}, max-age={age}, stale-while-revalidate=60, stale-if-error=86400"


class Lead(NamedTuple):
    """Where a path leads at which no file lies; one that ends in `/` speaks for all below it."""

    path: str
    status: int  # 301, 307, 410
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """An output directory and its readers."""

    origin: str  # scheme, host and port
    host: str
    port: int | None
    base: str  # the path at which readers find the directory, without a slash at its end
    directory: Path
    links: tuple[tuple[str, str], ...]  # path and the value of its Link field
    private: tuple[str, ...]  # folders, and those that lead into them
    ages: tuple[tuple[str, int], ...]  # folders of feeds whose documents may be kept so long
    leads: tuple[Lead, ...]  # what speaks for a path first stands first
    desk: str | None  # where our own server listens, if hubs and subscribers have to reach it


def site_of(settings: Settings) -> Site:
    """The site as it was built last; raises FeedsvcError if it was not."""
    told = _index(settings)
    base = urlsplit(settings.site.base_url)
    private = tuple(_private(told))
    rules = {path: Lead(path, 307, target) for path, target in told["elsewhere"].items()}
    rules |= {path: Lead(path, 301, target) for path, target in told["moved"].items()}
    rules |= {path: Lead(path, 410) for path in told["gone"]}
    # A snippet gets copied about, and the address of a private document opens it.
    leads = (lead for lead in rules.values() if lead.status != 307 or not _in(private, lead.path))
    return Site(
        origin=f"{base.scheme}://{base.netloc}",
        host=base.hostname or "localhost",
        port=base.port,
        base=base.path,
        directory=settings.publish.directory,
        links=tuple(
            (path, ", ".join(values))
            for path, values in sorted(told["links"].items())
            if not _in(private, path)
        ),
        private=private,
        ages=tuple(_ages(told["feeds"], private)),
        leads=tuple(sorted(leads, key=lambda one: (one.path[-1] == "/", -len(one.path), one.path))),
        desk=_desk(settings),
    )


def _private(told: dict[str, Any]) -> list[str]:
    """What was private before it moved is so still: the key stands in its old address, too."""
    folders = told["noindex"]
    found = {
        path
        for path, target in told["moved"].items()
        if path.endswith("/") and any(target.endswith(f"/{folder}") for folder in folders)
    }
    return sorted({*folders, *found})


def _desk(settings: Settings) -> str | None:
    if not (settings.websub.subscribe or distributing(settings)):
        return None
    server = settings.server
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what is listened on
    return Server(host=everywhere.get(server.host, server.host), port=server.port).listen


def _ages(feeds: dict[str, dict[str, int]], private: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """The longest folder first; not of those that change by themselves, which only we can tell."""
    for folder in sorted(feeds, key=lambda one: (-len(one), one)):
        pace = feeds[folder]
        known = "change" not in pace and not _in(private, folder)
        if known and pace.get("age", SHORTEST) != SHORTEST:
            yield folder, pace["age"]


_EMPTY: dict[str, Any] = {
    "links": {}, "noindex": [], "moved": {}, "elsewhere": {}, "gone": [], "feeds": {},
}  # fmt: skip


def _in(folders: tuple[str, ...], path: str) -> bool:
    return path.startswith(folders)


def _index(settings: Settings) -> dict[str, Any]:
    from feedsvc.regenerate.serving import INDEX  # brings in what a build needs

    place = settings.publish.directory / INDEX
    try:
        found: Any = json.loads(place.read_bytes())
        if not isinstance(found, dict) or found.get("version") != 1:
            raise ValueError
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is damaged"
        raise FeedsvcError(
            f"{place} cannot be read: {reason}", hint="`feedsvc regenerate` writes it"
        ) from error
    return {**_EMPTY, **found}
