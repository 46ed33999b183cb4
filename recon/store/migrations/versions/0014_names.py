"""Which creation times have been read for names, so that they are read once; frozen once released."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "named_window",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("start_at", sa.BigInteger(), nullable=False),
        sa.Column("end_at", sa.BigInteger(), nullable=False),
        sa.Column("named_at", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "start_at", "end_at", name=op.f("pk_named_window")),
    )


def downgrade() -> None:
    op.drop_table("named_window")
