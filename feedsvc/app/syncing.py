"""Stage 1 for one App: which sources are asked by a sync, near and far, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from feedsvc.app.due import FORBIDDEN, why_not
from feedsvc.app.folders import adapter, plan
from feedsvc.app.reading import is_remote
from feedsvc.ports import Progress, Source, SourceRow
from feedsvc.settings import Source as SourceSettings
from feedsvc.sync import Options, SourceReport, sync_source

if TYPE_CHECKING:
    from feedsvc.app import App
    from feedsvc.regenerate import BuildReport
    from feedsvc.sync.remote import RemoteReport


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """How a sync of several sources ended, and what was built after it."""

    sources: tuple[SourceReport, ...]
    build: BuildReport | None
    network: bool = True  # False: there were remote sources, and nothing could be reached
    forbidden: int = 0  # remote sources that only `--offline` kept from being asked


class Syncing:
    """Syncs the sources of one App."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._adapters: dict[str, Source] = {}

    async def sync(
        self,
        *,
        only: Sequence[str] = (),
        force: bool = False,
        build: bool = True,
        options: Options | None = None,
        progress: Progress | None = None,
    ) -> SyncReport:
        """Sync sources, then build; see `App.sync`."""
        app, options = self._app, options or Options()
        reports: dict[str, SourceReport] = {}
        network = await self._round(only, reports, options, force=force, progress=progress)
        lists = [] if only else [reports.get(one.name) for one in app.roster.lists()]
        if any(report is not None and report.outcome == "ok" for report in lists):
            # What an OPML file lists by now is asked in the same run.
            again = await self._round(only, reports, options, force=force, progress=progress)
            network = network or again
        asked = app.some_sources(only) if only else app.all_sources()
        app.note_synced(reports.values())
        order = {source.name: number for number, source in enumerate(asked)}
        told = sorted(reports.values(), key=lambda report: order.get(report.name, len(order)))
        built = None
        if build and not app.dry_run:
            built = app.regenerate(progress=progress)
        forbidden = sum(report.reason == FORBIDDEN for report in told)
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
        app = self._app
        app.enrol()
        named = app.roster.named(only) if only else app.all_sources()
        # The daemon looks into its folders one by one and often: not for thousands of rows.
        known = [app.store.source(name) for name in only] if only else app.store.sources()
        rows = {row.name: row for row in known}
        near: list[SourceSettings] = []
        far: list[SourceSettings] = []
        for source in named:
            row = rows.get(source.name)
            if source.name in reports or row is None:  # it has just left its OPML file
                continue
            reason = why_not(source, row, app.clock.now(), force=force, offline=app.offline)
            if reason is not None:
                reports[source.name] = SourceReport(
                    name=source.name, outcome="skipped", reason=reason
                )
            else:
                (far if is_remote(source) else near).append(source)
        visits = asyncio.create_task(self._visit(far, rows, progress, force=force)) if far else None
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

    async def _visit(
        self,
        sources: Sequence[SourceSettings],
        rows: dict[str, SourceRow],
        progress: Progress | None = None,
        *,
        force: bool = False,
    ) -> RemoteReport:
        """Visit remote sources; without `force`, those that may be asked at this hour."""
        async with self._app.remotes() as remotes:
            report = await remotes.sync(sources, rows, progress, force=force)
            self._app.unheard = await self._app.tell(remotes)
            return report

    async def _sync_one(
        self, source: SourceSettings, options: Options, progress: Progress | None
    ) -> SourceReport:
        app = self._app
        how = plan(source, app.settings, app.authority, watched=source.name in app.watched)
        look = partial(self._adapter, source)
        return await sync_source(how, look, app.store, app.clock, options, progress)

    def _adapter(self, source: SourceSettings) -> Source:
        """The source's adapter; kept, since it remembers files that are still being written."""
        if source.name not in self._adapters:
            self._adapters[source.name] = adapter(source, self._app.clock)
        return self._adapters[source.name]
