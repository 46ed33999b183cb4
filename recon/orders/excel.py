"""Orders from Excel workbooks (the first sheet): cells to columns of exact text."""

import io

import numpy as np
from python_calamine import CalamineError, load_workbook

from recon.orders.files import file_kind
from recon.orders.source import OrderSource, SourceUnreadable
from recon.tabular.files import SourceFile
from recon.tabular.table import Table, column_of, doubts_of, numbers_of, text_of


def _table(file: SourceFile, _source: OrderSource) -> Table:
    """The first sheet, its first row as header. What a formula shows is read where the file holds it."""
    try:
        sheet = load_workbook(io.BytesIO(file.content)).get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False)
    except CalamineError as error:
        raise SourceUnreadable(f"{file.name} is no workbook that can be read ({error}): save it as .xlsx") from error
    header = tuple(text_of(cell).strip() for cell in rows[0]) if rows else ()
    if not any(header):
        raise SourceUnreadable(f"{file.name} is empty: the first row of its first sheet must name the columns")
    columns = list(zip(*rows[1:], strict=True)) or [()] * len(header)
    return Table(
        file.name,
        file.sha256,
        header,
        tuple(column_of(column) for column in columns),
        np.arange(2, len(rows) + 1),
        doubts=doubts_of(columns),
        numbers=numbers_of(columns),
    )


KIND = file_kind("excel", _table)
