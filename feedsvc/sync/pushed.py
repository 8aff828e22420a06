"""What its hub brought, taken in as if the source had been asked for it (WebSub §7).

The same way as any answer: read -> weigh -> one commit. But it says nothing of the address that is
asked: the validators of that stay, and so does what the source says of itself, since hubs are known
that bring only the entries that are new.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from feedsvc.manners import Standing, well
from feedsvc.ports import Memory, RemoteStore
from feedsvc.sync.remote_plan import Job
from feedsvc.sync.run import SourceReport
from feedsvc.sync.visit import Visitor
from feedsvc.web import Response


def to_be_asked(job: Job) -> bool:
    """Whether a source has to be asked itself, whatever its hub brings.

    Of one whose entries are withdrawn when they leave the document, that has to be the whole one;
    and so it has to be where everything is read anew, or ids are in doubt.
    """
    return (
        job.plan.on_delete == "withdraw"
        or job.plan.outlines is not None
        or job.source.fingerprint != job.plan.fingerprint
        or job.source.state == "quarantined"
        or bool(job.memory.held)
        or not job.memory.digest
    )


async def take_in(
    job: Job,
    response: Response,
    store: RemoteStore,
    now: Callable[[], datetime],
    *,
    run: str,
    dead: Sequence[str],
) -> SourceReport | None:
    """Write what its hub brought; None if another run is asking the source just now.

    If it could not be read, or is of another feed, the report says that it failed, and nothing was
    written.
    """
    if not store.claim([job.source], run, dead):
        return None

    async def brought(_: Memory) -> Response:
        return response

    asked = replace(job, plan=replace(job.plan, ask=brought), force=True, told=True)
    outcome = await Visitor(store, now).visit(asked)
    report, was = outcome.report, job.memory
    if report.outcome == "ok" and not _is_of(outcome.visit.memory.head, was.head):
        report = replace(report, outcome="failed", reason="its hub brought another feed")
    if report.outcome in ("ok", "unchanged"):
        memory = outcome.visit.memory._replace(
            url=was.url,
            etag=was.etag,
            last_modified=was.last_modified,
            validated=was.validated,
            standing=well(Standing.load(was.standing)).dump(),
            head=was.head,
        )
        store.settle([replace(outcome.visit, memory=memory)])
    else:
        store.release(run)
    return report


def _is_of(brought: str | None, known: str | None) -> bool:
    """Whether a document is of the feed that we know: by its id, or else by its site.

    Not by `rel="self"`: a hub may tell of a topic under its new address (WebSub §7).
    """
    one, other = json.loads(brought or "{}"), json.loads(known or "{}")
    for name in ("id", "link"):
        if name in one and name in other:
            return bool(one[name] == other[name])
    return True
