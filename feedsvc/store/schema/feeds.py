"""Feeds: who is in them, in their archives and editions, and who may read them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from feedsvc.store.schema.base import metadata

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
    Column("guid", Text),  # its id, minted once; it keeps it when it moves
    Column("seen", Integer, nullable=False, server_default="0"),  # `article.changed` it has built
    Column("looked", BigInteger),  # up to when it has followed what falls due and expires
    Column("page_size", Integer),  # articles on a page of its archive, frozen with the first one
    Column("rhythm", Integer),  # seconds that usually lie between its newest entries
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

place = Table(
    "place",
    metadata,
    # Where an article stands in the archive of a feed: given when it enters, and never changed.
    Column("feed", Text, primary_key=True),
    Column("position", Integer, primary_key=True),  # from 1, the oldest
    Column("article_id", ForeignKey("article.id"), nullable=False),
    UniqueConstraint("article_id", "feed"),
    sqlite_with_rowid=False,
)

archive_page = Table(
    "archive_page",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("updated", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

removal = Table(
    "removal",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("guid", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

edition = Table(
    "edition",
    metadata,
    # The `updated` of an edition of a digest: moved when the articles in it are others.
    Column("feed", Text, primary_key=True),
    Column("period", Text, primary_key=True),  # its first day, or its week: 2025-03-05, 2025-W10
    Column("updated", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

facet = Table(
    "facet",
    metadata,
    # One feed of a group (`per`): its word, and the slug it was given once.
    Column("feed", Text, primary_key=True),
    Column("word", Text, primary_key=True),  # as `label` has it; of a source, its name
    Column("slug", Text, nullable=False),
    Column("title", Text, nullable=False),
    UniqueConstraint("feed", "slug"),
    sqlite_with_rowid=False,
)

token = Table(
    "token",
    metadata,
    # A reader's key to a private feed.
    Column("token", Text, primary_key=True),
    Column("feed", Text, nullable=False),
    Column("label", Text),  # whose it is, for the operator
    Column("made", BigInteger, nullable=False),
)
Index(None, token.c.feed)
