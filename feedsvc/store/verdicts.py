"""The operator's verdicts: an article is hidden, withdrawn or purged, and restored.

A verdict is on the story: it takes every article of its id, whatever source it came from, and the
copies of other sources on its page, which would rise in its place (`struck.py` says when a page is
a story's own). What the verdict changes, it marks: the feeds that showed the articles, and those
that would without it. What sources send later never undoes one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, delete, func, select, update

from feedsvc.errors import UsageError
from feedsvc.model import State, Verdict
from feedsvc.ports import Corrected
from feedsvc.store.engine import reading, scrub, writing
from feedsvc.store.marks import Marks
from feedsvc.store.rows import seconds
from feedsvc.store.schema import article, body, file, fragment, label, remote, revision
from feedsvc.store.stories import StoryRow, distinct, of_ids, story_of, struck_along
from feedsvc.store.writing import next_change


class Verdicts(Marks):
    """What the operator says of articles; each method is one transaction."""

    def withdraw(
        self, guids: Sequence[str], *, reason: str | None, now: datetime
    ) -> tuple[Corrected, ...]:
        """Take stories out of everything that is published, for good or until `restore`."""
        return self._give(guids, Verdict.WITHDRAWN, reason, now)

    def hide(
        self, guids: Sequence[str], *, reason: str | None = None, now: datetime
    ) -> tuple[Corrected, ...]:
        """Leave stories out of everything until `restore`, without saying that they are gone."""
        return self._give(guids, Verdict.HIDDEN, reason, now)

    def purge(
        self, guids: Sequence[str], *, reason: str | None = None, now: datetime
    ) -> tuple[Corrected, ...]:
        """Erase what stories said; what they are matched by stays, so that they never rise again.

        See `scrub` for the files of the database.
        """
        return self._give(guids, Verdict.PURGED, reason, now)

    def scrub(self) -> None:
        """Leave nothing of what was purged in unused parts of the database; raises StoreError."""
        scrub(self._engine)

    def restore(self, guids: Sequence[str], *, now: datetime) -> tuple[Corrected, ...]:
        """Lift verdicts: the articles are what their sources make of them by now.

        Raises UsageError for one that was purged or pruned.
        """
        with writing(self._engine) as connection:
            named = of_ids(connection, guids)
            for one in named:
                if one.verdict == Verdict.PURGED:
                    raise UsageError(
                        f"'{one.guid}' was purged: nothing is left of it to restore",
                        hint="publish it anew under another id and address",
                    )
                if all(row.pruned is not None for row in named if row.guid == one.guid):
                    raise UsageError(
                        f"'{one.guid}' was pruned: nothing is left of it to restore",
                        hint="a backup may have it, or publish it anew under another id",
                    )
            struck = [one for one in named if one.verdict is not None]
            rows = distinct([*named, *struck_along(connection, struck)])
            lifted = [one for one in rows if one.verdict is not None]
            moved = [one for one in lifted if one.own_state != one.state]
            touched = self._lift(connection, [one.id for one in moved])
            number = next_change(connection)
            feeds = set(connection.execute(select(remote.c.source_id)).scalars())
            _write(
                connection,
                [
                    {
                        "state": one.own_state, "state_reason": one.own_reason,
                        "verdict": None, "verdict_at": None, "own_state": None, "own_reason": None,
                        # That of a folder's article was noted for the verdict alone.
                        "canon": one.canon if one.source_id in feeds else None,
                        "row": one.id,
                    }
                    for one in lifted
                ],
            )  # fmt: skip
            _number(connection, moved, number)
            self._mark(connection, touched, now)
        return tuple(
            Corrected(
                source=one.source,
                guid=one.guid,
                was=State(one.state),
                state=State(one.own_state or one.state),
                verdict=None,
                changed=one.verdict is not None,
            )
            for one in rows
        )

    def story(self, guids: Sequence[str]) -> tuple[Corrected, ...]:
        """The articles that a verdict on these ids would be about, as they stand."""
        with reading(self._engine) as connection:
            rows = story_of(connection, guids)
        return tuple(_told(one, one.verdict, changed=False) for one in rows)

    # -- how ---------------------------------------------------------------------------------------

    def _give(
        self, guids: Sequence[str], verdict: Verdict, reason: str | None, now: datetime
    ) -> tuple[Corrected, ...]:
        erased = verdict is Verdict.PURGED
        with writing(self._engine) as connection:
            rows = story_of(connection, guids)
            fresh = [one for one in rows if one.verdict not in (verdict, Verdict.PURGED)]
            state = verdict.state.value
            moved = [one for one in fresh if one.state != state or erased]
            touched = self._lift(connection, [one.id for one in moved])
            number = next_change(connection)
            _write(
                connection,
                [
                    {
                        "state": state,
                        "state_reason": reason or (one.state_reason if one.verdict else None),
                        "verdict": verdict.value, "verdict_at": seconds(now),
                        "own_state": None if erased else one.own_state or one.state,
                        "own_reason": None if erased else one.reason_of_its_own,
                        "canon": one.page, "row": one.id,
                    }
                    for one in fresh
                ],
            )  # fmt: skip
            _number(connection, moved, number)
            if erased:
                _erase(connection, [one.id for one in fresh])
            if reason is not None:  # said later, or better
                _give_reason(connection, [o for o in rows if o.verdict == verdict], reason)
            self._mark(connection, touched, now)
        done = {one.id for one in fresh}
        return tuple(
            _told(one, verdict if one.id in done else one.verdict, changed=one.id in done)
            for one in rows
        )

    def _lift(self, connection: Connection, rows: Sequence[int]) -> set[str]:
        """The feeds that articles belong to as their sources have them; that is their state now."""
        own = func.coalesce(article.c.own_state, article.c.state)
        connection.execute(update(article).where(article.c.id.in_(rows)).values(state=own))
        return self._touching(connection, rows)


# -- what is written -------------------------------------------------------------------------------


_COLUMNS = (
    "state", "state_reason", "verdict", "verdict_at", "own_state", "own_reason", "canon",
)  # fmt: skip


def _write(connection: Connection, values: Sequence[dict[str, Any]]) -> None:
    if values:
        named: dict[str, BindParameter[Any]] = {n: bindparam(f"new_{n}") for n in _COLUMNS}
        connection.execute(
            update(article).where(article.c.id == bindparam("row")).values(**named),
            [{"row": one["row"], **{f"new_{n}": one[n] for n in _COLUMNS}} for one in values],
        )


def _number(connection: Connection, rows: Sequence[StoryRow], number: int) -> None:
    ids = [one.id for one in rows]
    connection.execute(update(article).where(article.c.id.in_(ids)).values(changed=number))


def _give_reason(connection: Connection, rows: Sequence[StoryRow], reason: str) -> None:
    ids = [one.id for one in rows]
    connection.execute(update(article).where(article.c.id.in_(ids)).values(state_reason=reason))


def _erase(connection: Connection, rows: Sequence[int]) -> None:
    """Leave nothing of articles but what they are matched by."""
    for table in (revision, label, fragment):
        connection.execute(delete(table).where(table.c.article_id.in_(rows)))
    connection.execute(
        update(body).where(body.c.article_id.in_(rows)).values(summary=None, html="", fields="{}")
    )
    connection.execute(
        update(article).where(article.c.id.in_(rows)).values(title="", language=None)
    )
    # A parser quotes what it did not understand.
    told = update(file).where(file.c.article_id.in_(rows))
    connection.execute(told.values(problem=None, warnings=None, since=None))


def _told(one: StoryRow, verdict: Verdict | None, *, changed: bool) -> Corrected:
    return Corrected(
        source=one.source,
        guid=one.guid,
        was=State(one.state),
        state=State(one.state) if verdict is None else verdict.state,
        verdict=verdict,
        changed=changed,
    )
