"""Names of the configuration and what they stand for: sources, parsers, formats.

    "folder" -> "feedsvc.sources.folder:FolderSource" -> FolderSource

Built-ins are listed here and imported when they are asked for. Other distributions add names with
entry points of the same groups; they cannot take the name of a built-in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from feedsvc.errors import ConfigError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

SOURCES = "feedsvc.sources"
PARSERS = "feedsvc.parsers"
FORMATS = "feedsvc.formats"

BUILT_IN: Mapping[str, Mapping[str, str]] = {
    SOURCES: {
        "folder": "feedsvc.sources.folder:FolderSource",
        "feed": "feedsvc.sources.feed:FeedSource",
        "opml": "feedsvc.sources.feed:FeedSource",  # asked alike; what comes back is a list
    },
    PARSERS: {
        "plaintext": "feedsvc.parsers.plaintext:parse",
        "markdown": "feedsvc.parsers.markdown:parse",
        "html": "feedsvc.parsers.html:parse",
    },
    FORMATS: {
        "atom": "feedsvc.feeds.atom:AtomFormat",
        "rss": "feedsvc.feeds.rss:RssFormat",
        "json": "feedsvc.feeds.jsonfeed:JsonFormat",
    },
}


def resolve(group: str, name: str) -> object:
    """What `name` stands for in `group`; raises ConfigError when nothing does, or it is broken."""
    if (target := BUILT_IN[group].get(name)) is not None:
        from pkgutil import resolve_name  # start-up: `--help` resolves nothing

        found: object = resolve_name(target)
        return found
    added = [entry for entry in _entry_points(group) if entry.name == name]
    if not added:
        raise _unknown(group, name)
    if len({entry.value for entry in added}) > 1:
        owners = " and ".join(sorted(_distribution(entry) for entry in added))
        raise ConfigError(
            f"{group}: {name!r} is provided by {owners}", hint="uninstall all but one of them"
        )
    return _loaded(group, added[0])


def names(group: str) -> tuple[str, ...]:
    """All names of a group: the built-ins, then what is installed besides."""
    added = sorted({entry.name for entry in _entry_points(group)} - BUILT_IN[group].keys())
    return (*BUILT_IN[group], *added)


def _entry_points(group: str) -> Iterable[EntryPoint]:
    from importlib.metadata import entry_points  # reads every installed package

    return entry_points(group=group)


def _loaded(group: str, entry: EntryPoint) -> object:
    try:
        found: object = entry.load()
    except Exception as error:  # whatever a stranger's module does when it is imported
        owner = _distribution(entry)
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ConfigError(
            f"{group}: {entry.name!r} of {owner} cannot be loaded: {said}",
            hint=f"repair or uninstall {owner.split()[0]}",
        ) from error
    return found


def _distribution(entry: EntryPoint) -> str:
    """The distribution an entry point belongs to, with its version."""
    dist = entry.dist
    return f"{dist.name} {dist.version}" if dist is not None else entry.value


def _unknown(group: str, name: str) -> ConfigError:
    from difflib import get_close_matches  # start-up: only mistakes need it

    known = names(group)
    close = get_close_matches(name, known, n=1)
    tail = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
    return ConfigError(f"{group}: no {name!r}: {tail}")
