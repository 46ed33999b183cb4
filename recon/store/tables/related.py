"""What runs leave behind for the next ones' view: charges that nothing links."""

from sqlalchemy import Column, Index, Table, Text

from recon.store.tables import METADATA, Moment

# Charges that no pass linked, as the last run which looked at them left them, under every name that may be an
# order's; under none a successful one that names no order. Rows may outlive what made them: they say where to look.
LOOSE = Table(
    "loose_charge",
    METADATA,
    Column("account", Text(), primary_key=True),
    Column("charge_id", Text(), primary_key=True),
    Column("name", Text(), primary_key=True),
)
Index(None, LOOSE.c.name)

# Creation times that no run judged yet and whose charges stand in LOOSE under each of their names, all that had been
# stored by `named_at`; `rules` says by which settings a charge names an order.
NAMED = Table(
    "named_window",
    METADATA,
    Column("account", Text(), primary_key=True),
    Column("start_at", Moment(), primary_key=True),
    Column("end_at", Moment(), primary_key=True),
    Column("named_at", Moment(), nullable=False),
    Column("rules", Text(), nullable=False),
)
