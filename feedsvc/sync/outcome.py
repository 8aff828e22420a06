"""How a visit ended: what to write about it, and what to tell.

an answer that can be read -> good_visit()            asked again as it likes to be
none, or none of use -------> refusal(), failure()    asked again later and later
nobody was asked -----------> left_alone()
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from feedsvc.errors import FetchError, SourceError, StoreError
from feedsvc.manners import (
    STATUS,
    Standing,
    after_failure,
    failed,
    freshness,
    moved,
    next_visit,
    spared,
    well,
    without_network,
)
from feedsvc.model import Pace
from feedsvc.ports import Memory, Visit
from feedsvc.sync.recollection import is_elsewhere, pace_of
from feedsvc.sync.remote_plan import Job
from feedsvc.sync.run import SourceReport
from feedsvc.sync.telling import span, told_line
from feedsvc.web import NoNetworkError, RefusedError, Response

_REDISCOVER = 3  # failures in a row after which the configured address is asked again


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a visit ended: what to write, and what to tell."""

    visit: Visit
    report: SourceReport
    network: bool | None = True  # False: nothing at all was reached; None: nobody was asked
    blame: SourceError | None = None  # what it failed with if there is a network all the same


# -- good answers ----------------------------------------------------------------------------------


def good_visit(
    job: Job,
    response: Response,
    memory: Memory,
    standing: Standing,
    pace: Pace,
    moments: list[datetime],
    now: datetime,
    *,
    news: bool = False,
) -> Visit:
    """What to write of an answer that could be read, or says that nothing is new."""
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


# -- bad ones --------------------------------------------------------------------------------------


def refusal(job: Job, response: Response, now: datetime) -> Outcome:
    """An answer of the server that is no document."""
    meaning = STATUS.get(response.status)
    said = f"answered {response.status}{f' ({meaning.words})' if meaning else ''}"
    wait = response.retry_after(now)
    if wait is not None and response.status in (429, 503):
        said += f", and asks to wait {span(wait)}"
    error = FetchError(said, hint=meaning.hint if meaning else None)
    return failure(job, error, response, now)


def failure(
    job: Job,
    error: SourceError,
    response: Response | None,
    now: datetime,
    *,
    blame: bool = False,
) -> Outcome:
    """A visit that brought nothing; `blame` if that is the fault of the source for certain."""
    plan = job.plan
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
        if standing.failures >= _REDISCOVER and is_elsewhere(memory):
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


def unstored(job: Job, error: Exception, now: datetime) -> Outcome:
    """The outcome of a visit whose outcome cannot be stored: nothing of it is remembered."""
    fault = str(error) if isinstance(error, StoreError) else f"{type(error).__name__}: {error}"
    hint = "nothing of it is lost; --debug shows where"
    return failure(job, SourceError(f"cannot be stored: {fault}", hint=hint), None, now)


# -- none ------------------------------------------------------------------------------------------


def left_alone(job: Job, until: datetime, now: datetime) -> Outcome:
    """We come too late for the hours in which the source wants to be asked."""
    source = job.source
    visit = Visit(
        source=source,
        memory=job.memory,
        now=now,
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
