"""WebSub: what others are to be told, who listens to us, whom we listen to."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from feedsvc.store.schema.base import metadata

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
