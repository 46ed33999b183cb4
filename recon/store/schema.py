"""The whole set of tables: what migrations are compared with; knows no engine and no row."""

from recon.store import alert_tables, desk_tables, night_tables, people_tables, tables

METADATA = tables.METADATA
PARTS = (tables, desk_tables, alert_tables, night_tables, people_tables)  # each module that declares tables
