"""One visit of one remote source: what its answer means, and everything to write about it.

    ask -> 304 or the same bytes: nothing new
        -> a document: read -> weigh -> articles
        -> a page, the first time: the feed it announces, asked instead
        -> anything else: a failure, whatever stands in its body

Only what could be read is believed: its validators, its address, its wishes for the next visit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from feedsvc.decide import digest
from feedsvc.errors import FeedsvcError, FetchError, ParseError, SourceError, StoreError
from feedsvc.manners import (
    Standing,
    after_failure,
    failed,
    freshness,
    moved,
    next_visit,
    rest,
    spared,
    well,
    without_network,
)
from feedsvc.model import Pace, Problem, Reading
from feedsvc.ports import Memory, RemoteStore, Visit
from feedsvc.sync.outlines import doubtful_loss, name_outlines
from feedsvc.sync.recollection import head_of, moments_of, pace_of
from feedsvc.sync.remote_plan import Job, RemotePlan
from feedsvc.sync.run import SourceReport
from feedsvc.sync.telling import STATUS, problems_of, report_of, span, told_line
from feedsvc.sync.weigh import weigh
from feedsvc.text.canonical import canonical
from feedsvc.web import NoNetworkError, RefusedError, Response

log = logging.getLogger(__name__)

_ANNOUNCED = 3  # feeds of a page that are tried
_REDISCOVER = 3  # failures in a row after which the configured address is asked again


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a visit ended: what to write, and what to tell."""

    visit: Visit
    report: SourceReport
    network: bool | None = True  # False: nothing at all was reached; None: nobody was asked
    blame: SourceError | None = None  # what it failed with if there is a network all the same


