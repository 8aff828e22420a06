"""The composition root: Settings -> App.

Here, and only here, the rooms are joined: kinds from the registry, the store, the renderers, the
gate and the publisher. Commands, the scheduler and tests ask the App.

roster.py, due.py          which sources there are, and which of them are asked now
folders.py, reading.py     how a source is read, here and far away
syncing.py, remote.py      stage 1: a sync, and the visits of remote sources in it
press.py                   stage 2: what a build needs
errands.py, chores.py      what is to be done beside both, over the network and for the store
push.py, inside.py         answers to readers and hubs, and to our own server
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING

from feedsvc.app.clockwork import check_clock, heed
from feedsvc.app.errands import Errand, errands_of, run_errands
from feedsvc.app.journal import Journal
from feedsvc.app.metrics import Metrics
from feedsvc.app.reading import is_remote
from feedsvc.app.remote import Remotes, client, opened
from feedsvc.app.roster import Roster, check_kinds, did_you_mean
from feedsvc.app.systemclock import SystemClock
from feedsvc.decide import Authority
from feedsvc.errors import FeedsvcError, NotFoundError
from feedsvc.ports import Clock, Desk, Progress, SourceRow
from feedsvc.settings import Settings, Source

if TYPE_CHECKING:
    from feedsvc.app.standing import Numbers
    from feedsvc.app.syncing import Syncing, SyncReport
    from feedsvc.regenerate import BuildOptions, BuildReport, Press
    from feedsvc.store import SqlStore
    from feedsvc.sync import Options, SourceReport
    from feedsvc.web import Resolve

__all__ = ["App", "SystemClock", "is_remote"]


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
        self.resolve = resolve
        """What stands in for the system's resolver of host names."""
        self.dry_run = dry_run
        self.offline = offline
        self.roster = Roster(settings, lambda: self.store)
        self._at_end = ExitStack()
        self._enrolled = False
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

    def check_kinds(self) -> None:
        """Raise ConfigError for a source whose kind does not exist, or lacks what it needs."""
        check_kinds(self.settings)

    def renewed(self, settings: Settings) -> App:
        """An App for other settings of the same store, in the place of this one.

        This one may go on beside it with what it has begun. Raises ConfigError, StoreError.
        """
        app = App(settings, self.clock, offline=self.offline, resolve=self.resolve)
        app.check_kinds()
        app.press  # noqa: B018 - made now, with the store, so that it is told now what hinders it
        app.journal.follow(self.journal)
        app.metrics = self.metrics
        return app

    # -- the store ---------------------------------------------------------------------------------

    @cached_property
    def store(self) -> SqlStore:
        """The store, opened and migrated."""
        from feedsvc.store import open_store  # SQLAlchemy is slow to import

        url = self.settings.store.url
        if self.dry_run:
            from feedsvc.store.scratch import scratch

            url = self._at_end.enter_context(scratch(url))
        store = open_store(url, self.settings.feeds)
        self._at_end.callback(store.close)
        return store

    def enrol(self) -> None:
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

    @property
    def authority(self) -> Authority:
        """Who mints ids."""
        site = self.settings.site
        return Authority(domain=site.id_domain, since=site.id_since)

    # -- what is told of the work ------------------------------------------------------------------

    @cached_property
    def journal(self) -> Journal:
        """What happens, kept for `feedsvc log`; nothing of a dry run."""
        return Journal(None if self.dry_run else lambda: self.store, self.clock)

    @cached_property
    def metrics(self) -> Metrics:
        """What this process counts of itself."""
        return Metrics(self.clock)

    @cached_property
    def numbers(self) -> Numbers:
        """What the store tells in numbers, not asked more often than it takes."""
        from feedsvc.app.standing import Numbers

        return Numbers(self)

    # -- stage 1: sources --------------------------------------------------------------------------

    def all_sources(self) -> tuple[Source, ...]:
        """The configured sources, and those that stand in their OPML files."""
        return self.roster.all()

    def some_sources(self, names: Collection[str]) -> tuple[Source, ...]:
        """The sources of these names, as far as there are any."""
        return self.roster.some(names)

    def sources(self) -> tuple[SourceRow, ...]:
        """What the store knows of the configured sources."""
        self.enrol()
        return self.store.sources()

    def due_sources(self) -> tuple[frozenset[str], dict[str, SourceRow]]:
        """Our sources that another configuration has taken out, and the rows of those now due.

        Cheap enough to be asked every second, however many there are.
        """
        self.enrol()
        due = self.store.due(self.clock.now())
        lost = self.store.taken_out() & self.roster.configured.keys()
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
        return await self._syncing.sync(
            only=only, force=force, build=build, options=options, progress=progress
        )

    @cached_property
    def _syncing(self) -> Syncing:
        from feedsvc.app.syncing import Syncing  # not needed to look

        return Syncing(self)

    async def tell(self, remotes: Remotes) -> FeedsvcError | None:
        """Tell the operator's webhook what it has to know; returns what kept us from it."""
        return None if self.dry_run or self.offline else await remotes.tell()

    def remotes(self) -> AbstractAsyncContextManager[Remotes]:
        """The tools for visits of remote sources, for as long as they are needed."""
        return opened(self.settings, self.store, self.clock, self.resolve)

    def note_synced(self, reports: Iterable[SourceReport]) -> None:
        """Note how sources were synced: what the daemon does itself for visits of its own."""
        reports = tuple(reports)
        self.journal.synced(reports)
        self.metrics.synced(reports)

    # -- stage 2: feeds ----------------------------------------------------------------------------

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
                raise NotFoundError(f"no feed '{name}'", hint=did_you_mean(name, known))
        self.enrol()
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

    # -- beside the two ----------------------------------------------------------------------------

    @cached_property
    def errands(self) -> tuple[Errand, ...]:
        """What is to be done over the network beside asking sources; nothing when offline."""
        return () if self.dry_run or self.offline else errands_of(self)

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
        async with client(self.settings, self.resolve) as http:
            return await errand.run(http)

    async def run_errands(self) -> tuple[bool, tuple[str, ...]]:
        """Do what is due; returns whether to build again, and what an operator has to know."""
        async with client(self.settings, self.resolve) as http:
            return await run_errands(self.errands, http, self.clock.now())

    @cached_property
    def desk(self) -> Desk | None:
        """Answers what the output directory cannot; None when nothing is configured to."""
        from feedsvc.app.push import desk_of

        return None if self.dry_run or self.offline else desk_of(self)

    # -- a daemon ----------------------------------------------------------------------------------

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


def _place(source: Source) -> str:
    """Where a source is, as it is shown."""
    return str(source.path) if source.path is not None else source.url or ""
