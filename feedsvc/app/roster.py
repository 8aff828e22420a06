"""Which sources there are: those of the configuration, and those that stand in its OPML files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from feedsvc.app.reading import is_remote, outline
from feedsvc.config.nearest import nearest
from feedsvc.errors import ConfigError, NotFoundError
from feedsvc.registry import SOURCES, resolve
from feedsvc.settings import Settings, Source

if TYPE_CHECKING:
    from feedsvc.store import SqlStore


class Roster:
    """The sources of one configuration; what OPML files list is known by the store."""

    def __init__(self, settings: Settings, store: Callable[[], SqlStore]) -> None:
        self._settings = settings
        self._store = store

    def all(self) -> tuple[Source, ...]:
        """The configured sources, and those that stand in their OPML files."""
        if not self.lists():
            return self._settings.sources
        return (*self._settings.sources, *self._outlines(None))

    def some(self, names: Collection[str]) -> tuple[Source, ...]:
        """The sources of these names, as far as there are any."""
        found = [self.configured[name] for name in names if name in self.configured]
        listed = [name for name in names if name not in self.configured]
        return (*found, *(self._outlines(listed) if listed else ()))

    def named(self, names: Collection[str]) -> tuple[Source, ...]:
        """The sources of these names; raises NotFoundError for one that there is not."""
        found = {source.name: source for source in self.some(dict.fromkeys(names))}
        for name in names:
            if name not in found:
                known = {source.name for source in self.all()}
                raise NotFoundError(f"no source '{name}'", hint=did_you_mean(name, known))
        return tuple(found.values())

    def lists(self) -> Sequence[Source]:
        """The OPML files among them."""
        return [source for source in self._settings.sources if source.kind == "opml"]

    @cached_property
    def configured(self) -> dict[str, Source]:
        """Those of the configuration, by their names."""
        return {source.name: source for source in self._settings.sources}

    def _outlines(self, names: Sequence[str] | None) -> Iterator[Source]:
        for row in self._store().outlines(names):
            parent = self.configured.get(row.parent)
            if parent is not None:
                yield outline(row, parent)


def check_kinds(settings: Settings) -> None:
    """Raise ConfigError for a source whose kind does not exist, or lacks what it needs."""
    kinds: dict[str, str] = {}
    for source in settings.sources:
        if is_remote(source):
            continue
        if source.kind == "folder" and source.path is None:
            raise ConfigError(f"source '{source.name}' has no path", hint='add path = "articles"')
        kinds.setdefault(source.kind, source.name)
    for kind, name in kinds.items():
        try:
            resolve(SOURCES, kind)
        except ConfigError as error:
            raise ConfigError(f"source '{name}': {error}", hint=error.hint) from error


def did_you_mean(name: str, known: Collection[str]) -> str:
    """The hint for a name that there is not."""
    near = nearest(name, known)
    return f"did you mean '{near}'?" if near else f"there are: {', '.join(sorted(known))}"
