"""Orders from Excel workbooks, old and new."""

from recon.orders.files import file_kind
from recon.orders.rows import needed_fields
from recon.tabular.keys import WORKBOOK_KEYS
from recon.tabular.workbooks import sheet_table

KIND = file_kind("excel", lambda file, source: sheet_table(file, source.layout, needed_fields(source)), WORKBOOK_KEYS)
