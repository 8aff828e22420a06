"""The composition root: Settings -> App.

Here, and only here, the rooms are joined: kinds from the registry, the store, the renderers, the
gate and the publisher. Commands, the scheduler and tests ask the App.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property, partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from feedsvc.app.clockwork import check_clock, heed
from feedsvc.app.errands import Errand, errands_of, run_errands
from feedsvc.app.journal import Journal
from feedsvc.app.metrics import Metrics
from feedsvc.app.reading import is_remote, outline
from feedsvc.app.remote import Remotes, client, opened
from feedsvc.config.nearest import nearest
from feedsvc.decide import Authority, Policy, digest_of
from feedsvc.errors import ConfigError, FeedsvcError, NotFoundError
from feedsvc.manners import Calendar, every_of
from feedsvc.model import Draft, Hints
from feedsvc.ports import Clock, Desk, Parser, Progress, Source, SourceRow
from feedsvc.registry import PARSERS, SOURCES, names, resolve
from feedsvc.settings import Settings
from feedsvc.settings import Source as SourceSettings
from feedsvc.sync import Options, Plan, SourceReport, sync_source

if TYPE_CHECKING:
    from feedsvc.app.standing import Numbers
    from feedsvc.regenerate import BuildOptions, BuildReport, Press
    from feedsvc.store import SqlStore
    from feedsvc.sync.remote import RemoteReport
    from feedsvc.web import Resolve

READING = "2"
"""The version of our reading of documents: a new one reads every file again."""

RESCAN = timedelta(seconds=5)
"""How often the daemon looks into a folder that has no `every` of its own."""

RESCAN_WATCHED = timedelta(minutes=1)
"""The same, where the system tells at once what happens in it: to be sure only."""


_FORBIDDEN = "--offline forbids to ask it"
"""Why a source is skipped that nothing else keeps us from asking."""

__all__ = ["App", "SyncReport", "SystemClock", "is_remote"]


class SystemClock:
    """The time of day of this machine."""

    def now(self) -> datetime:
        """The present in UTC."""
        return datetime.now(UTC)

    def elapsed(self) -> float:
        """Seconds since the machine was started; those that it slept count."""
        # Linux stops CLOCK_MONOTONIC while a machine sleeps; others do not, and lack the first.
        which = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
        return time.monotonic() if which is None else time.clock_gettime(which)

    def boot(self) -> str:
        """The name of this start of the machine; of this process, where that has none."""
        return _boot()

    async def sleep(self, seconds: float) -> None:
        """Wait, and let others go on."""
        await asyncio.sleep(seconds)


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return uuid4().hex


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """How a sync of several sources ended, and what was built after it."""

    sources: tuple[SourceReport, ...]
    build: BuildReport | None
    network: bool = True  # False: there were remote sources, and nothing could be reached
    forbidden: int = 0  # remote sources that only `--offline` kept from being asked


class App:
    """feedsvc, put together for one configuration."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        *,
        dry_run: bool = False,
        offline: bool = False,
        resolve: Resolve | None = None,
    ) -> None:
        """With `dry_run` all work is done on a copy of the store that is thrown away.

        With `offline` nobody is asked over the network. `resolve` stands in for the system's
        resolver of host names.
        """
        self.settings = settings
        self.clock = clock or SystemClock()
        self._resolve = resolve
        self._dry_run = dry_run
        self._offline = offline
        self._at_end = ExitStack()
        self._enrolled = False
        self._adapters: dict[str, Source] = {}
        self.unheard: FeedsvcError | None = None
        """Why the operator's webhook could not be told, the last time."""
        self._wake: Callable[[], object] | None = None
        self.watched: Collection[str] = ()
        """The folders, by their names, of which the system tells what happens in them."""
        self.pinged: set[str] = set()
        """The sources of which somebody told that there is news: they are asked without delay."""

    def close(self) -> None:
        """Give the store back."""
        self._at_end.close()

    @cached_property
    def store(self) -> SqlStore:
        """The store, opened and migrated."""
        from feedsvc.store import open_store  # SQLAlchemy is slow to import

        url = self.settings.store.url
        if self._dry_run:
            from feedsvc.store.scratch import scratch

            url = self._at_end.enter_context(scratch(url))
        store = open_store(url, self.settings.feeds)
        self._at_end.callback(store.close)
        return store

    def _enrol(self) -> None:
        """Tell the store which sources are configured, once.

        Only what syncs or builds does so: to look at a store with another configuration must not
        take the articles of that one's sources out. Raises ClockError.
        """
        check_clock(self.clock)
        if not self._enrolled:
            sources = [(s.name, s.was, s.kind, _place(s)) for s in self.settings.sources]
            self.store.enrol(sources, self.clock.now())
            self._enrolled = True
            self.heed_clock()

    def heed_clock(self) -> None:
        """Look whether the clock was set; if so, everybody waits on as before."""
        if (told := heed(self.settings, self.store, self.clock)) is not None:
            self.journal.happened("daemon", told)

    # -- stage 1 ---------------------------------------------------------------------------------

    def sources(self) -> tuple[SourceRow, ...]:
        """What the store knows of the configured sources."""
        self._enrol()
        return self.store.sources()

    def due_sources(self) -> tuple[frozenset[str], dict[str, SourceRow]]:
        """Our sources that another configuration has taken out, and the rows of those now due.

        Cheap enough to be asked every second, however many there are.
        """
        self._enrol()
        due = self.store.due(self.clock.now())
        lost = self.store.taken_out() & self._configured.keys()
        return lost, {row.name: row for row in due}

    async def sync(
        self,
        *,
        only: Sequence[str] = (),
        force: bool = False,
        build: bool = True,
        options: Options | None = None,
        progress: Progress | None = None,
    ) -> SyncReport:
        """Sync the sources that are due, then build the feeds that this or time has touched.

        `only` narrows this to some sources (NotFoundError for an unknown one); with `force` they
        are asked whether due or not.
        """
        options = options or Options()
        reports: dict[str, SourceReport] = {}
        network = await self._round(only, reports, options, force=force, progress=progress)
        lists = [] if only else [reports.get(one.name) for one in self._lists()]
        if any(report is not None and report.outcome == "ok" for report in lists):
            # What an OPML file lists by now is asked in the same run.
            again = await self._round(only, reports, options, force=force, progress=progress)
            network = network or again
        asked = self.some_sources(only) if only else self.all_sources()
        self.note_synced(reports.values())
        order = {source.name: number for number, source in enumerate(asked)}
        told = sorted(reports.values(), key=lambda report: order.get(report.name, len(order)))
        built = None
        if build and not self._dry_run:
            built = self.regenerate(progress=progress)
        forbidden = sum(report.reason == _FORBIDDEN for report in told)
        return SyncReport(sources=tuple(told), build=built, network=network, forbidden=forbidden)

    async def _round(
        self,
        only: Sequence[str],
        reports: dict[str, SourceReport],
        options: Options,
        *,
        force: bool,
        progress: Progress | None,
    ) -> bool:
        """Sync what is due and has no report yet; returns whether there is a network."""
        self._enrol()
        named = self._named(only)
        # The daemon looks into its folders one by one and often: not for thousands of rows.
        known = [self.store.source(name) for name in only] if only else self.store.sources()
        rows = {row.name: row for row in known}
        near: list[SourceSettings] = []
        far: list[SourceSettings] = []
        for source in named:
            row = rows.get(source.name)
            if source.name in reports or row is None:  # it has just left its OPML file
                continue
            reason = self.why_not(source, row, force=force)
            if reason is not None:
                reports[source.name] = SourceReport(
                    name=source.name, outcome="skipped", reason=reason
                )
            else:
                (far if is_remote(source) else near).append(source)
        visits = asyncio.create_task(self.visit(far, rows, progress, force=force)) if far else None
        try:
            for source in near:
                reports[source.name] = await self._sync_one(source, options, progress)
        except BaseException:
            if visits is not None:
                visits.cancel()
                await asyncio.wait([visits])
            raise
        if visits is None:
            return True
        visited = await visits
        reports |= {report.name: report for report in visited.sources}
        return visited.network

    def _lists(self) -> Sequence[SourceSettings]:
        return [source for source in self.settings.sources if source.kind == "opml"]

    async def visit(
        self,
        sources: Sequence[SourceSettings],
        rows: dict[str, SourceRow],
        progress: Progress | None = None,
        *,
        force: bool = False,
    ) -> RemoteReport:
        """Visit remote sources; without `force`, those that may be asked at this hour."""
        async with self.remotes() as remotes:
            report = await remotes.sync(sources, rows, progress, force=force)
            self.unheard = await self.tell(remotes)
            return report

    async def tell(self, remotes: Remotes) -> FeedsvcError | None:
        """Tell the operator's webhook what it has to know; returns what kept us from it."""
        return None if self._dry_run or self._offline else await remotes.tell()

    def remotes(self) -> AbstractAsyncContextManager[Remotes]:
        """The tools for visits of remote sources, for as long as they are needed."""
        return opened(self.settings, self.store, self.clock, self._resolve)

    def note_synced(self, reports: Iterable[SourceReport]) -> None:
        """Note how sources were synced: what the daemon does itself for visits of its own."""
        reports = tuple(reports)
        self.journal.synced(reports)
        self.metrics.synced(reports)

    @cached_property
    def metrics(self) -> Metrics:
        """What this process counts of itself."""
        return Metrics(self.clock)

    @cached_property
    def numbers(self) -> Numbers:
        """What the store tells in numbers, not asked more often than it takes."""
        from feedsvc.app.standing import Numbers

        return Numbers(self)

    @cached_property
    def journal(self) -> Journal:
        """What happens, kept for `feedsvc log`; nothing of a dry run."""
        return Journal(None if self._dry_run else lambda: self.store, self.clock)

    def renewed(self, settings: Settings) -> App:
        """An App for other settings of the same store, in the place of this one.

        This one may go on beside it with what it has begun. Raises ConfigError, StoreError.
        """
        app = App(settings, self.clock, offline=self._offline, resolve=self._resolve)
        app.check_kinds()
        app.store  # noqa: B018 - opened now, so that it is told now what keeps it from that
        app.journal.follow(self.journal)
        app.metrics = self.metrics
        return app

    @cached_property
    def errands(self) -> tuple[Errand, ...]:
        """What is to be done over the network beside asking sources; nothing when offline."""
        return () if self._dry_run or self._offline else errands_of(self)

    @cached_property
    def desk(self) -> Desk | None:
        """Answers what the output directory cannot; None when nothing is configured to."""
        from feedsvc.app.push import desk_of

        return None if self._dry_run or self._offline else desk_of(self)

    @property
    def resolve(self) -> Resolve | None:
        """What stands in for the system's resolver of host names."""
        return self._resolve

    @property
    def attended(self) -> bool:
        """Whether a daemon is at work, so that others can ask us back."""
        return self._wake is not None

    def attend(self, wake: Callable[[], object]) -> None:
        """A daemon is at work from now on; `wake` lets it look at once for what is due."""
        self._wake = wake
        # What hubs told while there was none is lost.
        self.store.doubt_hubs(self.clock.now())

    def wake(self) -> None:
        """Let the daemon look at once for what is due, if there is one."""
        if self._wake is not None:
            self._wake()

    def errands_due(self) -> bool:
        """Whether one of them has something to do."""
        now = self.clock.now()
        return any(errand.due(now) for errand in self.errands)

    def due_errands(self) -> tuple[Errand, ...]:
        """Those that have something to do."""
        now = self.clock.now()
        return tuple(errand for errand in self.errands if errand.due(now))

    async def run_errand(self, errand: Errand) -> bool:
        """Do one, whether it is due or not; returns whether to build again."""
        async with client(self.settings, self._resolve) as http:
            return await errand.run(http)

    async def run_errands(self) -> tuple[bool, tuple[str, ...]]:
        """Do what is due; returns whether to build again, and what an operator has to know."""
        async with client(self.settings, self._resolve) as http:
            return await run_errands(self.errands, http, self.clock.now())

    def why_not(
        self, source: SourceSettings, row: SourceRow, *, force: bool = False, by_hand: bool = True
    ) -> str | None:
        """Why a source is not asked by a sync; None if it is."""
        if row.paused is not None:
            return f"paused: `feedsvc source resume {source.name}` asks it again"
        if not force and row.state == "parked":
            return row.reason or "parked"
        if not (force or self.is_due(source, row, by_hand=by_hand)):
            return f"not due before {row.next_due:%Y-%m-%d %H:%M:%SZ}"
        if self._offline and is_remote(source) and source.url is not None:
            return _FORBIDDEN
        return None

    async def _sync_one(
        self, source: SourceSettings, options: Options, progress: Progress | None
    ) -> SourceReport:
        plan, adapter = self.plan(source), partial(self._adapter, source)
        return await sync_source(plan, adapter, self.store, self.clock, options, progress)

    def _named(self, only: Sequence[str]) -> Sequence[SourceSettings]:
        if not only:
            return self.all_sources()
        found = {source.name: source for source in self.some_sources(dict.fromkeys(only))}
        for name in only:
            if name not in found:
                known = {source.name for source in self.all_sources()}
                raise NotFoundError(f"no source '{name}'", hint=_did_you_mean(name, known))
        return tuple(found.values())

    def all_sources(self) -> tuple[SourceSettings, ...]:
        """The configured sources, and those that stand in their OPML files."""
        if not self._lists():
            return self.settings.sources
        return (*self.settings.sources, *self._outlines(None))

    def some_sources(self, names: Collection[str]) -> tuple[SourceSettings, ...]:
        """The sources of these names, as far as there are any."""
        found = [self._configured[name] for name in names if name in self._configured]
        listed = [name for name in names if name not in self._configured]
        return (*found, *(self._outlines(listed) if listed else ()))

    @cached_property
    def _configured(self) -> dict[str, SourceSettings]:
        return {source.name: source for source in self.settings.sources}

    def _outlines(self, names: Sequence[str] | None) -> Iterator[SourceSettings]:
        for row in self.store.outlines(names):
            parent = self._configured.get(row.parent)
            if parent is not None:
                yield outline(row, parent)

    def is_due(self, source: SourceSettings, row: SourceRow, *, by_hand: bool = True) -> bool:
        """Whether a source is to be asked now.

        A folder without `every` costs only a look, so that by hand it is always due.
        """
        if row.next_due is None or (by_hand and source.every is None and source.path is not None):
            return True
        return row.next_due <= self.clock.now()

    def _adapter(self, source: SourceSettings) -> Source:
        """The source's adapter; kept, since it remembers files that are still being written."""
        if source.name not in self._adapters:
            make = cast("Callable[..., Source]", resolve(SOURCES, source.kind))
            self._adapters[source.name] = make(source, self.clock, partial(names, PARSERS))
        return self._adapters[source.name]

    def check_kinds(self) -> None:
        """Raise ConfigError for a source whose kind does not exist, or lacks what it needs."""
        kinds: dict[str, str] = {}
        for source in self.settings.sources:
            if is_remote(source):
                continue
            if source.kind == "folder" and source.path is None:
                raise ConfigError(
                    f"source '{source.name}' has no path", hint='add path = "articles"'
                )
            kinds.setdefault(source.kind, source.name)
        for kind, name in kinds.items():
            try:
                resolve(SOURCES, kind)
            except ConfigError as error:
                raise ConfigError(f"source '{name}': {error}", hint=error.hint) from error

    def plan(self, source: SourceSettings) -> Plan:
        """How a source is synced."""
        from feedsvc.filters.clean import clean  # brings in nh3

        site = self.settings.site
        hints = Hints(language=source.language, zone=source.timezone, encodings=source.encoding)
        language = source.language or site.language

        def cleaned(draft: Draft, link: str | None) -> Draft:
            base = link or f"{site.base_url}/"
            return clean(draft, base=base, tags=source.tags, language=language)

        return Plan(
            name=source.name,
            every=self._rescan(source),
            on_delete=source.on_delete or "withdraw",
            hints=hints,
            policy=Policy(future=source.future or "hold", link=source.link),
            authority=self.authority,
            clean=cleaned,
            parser=partial(_parser, source),
            fingerprint=digest_of(
                [
                    READING,
                    [
                        source.language,
                        language,
                        source.timezone.key,
                        source.encoding,
                        source.markup,
                    ],
                    [
                        source.tags,
                        source.future or "hold",
                        source.link,
                        source.max_bytes,
                        site.base_url,
                    ],
                ]
            ),
        )

    def _rescan(self, source: SourceSettings) -> timedelta | Calendar:
        """How often a folder is looked into; with `every` as its operator says."""
        if source.every is None or source.every == "auto":
            return RESCAN_WATCHED if source.name in self.watched else RESCAN
        return cast("timedelta | Calendar", every_of(source.every, source.timezone))

    @property
    def authority(self) -> Authority:
        """Who mints ids."""
        site = self.settings.site
        return Authority(domain=site.id_domain, since=site.id_since)

    # -- stage 2 ---------------------------------------------------------------------------------

    def regenerate(
        self, options: BuildOptions | None = None, progress: Progress | None = None
    ) -> BuildReport:
        """Build the feeds that need it; raises NotFoundError for an unknown feed.

        What `progress` raises ends the build between two feeds.
        """
        from feedsvc.regenerate import BuildOptions, regenerate

        options = options or BuildOptions()
        known = {feed.name for feed in self.settings.feeds}
        for name in options.feeds:
            if name not in known:
                raise NotFoundError(f"no feed '{name}'", hint=_did_you_mean(name, known))
        self._enrol()
        began = monotonic()
        report = regenerate(self.press, self.settings.feeds, options, progress)
        if not options.check:
            self.journal.built(report, monotonic() - began)
            self.metrics.built(report, monotonic() - began)
        return report

    @cached_property
    def press(self) -> Press:
        """Everything a build needs."""
        from feedsvc.app.press import press_of

        return press_of(self.settings, self.store, self.clock, self.authority)


def _parser(source: SourceSettings, form: str) -> Parser:
    parser = cast("Any", resolve(PARSERS, form))
    if form == "plaintext":
        return cast("Parser", partial(parser, markup=source.markup))
    return cast("Parser", parser)


def _place(source: SourceSettings) -> str:
    """Where a source is, as it is shown."""
    return str(source.path) if source.path is not None else source.url or ""


def _did_you_mean(name: str, known: Collection[str]) -> str:
    near = nearest(name, known)
    return f"did you mean '{near}'?" if near else f"there are: {', '.join(sorted(known))}"
