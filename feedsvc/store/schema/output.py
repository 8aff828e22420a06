"""What was rendered and published, and what led there before."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from feedsvc.store.schema.base import metadata

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
Index(None, ledger.c.feed)

redirect = Table(
    "redirect",
    metadata,
    # What was published at a path, or below it if that ends in `/`, and is no more.
    Column("path", Text, primary_key=True),
    Column("target", Text),  # the path or address it moved to; None: it is gone
    Column("made", BigInteger, nullable=False),
)
