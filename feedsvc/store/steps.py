"""Steps of the clock: whoever waits goes on to wait as long, whatever the time is called by then.

    shift    the clock was set, and it is known by how much
    anchor   it went back, and that is not known: what was noted lies ahead of it now

Embargoes, and whatever else names a time itself, stay as they are; and feeds, which follow those,
notice by themselves what a clock that was ahead has built.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, bindparam, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from feedsvc.ports import Asked, Setting
from feedsvc.store.engine import reading, writing
from feedsvc.store.outbox import NEVER
from feedsvc.store.rows import instant, moment, seconds
from feedsvc.store.schema import remark, source

_CLOCK = "clock"  # the name of a remark: how the clock is set
_NOTICED = 2  # seconds within which a step is noticed: what was noted meanwhile is of the new time
_LONG = 8 * 86_400  # longer than words, requests and questions about media wait
_LEASE = 366 * 86_400  # the longest that a hub of others may give
_GIVEN = 30 * 86_400  # the longest that ours does

_SHIFT = (
    """
    UPDATE source SET asked = asked + :by, next_due = next_due + :by, spared = spared + :by,
        last_ok = last_ok + :by
    WHERE next_due IS NOT NULL AND coalesce(asked, 0) NOT BETWEEN :now - :noticed AND :now
    """,
    "UPDATE outbox SET made = made + :by, due = due + :by WHERE due != :never",
    """
    UPDATE subscriber SET due = due + :by, since = since + :by,
        lease_until = min(lease_until + :by, :now + :given)
    """,
    """
    UPDATE subscription SET asked = asked + :by, due = due + :by, heard = heard + :by,
        lease_until = lease_until + :by
    """,
    "UPDATE media SET asked = asked + :by, retry_at = retry_at + :by",
    "UPDATE feed SET retry_at = retry_at + :by WHERE retry_at IS NOT NULL",
)

# How long what was noted by another clock has been waiting nobody knows. A source waits once more,
# as it may have been asked a moment ago; what is our own to tell is told.
_ANCHOR = (
    """
    UPDATE source SET next_due = :now + max(next_due - asked, 0),
        spared = :now + max(spared - asked, 0), last_ok = min(last_ok, :now), asked = :now
    WHERE asked > :now
    """,
    """
    UPDATE outbox SET made = min(made, :now), due = :now
    WHERE due != :never AND (made > :now OR due > :now + :long)
    """,
    """
    UPDATE subscriber SET due = min(due, :now), since = min(since, :now),
        lease_until = min(lease_until, :now + :given)
    WHERE since > :now OR due > :now + :long OR lease_until > :now + :given
    """,
    """
    UPDATE subscription SET due = :now, asked = min(asked, :now), heard = min(heard, :now)
    WHERE asked > :now OR heard > :now OR due > :now + :lease
    """,
    """
    UPDATE media SET retry_at = :now, asked = min(asked, :now) WHERE retry_at > :now + :long
    """,
)
_AHEAD = """
    SELECT EXISTS (SELECT 1 FROM source WHERE asked > :now)
        OR EXISTS (SELECT 1 FROM outbox WHERE made > :now)
        OR EXISTS (SELECT 1 FROM subscription WHERE asked > :now OR heard > :now)
        OR EXISTS (SELECT 1 FROM media WHERE retry_at > :now + :long)
"""


class Steps:
    """What is to be done when the clock of the machine was put right, or wrong."""

    _engine: Engine

    def asked(self, names: frozenset[str]) -> dict[str, Asked]:
        """When these sources, and those in their OPML files, were asked and are due."""
        own = source.c.name.in_(sorted(names)) | source.c.parent.in_(sorted(names))
        columns = [source.c[name] for name in ("name", "parent", "asked", "next_due", "spared")]
        query = select(*columns).where(
            own, source.c.asked.is_not(None), source.c.next_due.is_not(None)
        )
        with reading(self._engine) as connection:
            return {
                name: Asked(parent, instant(asked), instant(due), moment(spared))
                for name, parent, asked, due, spared in connection.execute(query)
            }

    def is_ahead(self, now: datetime) -> bool:
        """Whether anything was noted by a clock that was ahead of `now`."""
        with reading(self._engine) as connection:
            return bool(connection.exec_driver_sql(_AHEAD, _known(now)).scalar())

    def clock_setting(self) -> Setting | None:
        """How the clock was set by which everything is noted."""
        with reading(self._engine) as connection:
            return _setting(connection)

    def keep_setting(self, setting: Setting, now: datetime) -> None:
        """Note how the clock is set."""
        with writing(self._engine) as connection:
            _keep(connection, setting, now)

    def shift(
        self,
        by: timedelta,
        now: datetime,
        dues: Mapping[str, datetime],
        *,
        known: Setting,
        setting: Setting,
    ) -> bool:
        """Move what is noted along with the clock, which was put forward `by`, to `now`.

        `dues` are the sources that are due at times of day, and when they are now. False, and
        nothing is done, if the clock is not noted to be set as it was `known` any more.
        """
        with writing(self._engine) as connection:
            if _setting(connection) != known:
                return False
            _run(connection, _SHIFT, now, by=round(by.total_seconds()))
            _shift_standings(connection, by)
            _put(connection, dues)
            _keep(connection, setting, now)
        return True

    def anchor(self, now: datetime, dues: Mapping[str, datetime]) -> None:
        """Let what is noted ahead of the clock begin to wait now; `dues` as in `shift`."""
        with writing(self._engine) as connection:
            _run(connection, _ANCHOR, now)
            _put(connection, dues)


def _run(
    connection: Connection, statements: tuple[str, ...], now: datetime, *, by: int = 0
) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement, _known(now, by))


def _known(now: datetime, by: int = 0) -> dict[str, int | None]:
    return {
        "now": seconds(now), "by": by, "noticed": _NOTICED, "never": NEVER, "long": _LONG,
        "lease": _LEASE, "given": _GIVEN,
    }  # fmt: skip


def _shift_standings(connection: Connection, by: timedelta) -> None:
    """Whoever said a minute ago that he is gone has not said so for a year."""
    query = "SELECT source_id, standing FROM remote WHERE instr(standing, '\"gone_since\"')"
    for row, told in connection.exec_driver_sql(query).cursor.fetchall():
        standing = json.loads(told)
        since = datetime.fromisoformat(standing["gone_since"]) + by
        changed = json.dumps(standing | {"gone_since": since.isoformat()})
        asked = "UPDATE remote SET standing = ? WHERE source_id = ?"
        connection.exec_driver_sql(asked, (changed, row))


def _setting(connection: Connection) -> Setting | None:
    told = connection.execute(select(remark.c.value).where(remark.c.name == _CLOCK)).scalar()
    return None if told is None else Setting(*json.loads(told))


def _keep(connection: Connection, setting: Setting, now: datetime) -> None:
    values = {"name": _CLOCK, "value": json.dumps(setting), "at": seconds(now)}
    connection.execute(upsert(remark).values(values).on_conflict_do_update(["name"], set_=values))


def _put(connection: Connection, dues: Mapping[str, datetime]) -> None:
    if dues:
        connection.execute(
            update(source)
            .where(source.c.name == bindparam("who"))
            .values(next_due=bindparam("at")),
            [{"who": name, "at": seconds(due)} for name, due in dues.items()],
        )
