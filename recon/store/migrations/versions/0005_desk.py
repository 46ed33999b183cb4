"""Rulings, opening items, the audit log, workbooks and sign-offs; frozen once released."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
COUNTED = {"sqlite_autoincrement": True}


def upgrade() -> None:
    op.add_column("run", sa.Column("audit_head", sa.Text()))
    op.add_column("break", sa.Column("version", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("break", sa.Column("ruling_id", sa.BigInteger()))
    for name in ("ruling_kind", "ruled_by", "reason"):
        op.add_column("break", sa.Column(name, sa.Text()))
    op.add_column("break", sa.Column("until", sa.Date()))
    op.add_column("break", sa.Column("facts", sa.Text()))
    _rulings()
    _opening_items()
    _audit()
    _workbooks()
    _sign_offs()


def downgrade() -> None:
    for name in ("sign_off", "workbook", "audit", "opening_item", "ruling"):
        op.drop_table(name)
    # One by one: a copied table could not be dropped on SQLite, since rows of others name its own.
    for name in ("facts", "until", "reason", "ruled_by", "ruling_kind", "ruling_id", "version"):
        op.drop_column("break", name)
    op.drop_column("run", "audit_head")


def _text(*names: str) -> list[Any]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _maybe(*names: str) -> list[Any]:
    return [sa.Column(name, sa.Text()) for name in names]


def _rulings() -> None:
    op.create_table(
        "ruling",
        sa.Column("id", SERIAL, nullable=False),
        *_maybe("break_id"),
        *_text("kind", "who"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *_text("reason"),
        sa.Column("until", sa.Date()),
        *_maybe("owner", "account", "code", "pattern", "order_account", "order_id", "charge_account", "charge_id"),
        sa.Column("amount", sa.BigInteger()),
        *_maybe("currency", "facts"),
        *_text("before", "standing"),
        *_maybe("approved_by"),
        sa.Column("approved_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        *_maybe("ended_by", "ended_why", "key"),
        sa.ForeignKeyConstraint(["break_id"], ["break.id"], name=op.f("fk_ruling_break_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ruling")),
        sa.UniqueConstraint("key", name=op.f("uq_ruling_key")),
        **COUNTED,
    )
    op.create_index(op.f("ix_ruling_break_id"), "ruling", ["break_id"])
    op.create_index(op.f("ix_ruling_kind_standing"), "ruling", ["kind", "standing"])


def _opening_items() -> None:
    op.create_table(
        "opening_item",
        *_text("account", "kind", "item_id"),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        *_text("currency", "note", "who"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *_text("file"),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "kind", "item_id", name=op.f("pk_opening_item")),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", SERIAL, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *_text("who", "what", "subject", "detail"),
        sa.Column("sealed", sa.BigInteger(), nullable=False),
        *_text("sealed_digest", "previous", "hash"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_hash")),
        **COUNTED,
    )


def _workbooks() -> None:
    op.create_table(
        "workbook",
        *_text("sha256", "name", "account"),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("run_id", sa.BigInteger()),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        *_text("result_digest"),
        *_maybe("audit_head"),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary()),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_workbook_run_id")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_workbook")),
    )
    op.create_index(op.f("ix_workbook_account_first_day_last_day"), "workbook", ["account", "first_day", "last_day"])


def _sign_offs() -> None:
    op.create_table(
        "sign_off",
        sa.Column("id", SERIAL, nullable=False),
        *_text("account"),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        *_text("result_digest", "sha256", "role", "who"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        *_maybe("ended_by", "ended_why"),
        sa.ForeignKeyConstraint(["sha256"], ["workbook.sha256"], name=op.f("fk_sign_off_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_off")),
        **COUNTED,
    )
    op.create_index(op.f("ix_sign_off_account_first_day_last_day"), "sign_off", ["account", "first_day", "last_day"])
