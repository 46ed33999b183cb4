"""Bank lines from CSV files."""

from recon.bank.rows import needed_fields
from recon.bank.source import TableKind
from recon.tabular.keys import DIRECTION, TEXT_KEYS
from recon.tabular.table import within_bounds
from recon.tabular.text_tables import text_table

KIND = TableKind(
    "csv",
    lambda file, source: within_bounds(text_table(file, source.layout, needed_fields(source))),
    (*TEXT_KEYS, DIRECTION),
)
