"""What each run left open; frozen once released."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "run_break",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("break_id", sa.Text(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("expected", sa.BigInteger()),
        sa.Column("actual", sa.BigInteger()),
        sa.Column("amount_at_risk", sa.BigInteger()),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_break_run_id")),
        sa.ForeignKeyConstraint(["break_id"], ["break.id"], name=op.f("fk_run_break_break_id")),
        sa.PrimaryKeyConstraint("run_id", "account", "break_id", name=op.f("pk_run_break")),
    )


def downgrade() -> None:
    op.drop_table("run_break")
