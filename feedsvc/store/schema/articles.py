"""Articles, what belongs to them, and what is known of their media."""

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
    UniqueConstraint,
    text,
)

from feedsvc.store.schema.base import metadata

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
    # The number of the last change to what anybody sees of it, the same for all of a transaction:
    # a build asks for what has changed since the number it knows.
    Column("changed", Integer, nullable=False, server_default="0"),
    Column("verdict", Text),  # its operator's: hidden | withdrawn | purged; no source undoes it
    Column("verdict_at", BigInteger),
    # What its source makes of it while a verdict stands in the place of that: what comes back when
    # the verdict is lifted.
    Column("own_state", Text),
    Column("own_reason", Text),
    Column("pruned", BigInteger),  # since when only this row is left of it: see `prune.py`
    UniqueConstraint("source_id", "key"),
)
Index(None, article.c.released.desc(), article.c.guid)
Index(None, article.c.source_id, article.c.released.desc(), article.c.guid)
Index(None, article.c.source_id, article.c.declared)
Index(None, article.c.source_id, article.c.link)
Index(None, article.c.source_id, article.c.document)
Index(None, article.c.guid)
Index(None, article.c.changed)
Index(None, article.c.updated)
Index("ix_article_canon", article.c.canon, sqlite_where=article.c.canon.is_not(None))
Index("ix_article_verdict", article.c.verdict, sqlite_where=article.c.verdict.is_not(None))
# So that articles are counted by state without a look at those that are published, which most are.
UNPUBLISHED = "state != 'published'"
Index("ix_article_unpublished", article.c.state, sqlite_where=text(UNPUBLISHED))
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

slug = Table(
    "slug",
    metadata,
    # The page of an article: public/a/<slug>/. One that it had before leads to its current one.
    Column("slug", Text, primary_key=True),
    Column("article_id", ForeignKey("article.id"), nullable=False),
    # The number of the change that gave it, of those of `article.changed`. Not noted there, since
    # a feed gives slugs while it is built: every other one would look at all of them again.
    Column("changed", Integer, nullable=False),
    Column("current", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
Index(None, slug.c.article_id)
Index(None, slug.c.changed)

media = Table(
    "media",
    metadata,
    # What a server says of a media file whose source does not say it.
    Column("url", Text, primary_key=True),
    Column("picture", Boolean, nullable=False, server_default="0"),  # its size in pixels is wanted
    Column("type", Text),
    Column("length", BigInteger),
    Column("width", Integer),
    Column("height", Integer),
    Column("asked", BigInteger),
    Column("retry_at", BigInteger),  # None: known, or never to be asked again
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("reason", Text),
)
Index("ix_media_retry_at", media.c.retry_at, sqlite_where=media.c.retry_at.is_not(None))

media_use = Table(
    "media_use",
    metadata,
    # Which articles show it, or did: their entries are written anew when something is learnt.
    Column("url", Text, primary_key=True),
    Column("article_id", ForeignKey("article.id"), primary_key=True),
    sqlite_with_rowid=False,
)
