"""The archived evidence; frozen once released."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "archive_file",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("first_id", sa.Text(), nullable=False),
        sa.Column("last_id", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("last_superseded_at", sa.BigInteger()),
        sa.Column("before_at", sa.BigInteger(), nullable=False),
        sa.Column("archived_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_archive_file")),
    )
    op.create_index(op.f("ix_archive_file_kind_what"), "archive_file", ["kind", "what"])


def downgrade() -> None:
    if op.get_bind().execute(sa.text("SELECT 1 FROM archive_file LIMIT 1")).first():
        raise RuntimeError("evidence is in the archive, and without this table nobody finds it again")
    op.drop_table("archive_file")
