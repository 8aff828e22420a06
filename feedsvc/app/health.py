"""Whether the service is fit to be sent readers, for `/health/ready`.

Not ready is what lets readers miss something: the store or the output directory cannot be read or
written, the disk is full, the daemon stands still, nothing is published yet, or no source at all
has brought anything for an hour. All else that is wrong is a warning: one source that fails, or one
feed that is held back, is no reason to take all the others from their readers.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from feedsvc.app.standing import lag
from feedsvc.errors import FeedsvcError, LockedError
from feedsvc.manners import Health

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.ports import Figures

_MIB = 1024 * 1024

STILL = 300.0
"""Seconds without a tick after which the daemon stands still; the longest builds take less."""

BUSY = 60.0
"""Seconds for which one writer may hold the store, as a restore or a large sync by hand does."""

FULL = 32 * _MIB
"""Bytes of room below which a disk is full: a batch of articles, or a build, may not fit."""

_NEARLY_FULL = 512 * _MIB  # bytes below which an operator should look
_SILENCE = timedelta(hours=1)  # without any good answer, of any source
_MUCH_LATE = timedelta(hours=1)


class Said(NamedTuple):
    """What is wrong with one thing that was looked at."""

    check: str
    reason: str
    grave: bool  # it keeps us from being ready


def look(app: App) -> list[Said]:
    """Everything that is wrong now; it may wait for the store for a second."""
    found = [*_directory(app.settings.publish.directory), *_disks(app), *_daemon(app)]
    try:
        found += _writable(app)
        figures = app.numbers.figures()
        found += [*_feeds(app, figures), *_sources(app, figures)]
    except FeedsvcError as error:
        found.append(Said("store", error.line, grave=True))
    return found


def _directory(directory: Path) -> Iterator[Said]:
    if not directory.is_dir():
        yield Said("output", f"{directory} is not there", grave=True)
    elif not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        yield Said("output", f"{directory} cannot be written", grave=True)


def _disks(app: App) -> Iterator[Said]:
    for place in {app.settings.publish.directory, store_file(app).parent}:
        try:
            free = shutil.disk_usage(place).free
            files = os.statvfs(place)
        except OSError:
            continue  # it is said elsewhere that it is not there
        if free < FULL:
            yield Said("disk", f"{place}: {free // _MIB} MiB are left", grave=True)
        elif files.f_files and not files.f_favail:  # some file systems count none
            yield Said("disk", f"{place}: no more files can be made", grave=True)
        elif free < _NEARLY_FULL:
            yield Said("disk", f"{place}: {free // _MIB} MiB are left", grave=False)


def store_file(app: App) -> Path:
    """Where the database lies."""
    return Path(app.settings.store.url.partition("///")[2] or "feedsvc.db")


def _daemon(app: App) -> Iterator[Said]:
    idle = app.metrics.idle
    if app.attended and idle > STILL:
        yield Said("daemon", f"has not looked for what is due for {idle:.0f} s", grave=True)


def _writable(app: App) -> Iterator[Said]:
    metrics = app.metrics
    try:
        app.store.probe()
    except LockedError as error:
        now = time.monotonic()
        metrics.busy_since = metrics.busy_since or now
        yield Said("store", error.line, grave=now - metrics.busy_since > BUSY)
    else:
        metrics.busy_since = None


def _feeds(app: App, figures: Figures) -> Iterator[Said]:
    built = {feed.name: feed for feed in figures.feeds}
    wanted = [feed.name for feed in app.settings.feeds]
    done = [name for name in wanted if name in built and built[name].built is not None]
    for name in wanted:
        feed = built.get(name)
        if feed is not None and feed.held is not None:
            yield Said("feeds", f"{name} is held back: {feed.held}", grave=not done)
        elif name not in done:
            yield Said("feeds", f"{name} was never built", grave=True)


def _sources(app: App, figures: Figures) -> Iterator[Said]:
    now, counts = app.clock.now(), app.numbers.sources()
    failing = counts[Health.FAILING] + counts[Health.QUARANTINED]
    asked = failing + counts[Health.OK] + counts[Health.LATE]
    if failing:
        silent = figures.newest_ok is None or now - figures.newest_ok > _SILENCE
        whole = failing == asked > 1
        said = "all sources fail" if whole else f"{failing} of {asked} sources fail"
        yield Said("sources", said, grave=whole and silent)
    waiting = lag(app, figures)
    if counts[Health.LATE] and waiting > _MUCH_LATE:
        yield Said("sources", f"{counts[Health.LATE]} are late, by up to {waiting}", grave=False)
