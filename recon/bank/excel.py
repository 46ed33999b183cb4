"""Bank lines from Excel workbooks, old and new."""

from recon.bank.rows import needed_fields, parsed
from recon.bank.source import BankKind, BankSource, Parsed
from recon.money import Currencies
from recon.tabular.files import SourceFile
from recon.tabular.keys import DIRECTION, WORKBOOK_KEYS
from recon.tabular.table import Table, within_bounds
from recon.tabular.workbooks import sheet_table


def _table(file: SourceFile, source: BankSource) -> Table:
    return within_bounds(sheet_table(file, source.layout, needed_fields(source)))


def _read(file: SourceFile, source: BankSource, currencies: Currencies) -> Parsed:
    return parsed(_table(file, source), source, currencies)


KIND = BankKind("excel", _read, (*WORKBOOK_KEYS, DIRECTION), table=_table)