class Visitor:
    """Visits sources; `now` is asked once the answer is there."""

    def __init__(self, store: RemoteStore, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def visit(self, job: Job) -> Outcome:
        """Ask one source and tell what came of it; never raises for trouble of the source."""
        until = rest(pace_of(job.memory), due=job.source.next_due, now=self._now())
        if until is not None and not job.force:
            return self._left_alone(job, until)
        asked = _asked(job)
        try:
            response = await job.plan.ask(asked)
            if response.status != 304 and not 200 <= response.status < 300:
                return self._refused(job, response)
            if response.not_modified:
                return self._unchanged(job, response)
            try:
                return await self._document(job, asked, response)
            except ParseError as error:
                return self._failed(job, error, response)
        except StoreError:
            raise
        except SourceError as error:
            return self._failed(job, error, None)
        except FeedsvcError as error:  # a secret that is not set: nobody was asked
            outcome = self._failed(job, SourceError(str(error), hint=error.hint), None)
            return replace(outcome, network=None)
        except Exception as error:
            # Whatever a stranger's document does, the other sources are not to wait for it.
            log.debug("source %s failed", job.plan.name, exc_info=True)
            fault = f"unexpected: {type(error).__name__}: {error}"
            return self._failed(job, SourceError(fault, hint="--debug shows where"), None)

    def _left_alone(self, job: Job, until: datetime) -> Outcome:
        """We come too late for the hours in which the source wants to be asked."""
        source = job.source
        visit = Visit(
            source=source,
            memory=job.memory,
            now=self._now(),
            next_due=until,
            spared=until,
            state=source.state,
            reason=source.reason,
            failures=source.failures,
            fingerprint=source.fingerprint,
            keep_problems=True,
        )
        reason = f"it wants to be left alone until {until:%Y-%m-%d %H:%M:%SZ}"
        report = SourceReport(name=job.plan.name, outcome="skipped", reason=reason)
        return Outcome(visit=visit, report=report, network=None)

    def blamed(self, job: Job, error: SourceError) -> Outcome:
        """The outcome of a visit that reached nothing while others did: the source is at fault."""
        return self._failed(job, error, None, blame=True)

    def unstored(self, job: Job, error: Exception) -> Outcome:
        """The outcome of a visit whose outcome cannot be stored: nothing of it is remembered."""
        fault = str(error) if isinstance(error, StoreError) else f"{type(error).__name__}: {error}"
        hint = "nothing of it is lost; --debug shows where"
        return self._failed(job, SourceError(f"cannot be stored: {fault}", hint=hint), None)

    # -- good answers --------------------------------------------------------------------------

    def _unchanged(self, job: Job, response: Response) -> Outcome:
        memory = _validated(job.memory, response)
        standing, memory = _moved(job, Standing.load(memory.standing), memory, response)
        visit = self._good(job, response, memory, standing, pace_of(memory), moments_of(memory))
        return Outcome(
            visit=visit,
            report=SourceReport(name=job.plan.name, outcome="unchanged", status=response.status),
        )

    async def _document(self, job: Job, asked: Memory, response: Response) -> Outcome:
        told = digest(response.body)
        same = told == job.memory.digest and _same_reading(job) and not job.memory.held
        if same:
            return self._unchanged(job, response)
        if job.plan.outlines is not None:
            return self._outlines(job, response)
        reading, response, found = await self._read(job, asked, response)
        memory = job.memory._replace(url=found) if found else job.memory
        now = self._now()
        weighed = weigh(
            job, reading, self._store, url=response.url, now=now, reread=not _same_reading(job)
        )
        memory = _validated(memory, response)._replace(
            digest=digest(response.body),
            identity=weighed.identity,
            held=weighed.held,
            head=head_of(reading, job.plan.every == "auto"),
        )
        standing, memory = _moved(job, Standing.load(job.memory.standing), memory, response)
        moments = [draft.published for draft in reading.drafts if draft.published is not None]
        news = bool(weighed.changes or weighed.withdrawn)
        visit = self._good(job, response, memory, standing, reading.head.pace, moments, news=news)
        visit = replace(
            visit,
            state="quarantined" if weighed.flood else "ok",
            reason=weighed.flood,
            problems=problems_of(job, reading, weighed),
            keep_problems=False,
            entries=tuple(weighed.changes),
            withdrawn=tuple(weighed.withdrawn),
        )
        return Outcome(visit=visit, report=report_of(job, response, weighed, len(visit.problems)))

    def _outlines(self, job: Job, response: Response) -> Outcome:
        """Read an OPML file; the sources it lists are asked from the next sync on."""
        plan = job.plan
        assert plan.outlines is not None  # noqa: S101
        found = plan.outlines(response)
        others = self._store.outlines()
        known = {one.place: one.name for one in others if one.parent == plan.name}
        elsewhere = {one.place for one in others if one.parent != plan.name}
        problems = list(found.problems)
        new = [one for one in found.listed if canonical(one.url) not in plan.asked]
        if more := len(found.listed) - len(new):
            problems.append(f"{more} of its feeds are sources of the configuration already")
        listed = [one for one in new if one.url not in elsewhere]
        if more := len(new) - len(listed):
            problems.append(f"{more} of its feeds stand in another OPML file already")
        taken = {plan.name, *(one.name for one in others if one.parent != plan.name)}
        rows = name_outlines(plan.name, listed, known, taken | plan.others)
        here = {one.name for one in rows}
        # What the configuration took over did not leave the file.
        before = {url: name for url, name in known.items() if canonical(url) not in plan.asked}
        doubt = doubtful_loss(before.values(), here, whole=found.whole)
        if doubt is not None:
            problems.append(doubt)
            rows += tuple(o for o in others if before.get(o.place) == o.name and o.name not in here)
        memory = _validated(job.memory, response)._replace(digest=digest(response.body))
        standing, memory = _moved(job, Standing.load(job.memory.standing), memory, response)
        visit = self._good(job, response, memory, standing, Pace(), [])
        fresh = sum(one.name not in known.values() for one in rows)
        gone = len(set(known.values()) - {one.name for one in rows})
        visit = replace(
            visit,
            outlines=rows,
            keep_problems=False,
            problems=tuple(
                Problem(source=plan.name, path=None, reason=told_line(one)) for one in problems
            ),
        )
        report = SourceReport(
            name=plan.name,
            outcome="ok" if fresh or gone else "unchanged",
            status=response.status,
            reason=f"{len(rows)} feeds listed, {fresh} new, {gone} gone",
            problems=len(problems),
        )
        return Outcome(visit=visit, report=report)

    async def _read(
        self, job: Job, asked: Memory, response: Response
    ) -> tuple[Reading, Response, str | None]:
        """Read the document, or the feed that it announces if it is the page of a new source.

        The last of the three is the address of such a feed.
        """
        plan = job.plan
        try:
            return await self._read_feed(plan, response), response, None
        except ParseError as error:
            # Later on a page is an error page, however many feeds it announces.
            announced = plan.announced(response) if not job.memory.digest else ()
            last: SourceError = error
        for url in announced[:_ANNOUNCED]:
            if url == asked.url:
                continue
            try:
                answer = await plan.ask(Memory(configured=url, url=url))
                if answer.status == 200:
                    return await self._read_feed(plan, answer), answer, url
                last = FetchError(f"the page announces {url}, which answers {answer.status}")
            except SourceError as wrong:
                last = FetchError(f"the page announces {url}: {wrong}", hint=wrong.hint)
        raise last

    async def _read_feed(self, plan: RemotePlan, response: Response) -> Reading:
        try:
            return plan.read(response)
        except ParseError as error:
            if not plan.doubtful(error):
                raise
            return await plan.forgive(response)

    def _good(
        self,
        job: Job,
        response: Response,
        memory: Memory,
        standing: Standing,
        pace: Pace,
        moments: list[datetime],
        *,
        news: bool = False,
    ) -> Visit:
        now = self._now()
        fresh = freshness(response.headers, now=now)
        due = next_visit(
            now=now,
            every=job.plan.every,
            pace=pace,
            fresh=fresh,
            published=moments,
            began=job.began,
            # What we had to ask for, its hub did not tell: as long as that is so, it is asked.
            pushed=job.told or (job.pushed and not news),
        )
        # What is held back stays so until the document is another one.
        held = job.source.state == "quarantined" and bool(memory.held)
        return Visit(
            source=job.source,
            memory=memory._replace(standing=well(standing).dump()),
            now=now,
            next_due=due,
            spared=spared(now=now, pace=pace, fresh=fresh),
            state="quarantined" if held else "ok",
            reason=job.source.reason if held else None,
            good=True,
            fingerprint=job.plan.fingerprint,
            keep_problems=True,
        )

    # -- bad ones ------------------------------------------------------------------------------

    def _refused(self, job: Job, response: Response) -> Outcome:
        """An answer of the server that is no document."""
        words = STATUS.get(response.status, "")
        said = f"answered {response.status}{f' ({words[0]})' if words else ''}"
        wait = response.retry_after(self._now())
        if wait is not None and response.status in (429, 503):
            said += f", and asks to wait {span(wait)}"
        error = FetchError(said, hint=words[1] if words else None)
        return self._failed(job, error, response)

    def _failed(
        self, job: Job, error: SourceError, response: Response | None, *, blame: bool = False
    ) -> Outcome:
        now, plan = self._now(), job.plan
        status = response.status if response is not None else None
        wish = response.retry_after(now) if response is not None else None
        network = blame or not isinstance(error, NoNetworkError)
        nobody = isinstance(error, RefusedError) and response is None
        memory, standing = job.memory, Standing.load(job.memory.standing)
        if network:
            standing = failed(standing, now=now, status=status)
            if response is not None:
                standing, _ = moved(
                    standing, response.moved_to, url=memory.url, parsed=False, secret=plan.secret
                )
            if standing.failures >= _REDISCOVER and _elsewhere(memory):
                memory = memory._replace(
                    url=memory.configured,
                    etag=None,
                    last_modified=None,
                    validated=None,
                    digest=b"",
                )
            due = after_failure(
                now=now,
                every=plan.every,
                failures=standing.failures,
                retry_after=wish,
                status=status,
                seed=plan.name,
                pace=pace_of(memory),
            )
        else:
            due = without_network(now=now, every=plan.every)
        state = "parked" if not standing.alive else "failing"
        visit = Visit(
            source=job.source,
            memory=memory._replace(standing=standing.dump()),
            now=now,
            next_due=due,
            spared=now + wish if wish is not None else now,
            state=state if network else job.source.state,
            reason=(standing.parked or told_line(str(error))) if network else job.source.reason,
            failures=standing.failures,
            fingerprint=job.source.fingerprint,
            keep_problems=True,
        )
        report = SourceReport(
            name=plan.name,
            outcome="failed",
            reason=told_line(str(error)),
            hint=error.hint,
            status=status,
            reached=network,
        )
        return Outcome(
            visit=visit,
            report=report,
            network=None if nobody else network,
            blame=None if network else error,
        )


# -- what is asked ---------------------------------------------------------------------------------


def _asked(job: Job) -> Memory:
    """What to ask with: without validators where a 304 would keep us from reading anew."""
    if _same_reading(job):
        return job.memory
    return job.memory._replace(etag=None, last_modified=None, validated=None)


def _same_reading(job: Job) -> bool:
    return job.source.fingerprint == job.plan.fingerprint


def _validated(memory: Memory, response: Response) -> Memory:
    """The validators of an answer; those of before, if it has none, are void."""
    return memory._replace(
        etag=response.etag, last_modified=response.last_modified, validated=response.url
    )


# -- what is remembered ----------------------------------------------------------------------------


def _moved(
    job: Job, standing: Standing, memory: Memory, response: Response
) -> tuple[Standing, Memory]:
    """Adopt the address that the source has moved to, once that is certain."""
    standing, adopted = moved(
        standing, response.moved_to, url=memory.url, parsed=True, secret=job.plan.secret
    )
    return standing, memory if adopted is None else memory._replace(url=adopted)


def _elsewhere(memory: Memory) -> bool:
    """Whether another address is asked than the configured one: found on a page, or moved to."""
    return memory.url != memory.configured
