"""What the bank said; frozen once released."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "bank_line",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("line_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("booked_on", sa.Text(), nullable=False),
        sa.Column("value_on", sa.Text()),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("reference", sa.Text()),
        sa.Column("payout", sa.Boolean(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("file_hash", sa.Text(), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("superseded_at", sa.BigInteger()),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account", "line_id", "seen_at", name=op.f("pk_bank_line")),
    )
    current = sa.text("superseded_at IS NULL")
    op.create_index(
        op.f("uq_bank_line_current"),
        "bank_line",
        ["line_id", "account"],
        unique=True,
        sqlite_where=current,
        postgresql_where=current,
    )
    op.create_index(op.f("ix_bank_line_account_booked_on_line_id"), "bank_line", ["account", "booked_on", "line_id"])


def downgrade() -> None:
    op.drop_table("bank_line")
