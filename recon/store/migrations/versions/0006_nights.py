"""Attempts at runs, extra jobs, and what people were told; frozen once released."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _attempts()
    _job_runs()
    _alerts()


def downgrade() -> None:
    for name in ("alert_delivery", "alert_claim", "alert", "job_run", "attempt"):
        op.drop_table(name)


def _attempts() -> None:
    op.create_table(
        "attempt",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("pulled", sa.Boolean(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("beat_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("ending", sa.Text()),
        sa.Column("words", sa.Text()),
        sa.Column("run_id", sa.BigInteger()),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_attempt_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sqlite_autoincrement=True,
    )
    running = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_attempt_running", "attempt", ["account"], unique=True, sqlite_where=running, postgresql_where=running
    )
    op.create_index(op.f("ix_attempt_account_last_day"), "attempt", ["account", "last_day"])


def _job_runs() -> None:
    op.create_table(
        "job_run",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hour", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("exit_code", sa.Integer()),
        sa.PrimaryKeyConstraint("name", "hour", name=op.f("pk_job_run")),
    )


def _alerts() -> None:
    op.create_table(
        "alert",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_alert_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "alert_claim",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("break_id", sa.Text()),
        sa.Column("severity", sa.Integer()),
        sa.Column("amount_at_risk", sa.BigInteger()),
        sa.Column("first_day", sa.Date()),
        sa.Column("last_day", sa.Date()),
        sa.Column("cleared_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_alert_claim_alert_id")),
        sa.ForeignKeyConstraint(["break_id"], ["break.id"], name=op.f("fk_alert_claim_break_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_alert_claim")),
    )
    op.create_index(op.f("ix_alert_claim_alert_id"), "alert_claim", ["alert_id"])
    op.create_index(op.f("ix_alert_claim_break_id"), "alert_claim", ["break_id"])
    op.create_index(op.f("ix_alert_claim_account_cleared_at"), "alert_claim", ["account", "cleared_at"])
    op.create_table(
        "alert_delivery",
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger()),
        sa.Column("last_error", sa.Text()),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_alert_delivery_alert_id")),
        sa.PrimaryKeyConstraint("alert_id", "channel", name=op.f("pk_alert_delivery")),
    )
    op.create_index(op.f("ix_alert_delivery_status_next_try_at"), "alert_delivery", ["status", "next_try_at"])
