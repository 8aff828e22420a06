"""What `feedsvc validate` looks at: feeds, files, folders, addresses, and what a pipe brings."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from feedsvc.cli.answers import asked
from feedsvc.cli.configuration import settings_or_defaults
from feedsvc.cli.console import Console
from feedsvc.errors import FeedsvcError, FetchError, NotFoundError, UsageError
from feedsvc.model import Format

if TYPE_CHECKING:
    from feedsvc.settings import Feed, Settings
    from feedsvc.web import Response

STDIN: Final = "-"

_MOST: Final = 52_428_801  # bytes that are read: no document may be as large (`sitemap-size`)
_ENDINGS: Final = frozenset({".xml", ".atom", ".rss", ".rdf", ".opml", ".json", ".html", ".htm"})
_ARCHIVE: Final = re.compile(r"(?:.*/)?archive/[0-9]+/[^/]+", re.DOTALL)
_NUMBER: Final = re.compile(r"([0-9]+)")


class Document(NamedTuple):
    """What is checked: its name, its bytes, and the address it has to say it is served at."""

    path: str
    body: bytes
    address: str | None = None
    format: str = "auto"
    profile: str | None = None  # of the feed it belongs to
    named: bool = False  # on the command line: a partner may be asked even if it reads others
    polled: bool = True  # by readers and partners: not a page of an archive
    answer: Response | None = None  # of the server, if one was asked


def documents(
    console: Console,
    what: Sequence[str],
    fetched: Mapping[str, Response | FetchError],
    failed: list[FeedsvcError],
) -> Iterator[Document]:
    """What was asked for, in that order; what cannot be read is `failed` and hides no other."""
    if "" in what:
        # A variable of a script that was not set; as a path it would be the folder we are in.
        raise UsageError("an empty argument names no feed, file or address")
    if what.count(STDIN) > 1:
        raise UsageError("standard input can be read once only")
    if not what:
        yield from _of_all(console, console.settings)
    for name in what:
        answer = fetched.get(name)
        if isinstance(answer, FetchError):
            failed.append(answer)
            continue
        try:
            yield from _named(console, name, answer)
        except NotFoundError as error:
            failed.append(error)
        except OSError as error:  # such as a name that no file can have
            failed.append(NotFoundError(f"cannot read {name}: {error.strerror}"))


def _named(console: Console, name: str, answer: Response | None) -> Iterator[Document]:
    file = Path(name)
    if answer is not None:
        if answer.hops:
            console.say(f"{asked(answer)} leads to {answer.url}")
        body = _unpacked(answer.body)
        yield Document(asked(answer), body, answer.url, named=True, answer=answer)
    elif name == STDIN:
        yield Document(STDIN, _unpacked(sys.stdin.buffer.read(_MOST)), named=True)
    elif file.exists() and not file.is_dir():  # a pipe of the shell is a file, too
        yield Document(name, _read(file), named=True)
    elif file.is_dir() and (_is_path(name) or not _is_feed(console, name)):
        yield from _of_folder(file)
    elif _is_path(name) or ("." in name and not _is_feed(console, name)):
        raise NotFoundError(f"no file '{name}'")
    else:
        settings = settings_or_defaults(console)
        if settings.path is None:
            raise NotFoundError(
                f"no file '{name}'", hint="nor a configuration, if it is to be the name of a feed"
            )
        yield from _of_feeds(console, settings, [name])


def _is_path(name: str) -> bool:
    return "/" in name or os.sep in name or name in (".", "..")


def _is_feed(console: Console, name: str) -> bool:
    return any(feed.name == name for feed in settings_or_defaults(console).feeds)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return _unpacked(opened.read(_MOST))
    except OSError as error:
        raise NotFoundError(f"cannot read {file}: {error.strerror}") from error


def _unpacked(body: bytes) -> bytes:
    """The document in a gzip file, as the sidecars are; what cannot be unpacked is as it was."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    import gzip
    import zlib

    try:
        with gzip.open(io.BytesIO(body)) as packed:
            return packed.read(_MOST)
    except (OSError, EOFError, zlib.error):
        return body


