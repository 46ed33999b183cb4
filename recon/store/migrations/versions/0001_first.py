"""The first tables; frozen once released."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# name type[?], …: "?" may be null; bigint holds minor units, or microseconds since the epoch (UTC).
TABLES = {
    "account": """
        name text, omise_id text, country text, currency text, livemode boolean, first_seen_at bigint
    """,
    "balance": """
        account text, read_at bigint, currency text, total bigint, transferable bigint, reserve bigint,
        on_hold bigint?
    """,
    "break": """
        id text, code text, severity integer, account text?, subject_type text, subject_id text,
        explanation text, suggestion text, currency text?, expected bigint?, actual bigint?,
        amount_at_risk bigint?, due_by bigint?, order_id text?, charge_id text?, refund_id text?,
        transfer_id text?, transaction_id text?, dispute_id text?, status text, first_seen bigint,
        last_seen bigint, owner text?
    """,
    "charge": """
        account text, charge_id text, status text, amount bigint, currency text, captured_amount bigint?,
        funding_amount bigint, funding_currency text, fee bigint, fee_vat bigint, interest bigint,
        interest_vat bigint, net bigint, fee_flat text?, fee_rate text?, vat_rate text?, refunded_amount bigint,
        method text?, card_brand text?, capture boolean, authorized boolean, paid boolean, reversed boolean,
        voided boolean, created_at bigint, authorized_at bigint?, paid_at bigint?, expires_at bigint?,
        reversed_at bigint?, transaction_id text?, dispute_id text?, link text?, schedule text?,
        failure_code text?, description text?, metadata text?, livemode boolean, seen_at bigint,
        first_seen_at bigint, superseded_at bigint?, digest bytes, raw bytes
    """,
    "dispute": """
        account text, dispute_id text, charge_id text, status text, amount bigint, currency text,
        funding_amount bigint, funding_currency text, reason_code text?, created_at bigint, closed_at bigint?,
        livemode boolean, seen_at bigint, first_seen_at bigint, superseded_at bigint?, digest bytes, raw bytes
    """,
    "event": """
        account text, event_id text, key text, object_id text?, created_at bigint, livemode boolean,
        seen_at bigint, first_seen_at bigint, superseded_at bigint?, digest bytes, raw bytes
    """,
    "match": """
        order_account text, order_id text, charge_account text, charge_id text, matched_by text
    """,
    "order": """
        account text, order_id text, source text, status text, amount bigint, currency text, created_at bigint,
        refunded_amount bigint, payment_method text?, charge_id text?, customer text?, file text,
        file_hash text, row bigint, seen_at bigint, first_seen_at bigint, superseded_at bigint?, digest bytes
    """,
    "pull_window": """
        account text, kind text, start_at bigint, end_at bigint, total bigint, stored bigint, pulled_at bigint,
        complete boolean
    """,
    "receipt": """
        account text, receipt_id text, currency text, vat bigint, wht bigint, total bigint,
        transaction_id text?, issued_on text?, created_at bigint, livemode boolean, seen_at bigint,
        first_seen_at bigint, superseded_at bigint?, digest bytes, raw bytes
    """,
    "refund": """
        account text, refund_id text, charge_id text, status text, amount bigint, currency text,
        funding_amount bigint, funding_currency text, voided boolean, transaction_id text?, created_at bigint,
        livemode boolean, seen_at bigint, first_seen_at bigint, superseded_at bigint?, digest bytes, raw bytes
    """,
    "rejected_row": """
        account text?, source text, file text, row bigint, column text?, reason text, digest text,
        seen_at bigint, superseded_at bigint?
    """,
    "run": """
        id serial, started_at bigint, recorded_at bigint, as_of bigint, who text, command text, options text,
        software text, config_digest text, status text, timings text
    """,
    "transaction": """
        account text, transaction_id text, amount bigint, currency text, direction text, key text, origin text?,
        created_at bigint, transferable_at bigint?, livemode boolean, seen_at bigint, first_seen_at bigint,
        superseded_at bigint?, digest bytes, raw bytes
    """,
    "transfer": """
        account text, transfer_id text, amount bigint, currency text, fee bigint, fee_vat bigint,
        total_fee bigint, net bigint, sendable boolean, sent boolean, paid boolean, deleted boolean,
        created_at bigint, sent_at bigint?, paid_at bigint?, failure_code text?, transaction_id text?,
        schedule text?, livemode boolean, seen_at bigint, first_seen_at bigint, superseded_at bigint?,
        digest bytes, raw bytes
    """,
    "break_event": """
        seq serial, break_id text, run_id bigint?, at bigint, recorded_at bigint, who text, what text,
        detail text
    """,
    "run_account": """
        run_id bigint, account text, first_day date, last_day date, counts text, result_digest text
    """,
}
TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "text": sa.Text(),
    "bigint": sa.BigInteger(),
    "integer": sa.Integer(),
    "boolean": sa.Boolean(),
    "bytes": sa.LargeBinary(),
    "date": sa.Date(),
    "serial": sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
}
KEYS = {
    "account": ["name"],
    "balance": ["account", "read_at"],
    "break": ["id"],
    "break_event": ["seq"],
    "match": ["charge_account", "charge_id"],
    "pull_window": ["account", "kind", "start_at", "end_at"],
    "rejected_row": ["source", "digest", "seen_at"],
    "run": ["id"],
    "run_account": ["run_id", "account"],
}
REFERENCES = {"break_event": {"break_id": "break.id", "run_id": "run.id"}, "run_account": {"run_id": "run.id"}}
VERSIONED = ("charge", "dispute", "event", "order", "receipt", "refund", "transaction", "transfer")
INDEXES = {
    "break": [["account", "status"]],
    "break_event": [["break_id"], ["run_id"]],
    "match": [["order_account", "order_id"]],
    "run_account": [["account", "run_id"]],
}


def upgrade() -> None:
    for table in TABLES:
        _create(table)
    for table in VERSIONED:
        key, current = f"{table}_id", sa.text("superseded_at IS NULL")
        _index(f"uq_{table}_current", table, [key, "account"], current, unique=True)
        _index(f"ix_{table}_account_created_at_{key}", table, ["account", "created_at", key])
    pending = sa.text("superseded_at IS NULL AND status = 'pending'")
    _index("ix_charge_pending", "charge", ["account", "charge_id"], pending)
    for table, lists in INDEXES.items():
        for names in lists:
            _index(f"ix_{table}_{'_'.join(names)}", table, names)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _create(table: str) -> None:
    parts: list[sa.schema.SchemaItem] = []
    for declaration in TABLES[table].split(","):
        name, kind = declaration.split()
        parts.append(sa.Column(name, TYPES[kind.rstrip("?")], nullable=kind.endswith("?")))
    keys = KEYS.get(table, ["account", f"{table}_id", "seen_at"])
    parts.append(sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{table}")))
    for name, other in REFERENCES.get(table, {}).items():
        parts.append(sa.ForeignKeyConstraint([name], [other], name=op.f(f"fk_{table}_{name}")))
    op.create_table(table, *parts, sqlite_autoincrement=keys in (["id"], ["seq"]) and table != "break")


def _index(name: str, table: str, names: list[str], where: sa.TextClause | None = None, unique: bool = False) -> None:
    op.create_index(op.f(name), table, names, unique=unique, sqlite_where=where, postgresql_where=where)
