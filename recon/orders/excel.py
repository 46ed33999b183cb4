"""Orders from Excel workbooks, old and new."""

from recon.orders.files import file_kind
from recon.orders.rows import needed_fields
from recon.orders.source import OrderSource
from recon.tabular.files import SourceFile
from recon.tabular.keys import WORKBOOK_KEYS
from recon.tabular.table import Table
from recon.tabular.workbooks import sheet_table


def _table(file: SourceFile, source: OrderSource) -> Table:
    return sheet_table(file, source.layout, needed_fields(source))


KIND = file_kind("excel", _table, WORKBOOK_KEYS)