# -- folders -------------------------------------------------------------------------------------


def _of_folder(folder: Path) -> Iterator[Document]:
    """Every document below a folder; what is hidden, or no document by its name, is none."""
    empty = True
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted((one for one in folders if not one.startswith(".")), key=_in_order)
        for name in sorted(files, key=_in_order):
            file = Path(parent, name)
            if name.startswith(".") or file.suffix.lower() not in _ENDINGS or not file.is_file():
                continue
            body = _read(file)
            if file.suffix.lower() == ".json" and not _is_json_feed(file, body):
                continue
            empty = False
            yield Document(str(file), body, polled=_ARCHIVE.fullmatch(file.as_posix()) is None)
    if empty:
        raise NotFoundError(f"no feeds in {folder}", hint="name a folder with .xml or .json files")


def _is_json_feed(file: Path, body: bytes) -> bool:
    """JSON is written for many ends; a feed says what it is, or is called so."""
    return file.name == Format.JSON.filename or b"jsonfeed.org/version" in body


def _in_order(name: str) -> list[tuple[int, str]]:
    """2 before 10."""
    parts = _NUMBER.split(name)
    return [(int(part) if part.isdigit() and len(part) < 19 else -1, part) for part in parts]


# -- feeds of the configuration ------------------------------------------------------------------


def _of_all(console: Console, settings: Settings) -> Iterator[Document]:
    """What is published of all feeds; a document that is held back does not hide the others."""
    ledger = _ledger(console, settings)
    missing: list[Path] = []
    empty = True
    for feed in settings.feeds:
        for document in _of_feed(settings, feed, ledger, missing):
            empty = False
            yield document
    for file in missing:
        if empty:
            raise _not_published(file)
        console.warn(f"feedsvc: {_not_published(file)}")


def _of_feeds(console: Console, settings: Settings, names: Sequence[str]) -> Iterator[Document]:
    """The documents of feeds: the newest, the groups, the archive, as the ledger has them."""
    known = {feed.name: feed for feed in settings.feeds}
    for name in names:
        if name not in known:
            raise NotFoundError(
                f"no feed or file '{name}'", hint=f"there are the feeds {', '.join(known)}"
            )
    ledger = _ledger(console, settings)
    for name in names:
        yield from _of_feed(settings, known[name], ledger)


def _ledger(console: Console, settings: Settings) -> dict[str, str]:
    """The format of each published document by its path; nothing where there is no store."""
    if not Path(settings.store.url.removeprefix("sqlite:///")).is_file():
        return {}
    with console.app() as app:
        return {path: line.format for path, line in app.store.ledger().items()}


def _of_feed(
    settings: Settings, feed: Feed, ledger: Mapping[str, str], missing: list[Path] | None = None
) -> Iterator[Document]:
    """The documents of one feed; one that is not there is `missing`, or raises NotFoundError."""
    formats = [format.value for format in feed.formats]
    found = {
        path: format
        for path, format in ledger.items()
        if path.startswith(f"{feed.name}/") and format in formats
    }
    if not (found and (feed.per or feed.private)):  # these lie below, where the ledger says
        found |= {f"{feed.name}/{format.filename}": format.value for format in feed.formats}

    def order(path: str) -> tuple[int, list[tuple[int, str]], int]:
        folder = path.rpartition("/")[0]
        return path.count("/"), _in_order(folder), formats.index(found[path])

    for path in sorted(found, key=order):
        file = settings.publish.directory / path
        if not file.exists():
            if missing is None or path in ledger:
                raise _not_published(file)
            missing.append(file)
            continue
        yield Document(
            str(file),
            _read(file),
            f"{settings.site.base_url}/{path}",
            found[path],
            feed.profile,
            polled=_ARCHIVE.fullmatch(path) is None,
        )


def _not_published(file: Path) -> NotFoundError:
    hint = "run `feedsvc sync`; `feedsvc status` says if it is held back"
    return NotFoundError(f"{file} is not published yet", hint=hint)
