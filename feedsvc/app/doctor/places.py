"""Do the places of the configuration lie where they should: apart, and where it says?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from feedsvc.app.doctor.case import Case
from feedsvc.app.doctor.report import CONFIGURATION, Check, doubtful, left_out, several, well, wrong
from feedsvc.config.discover import root_of, shorten
from feedsvc.config.ready import secrets_in_use
from feedsvc.settings import Settings


class Place(NamedTuple):
    """A path of the configuration, and the words for it."""

    what: str
    path: Path


def places_of(settings: Settings) -> tuple[Place, ...]:
    """Every folder and file that the configuration names."""
    found = [
        Place("the store", Path(settings.store.url.removeprefix("sqlite:///"))),
        Place("the output directory", settings.publish.directory),
    ]
    if settings.maintenance.backup is not None:
        found.append(Place("the backup folder", settings.maintenance.backup))
    if settings.server.access_log is not None:
        found.append(Place("the access log", settings.server.access_log))
    found += [Place(f"source '{s.name}'", s.path) for s in settings.sources if s.path is not None]
    return tuple(found)


def examine(case: Case) -> Iterator[Check]:
    """The checks of this group."""
    if case.settings is None or case.file is None:
        yield left_out("places", "there is no configuration that can be used")
        return
    yield _apart(case.settings, case.file, case.cwd)
    yield _inside(case.settings, case.file)


def _apart(settings: Settings, file: Path, cwd: Path) -> Check:
    """Whether what nobody may read lies in what everybody reads.

    What the paths say is refused when the configuration is read; here links are followed, too.
    """
    name = "places"
    output = _real(settings.publish.directory)
    secrets = {use.secret.file for use in secrets_in_use(settings) if use.secret.file is not None}
    own = [
        Place("the configuration", file),
        *(Place("a secret", one) for one in sorted(secrets)),
        *places_of(settings),
    ]
    for what, path in own:
        if what == "the output directory" or not _real(path).is_relative_to(output):
            continue
        shown = shorten(path, cwd)
        move = f"move it, or set another [publish] directory than {shorten(output, cwd)}"
        if what.startswith("source"):
            return doubtful(
                name,
                f"{what} lies in the output directory ({shown}): everybody reads its files",
                move,
            )
        return wrong(
            name, f"{what} lies in the output directory ({shown}), which is served to everybody",
            move, code=CONFIGURATION,
        )  # fmt: skip
    for what, path in places_of(settings):
        if not what.startswith("source") or not output.is_relative_to(_real(path)):
            continue
        if not _plain(settings.publish.directory).is_relative_to(_plain(path)):
            return doubtful(
                name,
                f"the output directory lies in {what} by a link: what is published is read as an "
                "article",
                f"keep {shorten(settings.publish.directory, cwd)} out of it: "
                "exclude it, or move it elsewhere",
            )
    return well(name, "store, configuration and sources lie apart from what is published")


def _inside(settings: Settings, file: Path) -> Check:
    """Relative paths that climb out of the folder they start at: not there after a move."""
    name = "places.relative"
    root = root_of(file)
    outside = [
        place
        for place in places_of(settings)
        if ".." in place.path.parts and not _plain(place.path).is_relative_to(_plain(root))
    ]
    if not outside:
        return well(name, f"relative paths start at {root}")
    shown = several([f"{place.what} ({_plain(place.path)})" for place in outside])
    return doubtful(
        name,
        f"relative paths lead out of {root}: {shown}",
        "write them as absolute paths if the configuration may move",
    )


def _plain(path: Path) -> Path:
    return Path(os.path.normpath(path))


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
