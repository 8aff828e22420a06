"""Asks for a feed at an address, and where a page answers, for the feeds of that page.

    the page announces some -> these, the likeliest first
    it announces none that can be read -> the paths where feeds lie on many sites

One request after the other, and few of them: they are guesses. A sync makes none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from feedsvc.app.inspect import (
    Answer,
    Inspection,
    Listing,
    in_file,
    inspection,
    is_opml,
    read_document,
    read_opml,
    told_of,
)
from feedsvc.app.reading import announced
from feedsvc.errors import FetchError, ParseError
from feedsvc.manners import STATUS
from feedsvc.model import Hints
from feedsvc.ports import Memory
from feedsvc.settings import Settings
from feedsvc.settings import Source as SourceSettings

if TYPE_CHECKING:
    from feedsvc.aside import Aside
    from feedsvc.web import Client, Response

MOST_TRIED = 8
"""Addresses that are asked where a page is found instead of a feed."""

_ANNOUNCED = 3  # of them those that the page announces, as in a sync


class Finder:
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
            return await in_file(source.path, self._settings, self._aside, Answer())
        assert source.url is not None  # noqa: S101 - the configuration saw to it
        response = await self.ask(source.url)
        if source.kind == "opml" or is_opml(response.body):
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
        asking = FeedSource(self._source, self._client, request_headers)  # keeps secrets at home
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
        told = told_of(
            response.url,
            response.media_type,
            response.charset,
            hints,
            self._settings.sync.max_entries,
        )
        return inspection(
            await read_document(response.body, told, self._aside),
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


def _is_page(response: Response) -> bool:
    from feedsvc.parsers.feed.refusals import is_page

    html = ("text/html", "application/xhtml+xml")
    return response.media_type in html or is_page(response.body)


class _RefusedError(FetchError):
    """The server answers, but with no document."""

    def __init__(self, response: Response) -> None:
        self.status = response.status
        said = f"{response.url}: the server answers {response.status}"
        if (meaning := STATUS.get(response.status)) is None:
            super().__init__(said)
        else:
            super().__init__(f"{said} ({meaning.words})", hint=meaning.tried or meaning.hint)
