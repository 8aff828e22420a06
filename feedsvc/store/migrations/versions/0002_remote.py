"""Remote sources: what is remembered of them, and of what happened to them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("source") as batch:
        batch.add_column(sa.Column("parent", sa.Text(), nullable=True))
        batch.add_column(sa.Column("paused", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("lease", sa.Text(), nullable=True))
    with op.batch_alter_table("article") as batch:
        batch.add_column(sa.Column("canon", sa.LargeBinary(), nullable=True))
        batch.add_column(sa.Column("noise", sa.Integer(), server_default="0", nullable=False))
        batch.create_index("ix_article_canon", ["canon"], sqlite_where=sa.text("canon IS NOT NULL"))
    op.create_table(
        "remote",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("configured", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("validated", sa.Text(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("held", sa.LargeBinary(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=True),
        sa.Column("head", sa.Text(), nullable=True),
        sa.Column("extra", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_remote_source_id")),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_remote")),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("was", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    _order_labels_by_article()


def _order_labels_by_article() -> None:
    op.drop_index("ix_label_article_id", "label")
    op.rename_table("label", "label_by_word")
    op.create_table(
        "label",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_label_article_id")),
        sa.PrimaryKeyConstraint("article_id", "kind", "word", name=op.f("pk_label")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO label (article_id, kind, word)"
        " SELECT article_id, kind, word FROM label_by_word ORDER BY article_id, kind, word"
    )
    op.drop_table("label_by_word")
