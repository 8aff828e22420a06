"""Entries of somebody's feed, or a page of theirs, with the ids that a sync would give them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from feedsvc.errors import ParseError
from feedsvc.model import Document, Draft, Harvest, Hints, SourceHead
from feedsvc.settings import Settings, Source

if TYPE_CHECKING:
    from feedsvc.app.inspect import Inspection
    from feedsvc.web import Response


def entries(
    settings: Settings, source: Source, found: Inspection
) -> tuple[tuple[Draft, ...], list[str]]:
    """The entries of a feed, and what is to be said of them."""
    from feedsvc.decide import Authority, said
    from feedsvc.decide.entries import free_keys, item, keys_of
    from feedsvc.parsers.feed import says_nothing
    from feedsvc.sync.origin import origin_of

    site, head = settings.site, found.reading.head
    drafts = [one for one in found.reading.drafts if not says_nothing(one)]
    authority = Authority(domain=site.id_domain, since=site.id_since)
    keys = free_keys(keys_of([item(one, said(one), home=head.link) for one in drafts], "id"), ())
    origin = origin_of(head, found.url, secret=source.auth is not None) if found.url else None
    dated, undated = _all_dated(drafts, head, settings)
    notes = [*found.problems]
    if undated:
        notes.append(f"{undated} of {len(drafts)} entries state no date: they get that of the feed")
    given = tuple(
        replace(one, id=authority.mint(source.name, key), origin=one.origin or origin)
        for one, key in zip(dated, keys, strict=True)
    )
    return given, notes


def _all_dated(
    drafts: Sequence[Draft], head: SourceHead, settings: Settings
) -> tuple[list[Draft], int]:
    """The drafts with a date each, which no clock has told; and how many had none."""
    from feedsvc.regenerate.press import beginning

    stated = [moment for one in drafts if (moment := one.published or one.updated) is not None]
    moment = head.updated or head.published or min(stated, default=beginning(settings.site))
    undated = [one for one in drafts if not (one.published or one.updated)]
    # In the order of the document, the first one the newest.
    order = {id(one): number for number, one in enumerate(undated)}
    return [
        replace(one, published=moment - timedelta(seconds=order[id(one)]))
        if id(one) in order
        else one
        for one in drafts
    ], len(undated)


async def page(settings: Settings, source: Source) -> tuple[Draft, list[str]]:
    """A page without a feed: an article itself; raises SourceError."""
    from feedsvc.app.finder import Finder
    from feedsvc.app.reading import put_aside
    from feedsvc.app.remote import client
    from feedsvc.filters.clean import clean
    from feedsvc.parsers.html import parse

    assert source.url is not None  # noqa: S101 - an address
    async with client(settings) as http, put_aside() as aside:
        response = await Finder(settings, source, aside, http).ask(source.url)
    if response.media_type not in ("text/html", "application/xhtml+xml"):
        raise ParseError(f"{response.url} is neither a feed nor a page")
    document = Document(source=source.name, path="page.html", data=response.body, form="html")
    hints = Hints(language=source.language, zone=source.timezone, encodings=_charset(response))
    try:
        draft = parse(document, hints)
    except ParseError as error:
        raise ParseError(f"{response.url}: {error}", hint=error.hint) from error
    draft = clean(
        replace(draft, link=draft.link or response.url),
        base=response.url,
        tags=(),
        language=source.language,
    )
    notes = []
    if not (draft.published or draft.updated):
        from feedsvc.regenerate.press import beginning

        moment = _modified(response) or beginning(settings.site)
        draft = replace(draft, published=moment)
        notes.append(f"the page states no date: it gets {moment:%Y-%m-%d}")
    return draft, notes


def _charset(response: Response) -> tuple[str, ...]:
    return (response.charset,) if response.charset else ()


def _modified(response: Response) -> datetime | None:
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(response.headers.get("last-modified", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


class Held:
    """The source of drafts that are there already; fits `ports.Source`."""

    def __init__(self, source: Source, drafts: Sequence[Draft]) -> None:
        self._source = source
        self._paths = [f"{number:06}" for number in range(len(drafts))]
        self._drafts = dict(zip(self._paths, drafts, strict=True))

    def draft(self, document: Document, *_: object, **__: object) -> Draft:
        """The parser of its documents."""
        return self._drafts[document.path]

    def _documents(self) -> Iterator[Document]:
        for path in self._paths:
            yield Document(source=self._source.name, path=path, data=path.encode(), form="held")

    async def collect(self, *_: object, **__: object) -> Harvest:
        """All there is, whatever is known of it."""
        return Harvest(documents=self._documents(), paths=frozenset(self._paths))
