"""What a run leaves behind so that the next one need not read the whole history; frozen once released."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "loose_charge",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("charge_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "charge_id", "name", name=op.f("pk_loose_charge")),
    )
    op.create_index(op.f("ix_loose_charge_name"), "loose_charge", ["name"])
    op.add_column("run_account", sa.Column("judged", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("run_account", "judged")
    op.drop_table("loose_charge")
