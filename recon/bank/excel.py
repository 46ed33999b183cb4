"""Bank lines from Excel workbooks, old and new."""

from recon.bank.rows import needed_fields
from recon.bank.source import TableKind
from recon.tabular.keys import DIRECTION, WORKBOOK_KEYS
from recon.tabular.table import within_bounds
from recon.tabular.workbooks import sheet_table

KIND = TableKind(
    "excel",
    lambda file, source: within_bounds(sheet_table(file, source.layout, needed_fields(source))),
    (*WORKBOOK_KEYS, DIRECTION),
)
