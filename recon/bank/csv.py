"""Bank lines from CSV files."""

from recon.bank.rows import needed_fields
from recon.bank.source import BankSource, TableKind
from recon.tabular.files import SourceFile
from recon.tabular.keys import DIRECTION, TEXT_KEYS
from recon.tabular.table import Table, within_bounds
from recon.tabular.text_tables import text_table


def _table(file: SourceFile, source: BankSource) -> Table:
    return within_bounds(text_table(file, source.layout, needed_fields(source)))


KIND = TableKind("csv", _table, (*TEXT_KEYS, DIRECTION))
