"""The batches of work."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "batch",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("accounts", sa.Text(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("words", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        sqlite_autoincrement=True,
    )
    going_on = sa.text("ended_at IS NULL")
    op.create_index("uq_batch_open", "batch", ["name"], unique=True, sqlite_where=going_on, postgresql_where=going_on)
    op.create_table(
        "batch_step",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account", sa.Text()),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.BigInteger()),
        sa.Column("host", sa.Text()),
        sa.Column("done_at", sa.BigInteger()),
        sa.Column("complete", sa.Boolean()),
        sa.Column("run_id", sa.BigInteger()),
        sa.Column("outcome", sa.Text()),
        sa.Column("parcel", sa.LargeBinary()),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_batch_step_batch_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_batch_step_run_id")),
        sa.PrimaryKeyConstraint("batch_id", "key", name=op.f("pk_batch_step")),
    )


def downgrade() -> None:
    op.drop_table("batch_step")
    op.drop_table("batch")
