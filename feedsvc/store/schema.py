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
    text,
)

REVISIONS = ("0001", "0002", "0003", "0004")
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

redirect = Table(
    "redirect",
    metadata,
    # What was published at a path, or below it if that ends in `/`, and is no more.
    Column("path", Text, primary_key=True),
    Column("target", Text),  # the path or address it moved to; None: it is gone
    Column("made", BigInteger, nullable=False),
)

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

outbox = Table(
    "outbox",
    metadata,
    # What others are to be told, until they know; a later word about the same replaces it.
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),  # ping (a hub) | deliver (to a subscriber of ours)
    Column("target", Text, nullable=False),  # the hub; the row of the subscriber
    Column("topic", Text, nullable=False),  # the address of the document
    Column("made", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("round", Integer, nullable=False, server_default="1"),  # words about it so far
    Column("reason", Text),
    UniqueConstraint("kind", "target", "topic"),
)
Index(None, outbox.c.due)

subscriber = Table(
    "subscriber",
    metadata,
    # Of our own hub (WebSub §5).
    Column("id", Integer, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("callback", Text, nullable=False),
    Column("secret", Text),
    Column("lease_until", BigInteger),  # None: not verified yet
    Column("pending", Text),  # JSON of the request that is to be verified
    Column("due", BigInteger),  # when its verification is to be tried
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("since", BigInteger),  # since when deliveries fail
    UniqueConstraint("topic", "callback"),
)

subscription = Table(
    "subscription",
    metadata,
    # Of a source at the hub that it announces.
    Column("source_id", ForeignKey("source.id"), primary_key=True),
    Column("topic", Text, nullable=False),
    Column("hub", Text, nullable=False),
    Column("token", Text, nullable=False, unique=True),  # of its callback
    Column("secret", Text, nullable=False),
    Column("state", Text, nullable=False),  # wanted | asked | active | denied | leaving
    Column("asked", BigInteger),
    Column("lease_until", BigInteger),
    Column("due", BigInteger, nullable=False),  # when something is to be done about it
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("heard", BigInteger),  # when the hub delivered last
    Column("reason", Text),
)
Index(None, subscription.c.due)

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
