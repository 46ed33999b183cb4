"""The whole set of tables: what migrations are compared with; knows no engine and no row."""

from recon.store import (
    alert_tables,
    archive_tables,
    batch_tables,
    desk_tables,
    near_tables,
    night_tables,
    people_tables,
    tables,
    turn_tables,
)

METADATA = tables.METADATA
# Each module that declares tables.
PARTS = (
    tables, desk_tables, alert_tables, night_tables, people_tables, turn_tables, archive_tables, batch_tables,
    near_tables,
)  # fmt: skip
