"""The files that are feedsvc's own: never articles, and not all of them for readers."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from glob import escape
from os.path import normpath
from pathlib import Path

from feedsvc.config.problems import Problems
from feedsvc.settings import Publish, Source, Store


def keep_private(file: Path, store: Store, publish: Publish, problems: Problems) -> None:
    """Refuse an output directory that holds the configuration or the store: all of it is served."""
    directory = _plain(publish.directory)
    for what, own in (("configuration", file), ("store", _file_of(store))):
        if _plain(own).is_relative_to(directory):
            says = f"the output directory is for everybody to read, and it holds the {what}"
            problems.add(("publish", "directory"), says, value=True)
            return


def leave_alone(
    sources: Iterable[Source], file: Path, store: Store, publish: Publish, problems: Problems
) -> tuple[Source, ...]:
    """The sources without the files that are ours, as with `path = "."`.

    Otherwise each feed that is published would be an article of the next one.
    """
    directory = _plain(publish.directory)
    own = {directory: "/**", _plain(_file_of(store)): "*", _plain(file): ""}
    around = {folder for path in own for folder in (path, *path.parents)}
    kept = []
    for source in sources:
        folder = _plain(source.path) if source.path is not None else None
        if folder == directory:
            says = f"the source {source.name!r} is the output directory itself"
            problems.add(("publish", "directory"), says, value=True)
        elif folder is not None and folder in around:
            globs = [
                escape(unicodedata.normalize("NFC", path.relative_to(folder).as_posix())) + tail
                for path, tail in own.items()
                if path.is_relative_to(folder)
            ]
            exclude = tuple(dict.fromkeys((*source.exclude, *globs)))
            kept.append(replace(source, exclude=exclude))
            continue
        kept.append(source)
    return tuple(kept)


def _file_of(store: Store) -> Path:
    return Path(store.url.removeprefix("sqlite:///"))


def _plain(path: Path) -> Path:
    """Without `..`, so that paths can be compared; links are not followed."""
    return Path(normpath(path))
