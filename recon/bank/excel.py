"""Bank lines from Excel workbooks, old and new."""

from recon.bank.rows import needed_fields
from recon.bank.source import BankSource, TableKind
from recon.tabular.files import SourceFile
from recon.tabular.keys import DIRECTION, WORKBOOK_KEYS
from recon.tabular.table import Table, within_bounds
from recon.tabular.workbooks import sheet_table


def _table(file: SourceFile, source: BankSource) -> Table:
    return within_bounds(sheet_table(file, source.layout, needed_fields(source)))


KIND = TableKind("excel", _table, (*WORKBOOK_KEYS, DIRECTION))
