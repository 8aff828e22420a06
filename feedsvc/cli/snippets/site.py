"""What a web server is told of the output directory, from the serving index and the settings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from feedsvc.errors import FeedsvcError
from feedsvc.settings import Settings

TYPES = (
    ("atom.xml", "application/atom+xml"),
    ("rss.xml", "application/rss+xml"),
    ("feed.json", "application/feed+json"),
    ("opml.xml", "text/x-opml"),
)
"""Names that say more than their endings."""


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
    private: tuple[str, ...]  # folders
    leads: tuple[Lead, ...]  # what speaks for a path first stands first


def site_of(settings: Settings) -> Site:
    """The site as it was built last; raises FeedsvcError if it was not."""
    told = _index(settings)
    base = urlsplit(settings.site.base_url)
    private = tuple(told["noindex"])
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
        leads=tuple(sorted(leads, key=lambda one: (one.path[-1] == "/", -len(one.path), one.path))),
    )


_EMPTY: dict[str, Any] = {"links": {}, "noindex": [], "moved": {}, "elsewhere": {}, "gone": []}


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
