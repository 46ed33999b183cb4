"""A charge may pay several orders: a link is known by both of its sides; frozen once released."""

from alembic import op

revision = "0004"
down_revision = "0003"

ONE_ORDER = ["charge_account", "charge_id"]
BOTH_SIDES = ["order_account", "order_id", *ONE_ORDER]


def upgrade() -> None:
    _key(BOTH_SIDES)


def downgrade() -> None:
    _key(ONE_ORDER)


def _key(columns: list[str]) -> None:
    with op.batch_alter_table("match") as table:
        table.drop_constraint(op.f("pk_match"), type_="primary")
        table.create_primary_key(op.f("pk_match"), columns)
