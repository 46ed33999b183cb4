"""The whole set of tables: what migrations are compared with; knows no engine and no row."""

from recon.store import desk_tables, tables

METADATA = tables.METADATA
PARTS = (tables, desk_tables)  # each module that declares tables
