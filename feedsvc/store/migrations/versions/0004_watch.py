"""The journal, jobs at times of day, the audience of feeds, when a source was asked, pruning."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("source") as batch:
        batch.add_column(sa.Column("asked", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("spared", sa.BigInteger(), nullable=True))
    # The next best thing, so that what a clock that was ahead has left is found.
    op.execute("UPDATE source SET asked = last_ok")
    askable = "NOT removed AND paused IS NULL AND state != 'parked'"
    taken_out = "removed AND parent IS NULL"
    op.create_index("ix_source_next_due", "source", ["next_due"], sqlite_where=sa.text(askable))
    op.create_index("ix_source_lost", "source", ["name"], sqlite_where=sa.text(taken_out))
    op.create_index("ix_source_asked", "source", ["asked"])
    with op.batch_alter_table("article") as batch:
        batch.add_column(sa.Column("pruned", sa.BigInteger(), nullable=True))
    unpublished = sa.text("state != 'published'")
    op.create_index("ix_article_unpublished", "article", ["state"], sqlite_where=unpublished)
    with op.batch_alter_table("feed") as batch:
        batch.add_column(sa.Column("rhythm", sa.Integer(), nullable=True))
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
    )
    op.create_index("ix_journal_kind_subject", "journal", ["kind", "subject"])
    op.create_table(
        "chore",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("ran", sa.BigInteger(), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("done", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_chore")),
    )
    op.create_table(
        "remark",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_remark")),
    )
    op.create_table(
        "audience",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("not_modified", sa.Integer(), nullable=False),
        sa.Column("aggregators", sa.Text(), nullable=False),
        sa.Column("pollers", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", "feed", name=op.f("pk_audience")),
        sqlite_with_rowid=False,
    )
