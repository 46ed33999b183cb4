"""Orders from CSV files."""

from recon.orders.files import file_kind
from recon.orders.rows import needed_fields
from recon.orders.source import OrderSource
from recon.tabular.files import SourceFile
from recon.tabular.keys import TEXT_KEYS
from recon.tabular.table import Table
from recon.tabular.text_tables import text_table


def _table(file: SourceFile, source: OrderSource) -> Table:
    return text_table(file, source.layout, needed_fields(source))


KIND = file_kind("csv", _table, TEXT_KEYS)
