"""A look at a source that stores nothing: what `source test` and `source add` stand on.

address, file or bytes --read, else forgive--> reading --clean--> Inspection
a page  -> the feeds it announces, then the common paths, asked one after the other
an OPML file -> Listing
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from feedsvc.app.remote import announced, client
from feedsvc.errors import FetchError, OfflineError, ParseError, SourceError
from feedsvc.model import Draft, Hints, Reading
from feedsvc.ports import Memory
from feedsvc.settings import Settings
from feedsvc.settings import Source as SourceSettings

if TYPE_CHECKING:
    from feedsvc.aside import Aside
    from feedsvc.parsers.opml import Opml
    from feedsvc.web import Client, Response

MOST_TRIED = 8
"""Addresses that are asked where a page is found instead of a feed."""

_ANNOUNCED = 3  # of them those that the page announces, as in a sync


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
    """What a document says; raises ParseError.

    Reads as a sync does, but the forgiving reader is not put aside, where it could be stopped: for
    documents that mean no harm.
    """
    from feedsvc.parsers.feed import DoubtfulError, read

    told = _told(url, media_type, charset, hints, max_entries)
    try:
        reading = read(data, **told)
    except DoubtfulError:
        from feedsvc.parsers.feed import forgiving

        reading = forgiving.read(data, **told)
    return _inspection(reading, url=url, tags=(), language=hints.language)


def _told(
    url: str | None, media_type: str | None, charset: str | None, hints: Hints, max_entries: int
) -> dict[str, Any]:
    return {
        "url": url, "media_type": media_type, "charset": charset, "hints": hints,
        "max_entries": max_entries,
    }  # fmt: skip


def _inspection(
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


def _of_entries(drafts: Sequence[Draft]) -> tuple[str, ...]:
    told = [
        f"entry {number}: {warning}"
        for number, draft in enumerate(drafts, start=1)
        for warning in draft.warnings
    ]
    if len(told) > _MOST_PROBLEMS:
        told[_MOST_PROBLEMS:] = [f"and {len(told) - _MOST_PROBLEMS} more about single entries"]
    return tuple(told)


# -- places ----------------------------------------------------------------------------------------


async def inspect(
    settings: Settings, place: SourceSettings | Path, *, offline: bool = False
) -> Inspection | Listing:
    """Ask a remote source, or read a file; raises SourceError, and OfflineError without network.

    Where a page is found instead of a feed, its feeds are asked, then the paths where feeds lie on
    many sites. `offline` forbids every request.
    """
    from feedsvc.aside import Aside
    from feedsvc.web import NoNetworkError

    async with Aside() as aside:
        if isinstance(place, Path):
            return await _in_file(place, settings, aside)
        if offline:
            raise OfflineError(
                "--offline forbids to ask an address", hint="save the document and test the file"
            )
        try:
            async with client(settings) as http:
                return await _Finder(settings, place, aside, http).find()
        except NoNetworkError as error:
            raise OfflineError(f"no network: {error}") from error


async def _in_file(path: Path, settings: Settings, aside: Aside) -> Inspection | Listing:
    data = read_bytes(path, settings.sync.max_bytes)
    if _is_opml(data):
        return Listing(opml=read_opml(data, str(path)))
    hints = Hints(zone=settings.site.timezone)
    told = _told(None, None, None, hints, settings.sync.max_entries)
    try:
        reading = await _read(data, told, aside)
    except SourceError as error:
        error.args = (f"{path}: {error}",)
        raise
    return _inspection(reading, url=None, tags=(), language=None)


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


async def _read(data: bytes, told: dict[str, Any], aside: Aside) -> Reading:
    from feedsvc.parsers.feed import DoubtfulError, read

    try:
        return read(data, **told)
    except DoubtfulError:
        found: Reading = await aside.call("feedsvc.parsers.feed.forgiving:read", data, **told)
        return found


def _is_opml(data: bytes) -> bool:
    """Whether the root is `opml`, as far as can be told without reading it."""
    return b"<opml" in data[:4096].lower().replace(b"\0", b"")


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


class _Finder:
    """Asks one source, and where it is a page, the feeds of that page."""

    def __init__(
        self, settings: Settings, source: SourceSettings, aside: Aside, client: Client
    ) -> None:
        self._settings = settings
        self._source = source
        self._aside = aside
        self._client = client
        self._asked: list[str] = []

    async def find(self) -> Inspection | Listing:
        source = self._source
        if source.path is not None:  # an OPML file of this machine
            return await _in_file(source.path, self._settings, self._aside)
        assert source.url is not None  # noqa: S101 - the configuration saw to it
        response = await self.ask(source.url)
        if source.kind == "opml" or _is_opml(response.body):
            return self._listing(response)
        try:
            return await self._inspect(response)
        except ParseError as error:
            if not _is_page(response):
                error.args = (f"{response.url}: {error}",)
                raise
            return await self._search(response, error)

    async def ask(self, url: str) -> Response:
        """The answer of an address; FetchError if it is no document."""
        from feedsvc.config import request_headers
        from feedsvc.sources.feed import FeedSource

        self._asked.append(url)
        source = self._source
        if _place(url) != _place(source.url or ""):  # what is secret stays on its host
            source = replace(source, auth=None, headers=())
        asking = FeedSource(source, self._client, request_headers)
        response = await asking.ask(Memory(configured=url, url=url))
        if not 200 <= response.status < 300:
            raise _RefusedError(response)
        return response

    def _listing(self, response: Response) -> Listing:
        return Listing(
            opml=read_opml(response.body, response.url, url=response.url, charset=response.charset),
            url=response.url,
            asked=self._source.url,
            status=response.status,
            moved_to=response.moved_to,
        )

    async def _inspect(self, response: Response) -> Inspection:
        source = self._source
        hints = Hints(language=source.language, zone=source.timezone, encodings=source.encoding)
        told = _told(
            response.url,
            response.media_type,
            response.charset,
            hints,
            self._settings.sync.max_entries,
        )
        return _inspection(
            await _read(response.body, told, self._aside),
            url=response.url,
            tags=source.tags,
            language=source.language,
            asked=self._asked[-1],
            status=response.status,
            moved_to=response.moved_to,
        )

    # -- pages ---------------------------------------------------------------------------------

    async def _search(self, page: Response, error: ParseError) -> Inspection:
        """The feed of a page; raises ParseError, which tells where it was looked for."""
        from feedsvc.parsers.feed.discover import COMMON_PATHS

        told = announced(page)
        failed: list[str] = []
        for url in told[:_ANNOUNCED]:
            found = await self._try(url, url, failed)
            if found is not None:
                return replace(found, page=page.url, announced=told)
        for path in COMMON_PATHS:
            url = urljoin(page.url, path)
            if len(self._asked) > MOST_TRIED:  # the page is one of them
                break
            if url in self._asked:
                continue
            found = await self._try(url, path, failed)
            if found is not None:
                return replace(found, page=page.url)
            if failed[-1].endswith(_ENOUGH):
                break
        looked = (
            f"announces {len(told)} that cannot be read"
            if told
            else 'has no <link rel="alternate"> to one, no Link header, no address that looks so'
        )
        raise ParseError(
            f"{page.url} is a page, and no feed was found: it {looked}; tried {', '.join(failed)}",
            hint="give the address of the feed itself, if it has one",
        ) from error

    async def _try(self, url: str, name: str, failed: list[str]) -> Inspection | None:
        try:
            return await self._inspect(await self.ask(url))
        except _RefusedError as error:
            failed.append(f"{name} ({error.status})")
        except ParseError:
            failed.append(f"{name} (no feed)")
        except FetchError:
            failed.append(f"{name} (no answer)")
        return None


_ENOUGH = ("(429)", "(503)", "(no answer)")  # of our guesses


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _is_page(response: Response) -> bool:
    from feedsvc.parsers.feed.refusals import is_page

    html = ("text/html", "application/xhtml+xml")
    return response.media_type in html or is_page(response.body)


class _RefusedError(FetchError):
    """The server answers, but with no document."""

    def __init__(self, response: Response) -> None:
        self.status = response.status
        super().__init__(
            f"{response.url}: the server answers {response.status}", hint=_HINTS.get(self.status)
        )


_HINTS = {
    401: "it wants a password: set `auth` of the source",
    403: "it may refuse feed readers: sync.user_agent is the name that it is told",
    404: "is the address right? That of the site itself will do, if it announces its feed",
    410: "it is gone for good",
    429: "it is asked too often: try again later",
}
