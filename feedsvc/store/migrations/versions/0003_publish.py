"""Archives, verdicts, groups, private feeds, pages of articles, media and WebSub."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("article") as batch:
        batch.add_column(sa.Column("changed", sa.Integer(), server_default="0", nullable=False))
        batch.add_column(sa.Column("verdict", sa.Text(), nullable=True))
        batch.add_column(sa.Column("verdict_at", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("own_state", sa.Text(), nullable=True))
        batch.add_column(sa.Column("own_reason", sa.Text(), nullable=True))
        batch.create_index("ix_article_changed", ["changed"])
        batch.create_index("ix_article_updated", ["updated"])
        batch.create_index(
            "ix_article_verdict", ["verdict"], sqlite_where=sa.text("verdict IS NOT NULL")
        )
    # What was stored before counts as changed once, so that every feed looks at it.
    op.execute("UPDATE article SET changed = 1")
    with op.batch_alter_table("feed") as batch:
        batch.add_column(sa.Column("guid", sa.Text(), nullable=True))
        batch.add_column(sa.Column("seen", sa.Integer(), server_default="0", nullable=False))
        batch.add_column(sa.Column("looked", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("page_size", sa.Integer(), nullable=True))
    op.create_index("ix_ledger_feed", "ledger", ["feed"])
    op.create_table(
        "place",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_place_article_id")),
        sa.PrimaryKeyConstraint("feed", "position", name=op.f("pk_place")),
        sa.UniqueConstraint("article_id", "feed", name=op.f("uq_place_article_id_feed")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "archive_page",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "number", name=op.f("pk_archive_page")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "removal",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("guid", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "guid", name=op.f("pk_removal")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "facet",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "word", name=op.f("pk_facet")),
        sa.UniqueConstraint("feed", "slug", name=op.f("uq_facet_feed_slug")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "token",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_token")),
    )
    op.create_index("ix_token_feed", "token", ["feed"])
    op.create_table(
        "slug",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_slug_article_id")),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_slug")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_slug_article_id", "slug", ["article_id"])
    op.create_index("ix_slug_changed", "slug", ["changed"])
    op.create_table(
        "redirect",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_redirect")),
    )
    op.create_table(
        "media",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("picture", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("length", sa.BigInteger(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("asked", sa.BigInteger(), nullable=True),
        sa.Column("retry_at", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_media")),
    )
    op.create_index(
        "ix_media_retry_at", "media", ["retry_at"], sqlite_where=sa.text("retry_at IS NOT NULL")
    )
    op.create_table(
        "media_use",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_media_use_article_id")
        ),
        sa.PrimaryKeyConstraint("url", "article_id", name=op.f("pk_media_use")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "edition",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "period", name=op.f("pk_edition")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("round", sa.Integer(), server_default="1", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("kind", "target", "topic", name=op.f("uq_outbox_kind_target_topic")),
    )
    op.create_index("ix_outbox_due", "outbox", ["due"])
    op.create_table(
        "subscriber",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("callback", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("pending", sa.Text(), nullable=True),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriber")),
        sa.UniqueConstraint("topic", "callback", name=op.f("uq_subscriber_topic_callback")),
    )
    op.create_table(
        "subscription",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("heard", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_subscription_source_id")
        ),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_subscription")),
        sa.UniqueConstraint("token", name=op.f("uq_subscription_token")),
    )
    op.create_index("ix_subscription_due", "subscription", ["due"])
