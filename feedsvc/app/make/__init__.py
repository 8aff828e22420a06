"""One feed of one place, in a store that is thrown away: what `feedsvc make` stands on.

    folder, file  -> parsers \\
    address, feed -> inspect  -> drafts with dates and ids -> sync -> regenerate -> the document

The same place gives the same bytes: no date comes from the clock, so that an article that states
none gets that of its file, and an entry that of its feed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from feedsvc.app.inspect import Listing, inspect
from feedsvc.app.make.entries import Held, entries, page
from feedsvc.app.make.files import ArticleFile, dated, form_of, of_path
from feedsvc.errors import FetchError, NotFoundError, ParseError, RenderError, UsageError
from feedsvc.model import Draft, SourceHead
from feedsvc.ports import Source as Articles
from feedsvc.settings import Feed, Settings, Source, Store

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.sync import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A feed document, and what its maker should know."""

    body: bytes
    entries: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a place holds; a folder is read later, document by document."""

    source: Source
    drafts: tuple[Draft, ...] | None = None  # None: those of the folder or file of `source`
    head: SourceHead = field(default_factory=SourceHead)
    notes: tuple[str, ...] = ()


async def find(settings: Settings, place: Source | Path, *, offline: bool) -> Found:
    """What is at a path or an address.

    Raises NotFoundError, SourceError for what cannot be read, and OfflineError without network.
    """
    if isinstance(place, Path):
        if not place.exists():
            raise NotFoundError(f"there is no {place}", hint="name a folder, a file or an address")
        if place.is_dir() or (place.suffix and form_of(place) is not None):
            return Found(source=of_path(settings, place))
    try:
        found = await inspect(settings, place, offline=offline)
    except ParseError:
        if isinstance(place, Path):
            if place.suffix:
                raise
            return Found(source=of_path(settings, place))  # a text, which needs no ending
        draft, notes = await page(settings, place)
        return Found(source=place, drafts=(draft,), notes=tuple(notes))
    if isinstance(found, Listing):
        raise UsageError(
            f"{place if isinstance(place, Path) else place.url} is a list of feeds, not a feed",
            hint="`feedsvc import opml` takes it as sources",
        )
    source = place if isinstance(place, Source) else of_path(settings, place)
    drafts, notes = entries(settings, source, found)
    return Found(source=source, drafts=drafts, head=found.reading.head, notes=tuple(notes))


async def make(settings: Settings, found: Found, feed: Feed) -> Made:
    """The document of a feed; raises NotFoundError without articles, RenderError if it is held."""
    from feedsvc.app import App, SystemClock
    from feedsvc.sync import Options, sync_source

    with TemporaryDirectory(prefix="feedsvc-") as name:
        folder = Path(name)
        app = App(_thrown_away(settings, folder, found.source, feed), SystemClock())
        try:
            app.sources()  # makes it known
            plan, adapter = _planned(app, found)
            report = await sync_source(
                plan, lambda: adapter, app.store, app.clock, Options(patient=False)
            )
            if report.outcome == "failed":
                raise FetchError(report.reason or "it cannot be read", hint=report.hint)
            problems = [f"{one.path}: {one.reason}" for one in app.store.problems() if one.path]
            return _built(app, folder, feed, (*found.notes, *problems))
        finally:
            app.close()


def _built(app: App, folder: Path, feed: Feed, notes: tuple[str, ...]) -> Made:
    from feedsvc.regenerate import held_back

    built = app.regenerate()
    (format,) = feed.formats
    (report,) = (one for one in built.publications if one.format == format.value)
    if report.outcome == "held":
        raise RenderError("; ".join(held_back([report])), hint="nothing was written")
    told = [f"{one.path}: {one.reason}" for one in built.left_out]
    told += [f"warning: {one.message}" for one in report.warnings]
    if not report.entries:
        why = "; ".join((*notes, *told)[:3])
        raise NotFoundError(f"no article that can be published{f': {why}' if why else ''}")
    body = (folder / "public" / feed.name / format.filename).read_bytes()
    return Made(body=body, entries=report.entries, notes=(*notes, *told))


def _thrown_away(settings: Settings, folder: Path, source: Source, feed: Feed) -> Settings:
    publish = replace(settings.publish, directory=folder / "public", pages=False, sitemap=False)
    return replace(
        settings,
        store=Store(url=f"sqlite:///{folder}/feedsvc.db"),
        publish=publish,
        sources=(source,),
        feeds=(feed,),
        ops=type(settings.ops)(),
        websub=type(settings.websub)(),
    )


def _planned(app: App, found: Found) -> tuple[Plan, Articles]:
    """How the articles are read, and where from."""
    from feedsvc.app.folders import plan as plan_of

    plan = plan_of(found.source, app.settings, app.authority)
    if found.drafts is not None:
        held = Held(found.source, found.drafts)
        return replace(plan, parser=lambda _: held.draft, clean=lambda draft, _: draft), held
    dating = replace(plan, parser=lambda form: dated(plan.parser(form)))
    assert found.source.path is not None  # noqa: S101 - a folder or a file
    if found.source.path.is_dir():
        from feedsvc.registry import PARSERS, names
        from feedsvc.sources.folder import FolderSource

        return dating, FolderSource(found.source, app.clock, lambda: names(PARSERS))
    return dating, ArticleFile(found.source)
