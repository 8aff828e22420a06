"""Sources, and the files of those that are folders."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from feedsvc.store.schema.base import metadata

source = Table(
    "source",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("place", Text, nullable=False),  # its path or URL, to be shown
    Column("removed", Boolean, nullable=False, default=False),
    Column("fingerprint", LargeBinary, nullable=False, default=b""),
    Column("state", Text, nullable=False, default="ok"),
    Column("last_ok", BigInteger),
    Column("next_due", BigInteger),
    Column("asked", BigInteger),  # when it was asked last; later than now: the clock went back
    Column("spared", BigInteger),  # until when its server wants it left alone, whatever our plans
    Column("failures", Integer, nullable=False, default=0),
    Column("reason", Text),
    Column("since", BigInteger),
    Column("problems", Text),  # JSON: [path, reason, since]
    Column("parent", Text),  # the OPML source it stands in, by name
    Column("paused", BigInteger),  # since when its operator wants it left alone
    Column("lease", Text),  # the run that is asking it now
)
ASKABLE = "NOT removed AND paused IS NULL AND state != 'parked'"
TAKEN_OUT = "removed AND parent IS NULL"
Index("ix_source_next_due", source.c.next_due, sqlite_where=text(ASKABLE))
Index("ix_source_lost", source.c.name, sqlite_where=text(TAKEN_OUT))
Index(None, source.c.asked)

remote = Table(
    "remote",
    metadata,
    Column("source_id", ForeignKey("source.id"), primary_key=True),
    Column("configured", Text, nullable=False),  # the address of the configuration
    Column("url", Text, nullable=False),  # the one that is asked: moved to, or found on a page
    Column("etag", Text),
    Column("last_modified", Text),
    Column("validated", Text),  # the address those two came with
    Column("digest", LargeBinary, nullable=False),  # of the bytes that were read last
    Column("identity", Text, nullable=False),  # what tells its entries apart: id | link | content
    Column("held", LargeBinary, nullable=False),  # digest of ids that are not believed
    Column("standing", Text),  # JSON of `manners.Standing`
    Column("head", Text),  # JSON: what it says of itself
    Column("extra", Text),  # JSON: of an outline, what its OPML file says of it
)

file = Table(
    "file",
    metadata,
    Column("source_id", ForeignKey("source.id"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("size", BigInteger),
    Column("mtime_ns", BigInteger),
    Column("ctime_ns", BigInteger),
    Column("digest", LargeBinary, nullable=False),
    Column("article_id", ForeignKey("article.id")),
    Column("problem", Text),
    Column("warnings", Text),  # JSON list
    Column("since", BigInteger),
    sqlite_with_rowid=False,
)
Index(None, file.c.article_id)
