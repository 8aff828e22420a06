"""What happened, and what processes leave for one another."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text

from feedsvc.store.schema.base import metadata

event = Table(
    "event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("was", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("told", Boolean, nullable=False),  # the webhook knows
)

journal = Table(
    "journal",
    metadata,
    # What happened, for `feedsvc log`; the newest so many.
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("level", Text, nullable=False),  # info | warning | error
    Column("kind", Text, nullable=False),  # sync | build | daemon | server | maintenance
    Column("subject", Text),  # the source, the feed, the job
    Column("message", Text, nullable=False),
    Column("fields", Text),  # JSON: numbers that belong to it
)
Index(None, journal.c.kind, journal.c.subject)

chore = Table(
    "chore",
    metadata,
    # Jobs that the daemon does at times of day: a restart neither forgets nor doubles one.
    Column("name", Text, primary_key=True),
    Column("due", BigInteger),
    Column("ran", BigInteger),  # when it began last
    Column("seconds", Integer),
    Column("outcome", Text),  # ok | failed
    Column("reason", Text),
    Column("done", BigInteger),  # when one began last that went well
)

remark = Table(
    "remark",
    metadata,
    # What one process leaves for the others to read: the state of the daemon, the salt of a day.
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),  # JSON
    Column("at", BigInteger, nullable=False),
)

audience = Table(
    "audience",
    metadata,
    # Who asked for the documents of a feed on a day (UTC), as an estimate: no address is stored.
    Column("day", Text, primary_key=True),  # 2025-03-05
    Column("feed", Text, primary_key=True),
    Column("requests", Integer, nullable=False),
    Column("not_modified", Integer, nullable=False),
    Column("aggregators", Text, nullable=False),  # JSON: name -> subscribers it speaks for
    Column("pollers", LargeBinary, nullable=False),  # a sketch that counts distinct ones
    sqlite_with_rowid=False,
)
