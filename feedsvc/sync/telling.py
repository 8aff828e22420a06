"""What the operator is told of a visit: reports, problems, and times to wait."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice

from feedsvc.model import Draft, Problem, Reading
from feedsvc.sync.remote_plan import Job
from feedsvc.sync.run import SourceReport
from feedsvc.sync.weigh import Weighed
from feedsvc.web import Response

_MOST_PROBLEMS = 20
_LONGEST = 500  # characters of a reason; it may quote what a stranger wrote


def problems_of(job: Job, reading: Reading, weighed: Weighed) -> tuple[Problem, ...]:
    """What of the document needs a look, and then what of single entries."""
    found: list[tuple[str | None, str]] = [(None, told) for told in weighed.notes]
    found += [(None, told) for told in reading.problems]
    found += [(_place(draft), told) for draft in reading.drafts for told in draft.warnings]
    return tuple(
        Problem(source=job.plan.name, path=path, reason=told_line(reason))
        for path, reason in islice(dict.fromkeys(found), _MOST_PROBLEMS)
    )


def _place(draft: Draft) -> str:
    """Where an operator finds an entry."""
    return told_line((draft.link or draft.id or draft.title)[:200])


def told_line(text: str) -> str:
    """One line of a length that can be read, without what a terminal would obey."""
    line = "".join(c if c.isprintable() else " " for c in text).strip()
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def report_of(job: Job, response: Response, weighed: Weighed, problems: int) -> SourceReport:
    """The line of the run's report on a source whose document was read."""
    idle = not (weighed.new or weighed.changed or weighed.lost)
    return SourceReport(
        name=job.plan.name,
        outcome="unchanged" if idle else "ok",
        new=weighed.new,
        changed=weighed.changed,
        withdrawn=weighed.lost,
        status=response.status,
        reason=weighed.flood,
        problems=problems,
    )


def span(wait: timedelta) -> str:
    """A time to wait, as people say it."""
    seconds = int(wait.total_seconds())
    for size, word in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{round(seconds / size)} {word}"
    return f"{seconds} s"
