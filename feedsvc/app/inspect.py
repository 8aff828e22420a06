"""A look at a source that stores nothing: what `source test` and `source add` stand on.

address, file or bytes --read, else forgive--> reading --clean--> Inspection
a page  -> the feeds it announces, then the common paths, asked one after the other
an OPML file -> Listing
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedsvc.app.reading import put_aside
from feedsvc.app.remote import client
from feedsvc.errors import FetchError, OfflineError, ParseError, SourceError
from feedsvc.model import Draft, Hints, Reading
from feedsvc.regex import compiled
from feedsvc.settings import Settings
from feedsvc.settings import Source as SourceSettings

if TYPE_CHECKING:
    from feedsvc.aside import Aside
    from feedsvc.parsers.opml import Opml


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was found: a reading whose drafts are as they would be stored, and where it lies."""

    reading: Reading
    problems: tuple[str, ...]  # of the document, then of single entries
    url: str | None = None  # of the document, behind all redirects; None for a file
    asked: str | None = None  # before them
    status: int | None = None
    moved_to: str | None = None  # where the asked address redirects to for good
    page: str | None = None  # the page that led to it
    announced: tuple[str, ...] = ()  # the feeds of that page; none: it lay at a common path


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """An OPML file was found: what it lists."""

    opml: Opml
    url: str | None = None
    asked: str | None = None
    status: int | None = None
    moved_to: str | None = None


# -- bytes -----------------------------------------------------------------------------------------


def inspect_bytes(
    data: bytes,
    *,
    url: str | None,
    media_type: str | None,
    charset: str | None,
    hints: Hints,
    max_entries: int,
) -> Inspection:
    """What a document says that was fetched from `url`, read as a sync reads it; raises ParseError.

    For whoever has no event loop; in one, `read_document` and `inspection` do the same.
    """
    import asyncio

    from feedsvc.parsers.feed import DoubtfulError, read

    told = told_of(url, media_type, charset, hints, max_entries)

    async def forgive() -> Reading:
        async with put_aside() as aside:
            return await read_document(data, told, aside)

    try:
        reading = read(data, **told)
    except DoubtfulError:
        reading = asyncio.run(forgive())
    return inspection(reading, url=url, tags=(), language=hints.language)


def told_of(
    url: str | None, media_type: str | None, charset: str | None, hints: Hints, max_entries: int
) -> dict[str, Any]:
    """What every reader of feeds is told beside the bytes."""
    return {
        "url": url, "media_type": media_type, "charset": charset, "hints": hints,
        "max_entries": max_entries,
    }  # fmt: skip


def inspection(
    reading: Reading, *, url: str | None, tags: tuple[str, ...], language: str | None, **more: Any
) -> Inspection:
    """A reading with its drafts as a sync would store them."""
    from feedsvc.filters.clean import clean

    spoken = language or reading.head.language
    drafts = tuple(
        clean(draft, base=draft.link or url, tags=tags, language=spoken) for draft in reading.drafts
    )
    return Inspection(
        reading=replace(reading, drafts=drafts),
        problems=(*reading.problems, *_of_entries(drafts)),
        url=url,
        **more,
    )


_MOST_PROBLEMS = 100


_NOTHING = "says nothing; a sync leaves it out"


def _of_entries(drafts: Sequence[Draft]) -> tuple[str, ...]:
    from feedsvc.parsers.feed import says_nothing

    told = [
        f"entry {number}: {warning}"
        for number, draft in enumerate(drafts, start=1)
        for warning in (*draft.warnings, *([_NOTHING] if says_nothing(draft) else ()))
    ]
    if len(told) > _MOST_PROBLEMS:
        told[_MOST_PROBLEMS:] = [f"and {len(told) - _MOST_PROBLEMS} more about single entries"]
    return tuple(told)


# -- places ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said of a document that lies in a file now."""

    url: str | None = None  # where it was fetched, and where its relative addresses start
    content_type: str | None = None  # as in the header


async def inspect(
    settings: Settings,
    place: SourceSettings | Path,
    *,
    offline: bool = False,
    answer: Answer | None = None,
) -> Inspection | Listing:
    """Ask a remote source, or read a file; raises SourceError, and OfflineError without network.

    Where a page is found instead of a feed, its feeds are asked, then the paths where feeds lie on
    many sites. `offline` forbids every request. `answer` is for a file.
    """
    async with put_aside() as aside:
        if isinstance(place, Path):
            return await in_file(place, settings, aside, answer or Answer())
        from feedsvc.app.finder import Finder
        from feedsvc.web import NoNetworkError

        if offline:
            raise OfflineError(
                "--offline forbids to ask an address", hint="save the document and test the file"
            )
        try:
            async with client(settings) as http:
                return await Finder(settings, place, aside, http).find()
        except NoNetworkError as error:
            raise OfflineError(f"no network: {error}") from error


async def in_file(
    path: Path, settings: Settings, aside: Aside, answer: Answer
) -> Inspection | Listing:
    """What a file says; raises SourceError."""
    data = read_bytes(path, settings.sync.max_bytes)
    url = answer.url
    media_type, charset = _kind_of(answer.content_type)
    if is_opml(data):
        return Listing(opml=read_opml(data, str(path), url=url, charset=charset), url=url)
    hints = Hints(zone=settings.site.timezone)
    told = told_of(url, media_type, charset, hints, settings.sync.max_entries)
    try:
        reading = await read_document(data, told, aside)
    except SourceError as error:
        error.args = (f"{path}: {error}",)
        raise
    return inspection(reading, url=url, tags=(), language=None)


def _kind_of(content_type: str | None) -> tuple[str | None, str | None]:
    """The media type and the charset of a header, read as those of an answer are."""
    if content_type is None:
        return None, None
    from feedsvc.web import Headers, Response

    said = Headers(((b"content-type", content_type.encode("utf-8", "replace")),))
    response = Response(status=200, url="", headers=said)
    return response.media_type, response.charset


def read_bytes(path: Path, most: int) -> bytes:
    """A file of at most `most` bytes; raises FetchError."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise FetchError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > most:
        raise FetchError(
            f"{path} is larger than {most:,} bytes", hint="sync.max_bytes is the limit"
        )
    return data


async def read_document(data: bytes, told: dict[str, Any], aside: Aside) -> Reading:
    """What a document says, by the readers of a sync; raises ParseError."""
    from feedsvc.parsers.feed import DoubtfulError, read

    try:
        return read(data, **told)
    except DoubtfulError:
        found: Reading = await aside.call("feedsvc.parsers.feed.forgiving:read", data, **told)
        return found


_OPML = compiled(
    rb"(?:\s|\xef\xbb\xbf|\xff\xfe|\xfe\xff|<!--.{0,2000}?-->|<\?[^>]{0,500}>|<!doctype[^<>]{0,500}>)*+"
    rb"<opml[\s>]",
    re.DOTALL | re.IGNORECASE,
)


def is_opml(data: bytes) -> bool:
    """Whether the root is `opml`, as far as can be told without reading it."""
    return _OPML.match(data[:10_000].replace(b"\0", b"")) is not None  # UTF-16 has them


def read_opml(
    data: bytes, place: str, *, url: str | None = None, charset: str | None = None
) -> Opml:
    """What an OPML file lists; raises ParseError, which names the `place`."""
    from feedsvc.parsers.opml import read

    try:
        return read(data, url=url, charset=charset)
    except ParseError as error:
        error.args = (f"{place}: {error}",)
        raise
