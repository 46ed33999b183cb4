"""The indexes of the questions asked; frozen once released."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

CREATED, SEEN, BOOKED = ["account", "created_at"], ["account", "seen_at"], ["account", "booked_on"]
WHOLE = {
    "bank_line": [BOOKED],
    "break": [["status", "account"]],
    "charge": [CREATED, SEEN],
    "dispute": [CREATED, SEEN],
    "event": [CREATED],
    "match": [["charge_id", "charge_account"]],
    "order": [CREATED, SEEN],
    "receipt": [CREATED],
    "refund": [CREATED, SEEN],
    "transaction": [CREATED, SEEN, ["origin"]],
    "transfer": [CREATED],
}
# What the primary key begins with, what nobody asks for, and what PostgreSQL took for an index of ids: it read all of
# an account for them.
DROPPED = {
    "bank_line": ["account", "booked_on", "line_id"],
    "break": ["account", "status"],
    "break_event": ["run_id"],
    "match": ["order_account", "order_id"],
    **{table: [*CREATED, f"{table}_id"] for table, lists in WHOLE.items() if CREATED in lists},
}
PARTS = {
    "ix_charge_paid_late": (
        "charge",
        ["account", "paid_at"],
        "superseded_at IS NULL AND paid_at - created_at > 259200000000",
    ),
    "ix_refund_pending": (
        "refund",
        ["account", "status", "refund_id"],
        "superseded_at IS NULL AND status = 'pending'",
    ),
    "ix_order_refund_requested": (
        "order",
        ["account", "status", "order_id"],
        "superseded_at IS NULL AND status = 'refund_requested'",
    ),
    "ix_order_charge_id": ("order", ["charge_id"], "charge_id IS NOT NULL"),
}
PENDING = "superseded_at IS NULL AND status = 'pending'"


def upgrade() -> None:
    for table, lists in WHOLE.items():
        for names in lists:
            op.create_index(op.f(_name(table, names)), table, names)
    for name, (table, names, where) in PARTS.items():
        _create(name, table, names, where)
    op.drop_index("ix_charge_pending", "charge")
    _create("ix_charge_pending", "charge", ["account", "status", "charge_id"], PENDING)
    for table, names in DROPPED.items():
        op.drop_index(_name(table, names), table)


def downgrade() -> None:
    for table, names in DROPPED.items():
        op.create_index(op.f(_name(table, names)), table, names)
    op.drop_index("ix_charge_pending", "charge")
    _create("ix_charge_pending", "charge", ["account", "charge_id"], PENDING)
    for name, (table, _, _) in PARTS.items():
        op.drop_index(name, table)
    for table, lists in WHOLE.items():
        for names in lists:
            op.drop_index(_name(table, names), table)


def _create(name: str, table: str, names: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, names, sqlite_where=condition, postgresql_where=condition)


def _name(table: str, names: list[str]) -> str:
    return f"ix_{table}_{'_'.join(names)}"
