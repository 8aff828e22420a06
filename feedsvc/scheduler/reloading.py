"""The configuration of a running daemon: read again when its file was written, or on SIGHUP.

What is broken is refused as a whole: the daemon goes on with what it had, and says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from feedsvc.errors import ConfigError, StoreError
from feedsvc.settings import Settings

Load = Callable[[], Settings]
_Mark = tuple[int, int, int] | None


class ConfigFile:
    """Notices that a configuration file is another one."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known = self._seen = _mark(path)

    def changed(self) -> bool:
        """Whether it was written since it was read last, and has come to rest.

        To be asked now and then: a file that was seen once in a new state may still be written.
        """
        now = _mark(self._path)
        settled, self._seen = now == self._seen, now
        if not settled or now == self._known or now is None:
            # One that is gone is about to come back, as editors and configuration tools do it.
            return False
        self._known = now
        return True

    def read(self) -> None:
        """It has been read by another way."""
        self._known = self._seen = _mark(self._path)


def _mark(path: Path | None) -> _Mark:
    try:
        status = path.stat() if path is not None else None
    except OSError:
        return None
    return None if status is None else (status.st_ino, status.st_size, status.st_mtime_ns)


def check_same_place(old: Settings, new: Settings) -> None:
    """Raise ConfigError for what only a new process can take over."""
    if new.store.url != old.store.url:
        raise ConfigError(
            "store.url names another database now",
            hint="restart `feedsvc run` to work on that one",
        )


def check_store(whereabouts: str, *, anew: bool = False) -> None:
    """Raise StoreError if the file of the store does not lie where it did; `anew`: if none does."""
    if whereabouts == "gone":
        raise StoreError(
            "its file is gone, and what is published stays as it is",
            hint="put it back; a restart of `feedsvc run` begins with an empty one",
        )
    if whereabouts == "other" and not anew:
        raise StoreError(
            "another file lies in its place, and what is published stays as it is",
            hint="put it back; SIGHUP or a restart lets `feedsvc run` work on the other one",
        )


def removed_sources(old: Settings, new: Settings) -> tuple[str, ...]:
    """The sources that are no longer configured, under no other name either."""
    kept = set(_names(new))
    return tuple(source.name for source in old.sources if source.name not in kept)


def _names(settings: Settings) -> Iterator[str]:
    for source in settings.sources:
        yield source.name
        if source.was is not None:
            yield source.was


def listed(names: Iterable[str]) -> str:
    """Some names in a line."""
    some = list(names)
    more = f" and {len(some) - 5} more" if len(some) > 5 else ""
    return f"{', '.join(some[:5])}{more}"
