"""The tables.

Integer keys inside, minted ids outside. Times are whole seconds since 1970 in UTC: exact, sortable
and the same on every database. `article` is narrow, since feeds are chosen by it; what is only read
to render an entry lies in `body`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

REVISIONS = ("0001", "0002")
"""Every schema revision this version knows, oldest first; the steps are in `migrations/`."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

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
    Column("failures", Integer, nullable=False, default=0),
    Column("reason", Text),
    Column("since", BigInteger),
    Column("problems", Text),  # JSON: [path, reason, since]
    Column("parent", Text),  # the OPML source it stands in, by name
    Column("paused", BigInteger),  # since when its operator wants it left alone
    Column("lease", Text),  # the run that is asking it now
)

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

article = Table(
    "article",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source_id", ForeignKey("source.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("declared", Text),  # the id its source states, however late it appeared
    Column("document", LargeBinary, nullable=False),  # digest of the bytes it was read from
    Column("guid", Text, nullable=False),
    Column("link", Text),
    Column("title", Text, nullable=False),
    Column("language", Text),
    Column("published", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("first_seen", BigInteger, nullable=False),
    Column("released", BigInteger, nullable=False),  # max(published, due): the order of feeds
    Column("due", BigInteger),
    Column("expires", BigInteger),
    Column("state", Text, nullable=False),
    Column("state_reason", Text),
    Column("said", LargeBinary, nullable=False),
    Column("seen", LargeBinary, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("canon", LargeBinary),  # digest of its canonical link: the same in every source
    Column("noise", Integer, nullable=False, server_default="0"),  # changes in a row without words
    UniqueConstraint("source_id", "key"),
)
Index(None, article.c.released.desc(), article.c.guid)
Index(None, article.c.source_id, article.c.released.desc(), article.c.guid)
Index(None, article.c.source_id, article.c.declared)
Index(None, article.c.source_id, article.c.link)
Index(None, article.c.source_id, article.c.document)
Index(None, article.c.guid)
Index("ix_article_canon", article.c.canon, sqlite_where=article.c.canon.is_not(None))
Index("ix_article_due", article.c.due, sqlite_where=article.c.due.is_not(None))
Index("ix_article_expires", article.c.expires, sqlite_where=article.c.expires.is_not(None))

body = Table(
    "body",
    metadata,
    Column("article_id", ForeignKey("article.id"), primary_key=True),
    Column("summary", Text),
    Column("html", Text, nullable=False),
    Column("fields", Text, nullable=False),  # JSON: authors, tags, image, enclosures …
)

revision = Table(
    "revision",
    metadata,
    Column("article_id", ForeignKey("article.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("replaced", BigInteger, nullable=False),  # when the next one took its place
    Column("title", Text, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("summary", Text),
    Column("html", Text, nullable=False),
    Column("fields", Text, nullable=False),
)

label = Table(
    "label",
    metadata,
    # Feeds go through articles in their order and look here whether one has the word; in this order
    # what belongs to an article lies together, and new ones come at the end.
    Column("article_id", ForeignKey("article.id"), primary_key=True),
    Column("kind", Text, primary_key=True),  # tag | author
    Column("word", Text, primary_key=True),  # case-folded
    sqlite_with_rowid=False,
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

feed = Table(
    "feed",
    metadata,
    Column("name", Text, primary_key=True),
    Column("touched", BigInteger),
    Column("updated", BigInteger),
    Column("next_change", BigInteger),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("built", BigInteger),
    Column("entries", Integer, nullable=False),
    Column("newest", BigInteger),
    Column("held", Text),
    Column("retry_at", BigInteger),
    Column("left_out", Text, nullable=False),  # JSON list of [source, path, reason]
)

membership = Table(
    "membership",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("article_id", ForeignKey("article.id"), nullable=False),
    sqlite_with_rowid=False,
)
Index(None, membership.c.article_id)

fragment = Table(
    "fragment",
    metadata,
    Column("article_id", ForeignKey("article.id"), primary_key=True),
    Column("format", Text, primary_key=True),
    Column("variant", Text, primary_key=True),  # full | excerpt
    Column("key", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

ledger = Table(
    "ledger",
    metadata,
    Column("path", Text, primary_key=True),
    Column("feed", Text),
    Column("format", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("sidecars", Text, nullable=False),  # JSON: ending -> [size, mtime_ns]
)

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
