"""Chores: what the daemon does for the store at times of day (`[maintenance] at`).

    integrity   is the database sound? once a week, before anything is done with it
    backup      save the service, and let the oldest backup go; if there is a folder for them
    prune       erase what sources are not to keep, and rows that nobody needs
    optimize    give unused space back, keep the journal of the database short
    notify      tell the operator's webhook what it could not be told; every hour

In this order, one at a time. When each is due and how it ended is in the store (table `chore`);
`scheduler/chores.py` runs them, in threads but for what waits for others.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from feedsvc.errors import StoreError
from feedsvc.manners.calendar import next_time
from feedsvc.model import Problem, iso_utc
from feedsvc.ports import Chore
from feedsvc.store.halt import Halt

if TYPE_CHECKING:
    from feedsvc.app import App

AGAIN = timedelta(hours=1)  # after which a job that failed is done again
OUTDATED = timedelta(days=30)

_FAULTS = "the database is damaged: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One kind of chore; `run` returns what it did in a few words, "" for nothing worth telling.

    `work` is done in a thread, and ends when it is asked to; `errand` waits for others.
    """

    name: str
    work: Callable[[Halt], str] | None = None
    errand: Callable[[], Coroutine[Any, Any, str]] | None = None
    gap: timedelta = timedelta()  # that lies between two at least, to the next time of day
    every: timedelta | None = None  # in place of times of day
    patient: bool = False  # not made up for at once when it was due long ago: see `Plan.due`


def jobs_of(app: App) -> tuple[Job, ...]:
    """The jobs that the configuration asks for, in the order in which they are done."""
    # Six days and a half: the same night of the next week, whenever in this one it was done.
    found = [
        Job(name="integrity", work=lambda halt: _integrity(app, halt), gap=timedelta(days=6.5))
    ]
    if app.settings.maintenance.backup is not None:
        found.append(Job(name="backup", work=lambda halt: _backup(app, halt)))
    found.append(Job(name="prune", work=lambda halt: _prune(app, halt), patient=True))
    found.append(Job(name="optimize", work=lambda halt: _optimize(app, halt)))
    if app.settings.ops.webhook is not None and app.errands:
        found.append(Job(name="notify", errand=lambda: _notify(app), every=timedelta(hours=1)))
    return tuple(found)


# -- when ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plan:
    """When a job is due: from what the store has of it, whatever happened to the clock since."""

    app: App
    job: Job

    def regular(self, after: datetime) -> datetime:
        """The next time after it was done at `after`."""
        if self.job.every is not None:
            return after + self.job.every
        settings = self.app.settings
        return next_time(settings.maintenance.at, settings.site.timezone, after + self.job.gap)

    def first(self, now: datetime) -> datetime:
        """The first time of all."""
        if self.job.every is not None:
            return now
        settings = self.app.settings
        return next_time(settings.maintenance.at, settings.site.timezone, now)

    def due(self, known: Chore | None, now: datetime) -> datetime:
        """When it is due; not later than now if it was missed.

        Never beyond the next regular time: a clock that was ahead, or times of day that are others
        by now, must not keep it from being done.
        """
        if known is None or known.due is None:
            return self.first(now)
        if known.due <= now:
            # A clock that is ahead by months makes articles old that are not, and what is erased
            # does not come back when it is put right. Until the next time somebody may notice.
            if self.job.patient and now - known.due > OUTDATED:
                return self.first(now)
            return known.due
        if known.ran is None:
            return min(known.due, self.first(now))
        if known.outcome == "ok" and self.job.every is None:
            # Not as it was noted: the times of day may be others by now.
            return max(self.regular(min(known.ran, now)), self.first(now))
        latest = self.regular(now)
        return min(known.due, latest if known.outcome == "ok" else min(latest, now + AGAIN))

    def begun(self, known: Chore | None, now: datetime) -> Chore:
        """What is noted when it begins: if it is never heard of again, it is done once more."""
        done = known.done if known is not None else None
        return Chore(name=self.job.name, due=self._again(now), ran=now, done=done)

    def ended(self, began: Chore, *, seconds: float, wrong: str | None, did: str) -> Chore:
        """What is noted when it has come to an end."""
        assert began.ran is not None  # noqa: S101
        return Chore(
            name=self.job.name,
            due=self.regular(began.ran) if wrong is None else self._again(began.ran),
            ran=began.ran,
            seconds=round(seconds),
            outcome="ok" if wrong is None else "failed",
            reason=wrong if wrong is not None else did or None,
            done=began.done,
        )

    def _again(self, now: datetime) -> datetime:
        return min(now + AGAIN, self.regular(now))


