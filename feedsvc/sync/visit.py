"""One visit of one remote source: what its answer means, and what comes of it.

    ask -> 304 or the same bytes: nothing new
        -> a document: read -> weigh -> articles
        -> an OPML file: the sources that it lists
        -> a page, the first time: the feed it announces, asked instead
        -> anything else: a failure, whatever stands in its body

Only what could be read is believed: its validators, its address, its wishes for the next visit.
What is written about each of these is made in `outcome.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from feedsvc.decide import digest
from feedsvc.errors import FeedsvcError, FetchError, ParseError, SourceError, StoreError
from feedsvc.manners import Standing, moved, rest
from feedsvc.model import Pace, Problem, Reading
from feedsvc.ports import Memory, RemoteStore
from feedsvc.sync.outcome import Outcome, failure, good_visit, left_alone, refusal
from feedsvc.sync.outlines import listing
from feedsvc.sync.recollection import head_of, moments_of, pace_of, validated
from feedsvc.sync.remote_plan import Job, RemotePlan
from feedsvc.sync.run import SourceReport
from feedsvc.sync.telling import problems_of, report_of, told_line
from feedsvc.sync.weigh import weigh
from feedsvc.web import Response

log = logging.getLogger(__name__)

_ANNOUNCED = 3  # feeds of a page that are tried


class Visitor:
    """Visits sources; `now` is asked once the answer is there."""

    def __init__(self, store: RemoteStore, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def visit(self, job: Job) -> Outcome:
        """Ask one source and tell what came of it; never raises for trouble of the source."""
        until = rest(pace_of(job.memory), due=job.source.next_due, now=self._now())
        if until is not None and not job.force:
            return left_alone(job, until, self._now())
        asked = _asked(job)
        try:
            response = await job.plan.ask(asked)
            if response.status != 304 and not 200 <= response.status < 300:
                return refusal(job, response, self._now())
            if response.not_modified:
                return self._unchanged(job, response)
            try:
                return await self._document(job, asked, response)
            except ParseError as error:
                return failure(job, error, response, self._now())
        except StoreError:
            raise
        except SourceError as error:
            return failure(job, error, None, self._now())
        except FeedsvcError as error:  # a secret that is not set: nobody was asked
            unset = SourceError(str(error), hint=error.hint)
            return replace(failure(job, unset, None, self._now()), network=None)
        except Exception as error:
            # Whatever a stranger's document does, the other sources are not to wait for it.
            log.debug("source %s failed", job.plan.name, exc_info=True)
            fault = f"unexpected: {type(error).__name__}: {error}"
            unforeseen = SourceError(fault, hint="--debug shows where")
            return failure(job, unforeseen, None, self._now())

    def _unchanged(self, job: Job, response: Response) -> Outcome:
        memory = validated(job.memory, response)
        standing, memory = _moved(job, Standing.load(memory.standing), memory, response)
        pace, moments = pace_of(memory), moments_of(memory)
        visit = good_visit(job, response, memory, standing, pace, moments, self._now())
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
        memory = validated(memory, response)._replace(
            digest=digest(response.body),
            identity=weighed.identity,
            held=weighed.held,
            head=head_of(reading, job.plan.every == "auto"),
        )
        standing, memory = _moved(job, Standing.load(job.memory.standing), memory, response)
        moments = [draft.published for draft in reading.drafts if draft.published is not None]
        news = bool(weighed.changes or weighed.withdrawn)
        pace = reading.head.pace
        visit = good_visit(job, response, memory, standing, pace, moments, self._now(), news=news)
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
        found = listing(plan, plan.outlines(response), self._store.outlines())
        memory = validated(job.memory, response)._replace(digest=digest(response.body))
        standing, memory = _moved(job, Standing.load(job.memory.standing), memory, response)
        visit = replace(
            good_visit(job, response, memory, standing, Pace(), [], self._now()),
            outlines=found.rows,
            keep_problems=False,
            problems=tuple(
                Problem(source=plan.name, path=None, reason=told_line(one))
                for one in found.problems
            ),
        )
        report = SourceReport(
            name=plan.name,
            outcome="ok" if found.new or found.gone else "unchanged",
            status=response.status,
            reason=f"{len(found.rows)} feeds listed, {found.new} new, {found.gone} gone",
            problems=len(found.problems),
        )
        return Outcome(visit=visit, report=report)

    # -- reading -------------------------------------------------------------------------------

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


def _asked(job: Job) -> Memory:
    """What to ask with: without validators where a 304 would keep us from reading anew."""
    if _same_reading(job):
        return job.memory
    return job.memory._replace(etag=None, last_modified=None, validated=None)


def _same_reading(job: Job) -> bool:
    return job.source.fingerprint == job.plan.fingerprint


def _moved(
    job: Job, standing: Standing, memory: Memory, response: Response
) -> tuple[Standing, Memory]:
    """Adopt the address that the source has moved to, once that is certain."""
    standing, adopted = moved(
        standing, response.moved_to, url=memory.url, parsed=True, secret=job.plan.secret
    )
    return standing, memory if adopted is None else memory._replace(url=adopted)