# -- what ------------------------------------------------------------------------------------------


def _integrity(app: App, halt: Halt) -> str:
    faults = app.store.faults(halt)
    if faults:
        raise StoreError(
            f"{_FAULTS}{'; '.join(faults)}",
            hint="`feedsvc restore` puts a backup in its place",
        )
    return "the database is sound"


def _backup(app: App, halt: Halt) -> str:
    from feedsvc.app.keeping import rotate, write_backup

    def progress(_what: str, _done: int, _total: int) -> None:
        halt.check()

    maintenance = app.settings.maintenance
    report = write_backup(app, progress=progress)
    assert report.path is not None  # noqa: S101
    gone = rotate(app, report.path.parent, maintenance.keep_backups, fresh=report.path)
    said = [f"wrote {report.path.name}, {_size(report.size)}", *report.notes]
    if gone:
        said.append(f"{len(gone)} older went")
    return "; ".join(said)


def _prune(app: App, halt: Halt) -> str:
    from feedsvc.app.pruning import limits_of, prune

    checked = app.store.chores().get("integrity")
    if checked and checked.outcome == "failed" and (checked.reason or "").startswith(_FAULTS):
        raise StoreError("nothing is erased while the database is damaged")
    report = prune(app, limits_of(app), halt=halt)
    kept = sum(report.kept.values())
    said = []
    if report.pruned:
        shown = f"; {kept} more stay, since they are shown" if kept else ""
        said.append(f"erased {_count(report.pruned, 'article')}{shown}")
    if report.tidied:
        said.append(f"dropped {_count(sum(report.tidied.values()), 'row')} that nobody needs")
    return "; ".join(said)


def _optimize(app: App, halt: Halt) -> str:
    said = []
    if freed := app.store.give_back(halt):
        said.append(f"gave {_size(freed)} back to the disk")
    if shortened := app.store.shorten_journal(halt):
        said.append(f"wrote a journal of {_size(shortened)} back")
    return "; ".join(said)


async def _notify(app: App) -> str:
    from feedsvc.app.hook import NEWS

    if not app.store.untold(since=app.clock.now() - NEWS, limit=1):
        return ""
    async with app.remotes() as remotes:
        trouble = await app.tell(remotes)
    if trouble is not None:
        raise trouble
    return "told the webhook"


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


# -- how they are ----------------------------------------------------------------------------------


def maintenance(chores: Mapping[str, Chore]) -> list[dict[str, Any]]:
    """`maintenance[]` of `feedsvc status --json`; nothing where no daemon ever ran."""
    return [
        {
            "name": one.name,
            "due": iso_utc(one.due) if one.due else None,
            "ran": iso_utc(one.ran) if one.ran else None,
            "outcome": one.outcome,
            "reason": one.reason,
        }
        for one in chores.values()
    ]


def maintenance_problems(chores: Mapping[str, Chore]) -> Sequence[Problem]:
    """What an operator should look at: for the problems of `status`."""
    return [
        Problem(source="maintenance", path=one.name, reason=one.reason or "failed", since=one.ran)
        for one in chores.values()
        if one.outcome == "failed"
    ]
