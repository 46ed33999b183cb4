"""Sheets of Excel workbooks, old and new, as tables: cells to columns of exact text."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, load_workbook

from recon.columnar import np
from recon.tabular.files import SourceFile
from recon.tabular.header_row import SEARCHED, anchors, checked_row, header_at, numbered
from recon.tabular.layout import NO_HEADER, Layout
from recon.tabular.table import SourceUnreadable, Table, column_of, doubts_of, numbers_of, text_of
from recon.tabular.xlsx_guard import Refused
from recon.tabular.xlsx_size import check_workbook


def sheet_table(file: SourceFile, layout: Layout, needed: Sequence[str]) -> Table:
    """The layout's sheet, or the first; what a formula shows is read where the file holds it.

    `needed` are the fields of ours that its header has. Raises SourceUnreadable.
    """
    with _opened(file) as workbook:
        rows = _sheet(file, workbook, layout).to_python(skip_empty_area=False)
    top = [tuple(text_of(cell).strip() for cell in row) for row in rows[: max(SEARCHED, layout.header_row or 0)]]
    if not any(any(cells) for cells in top):
        sheet = f'sheet "{layout.sheet}"' if layout.sheet else "first sheet"
        raise SourceUnreadable(f"{file.name} is empty: a row of its {sheet} must name the columns")
    if layout.header_row == NO_HEADER:
        header = numbered(max(map(len, rows)))
        first = 0
    else:
        place = checked_row(layout, len(rows), file.name)
        at = header_at(top, anchors(layout, needed))[0] if place is None else place
        header = top[at]
        first = at + 1
    columns = list(zip(*rows[first:], strict=True)) or [()] * len(header)
    return Table(
        file.name,
        file.sha256,
        header,
        tuple(column_of(column) for column in columns),
        np.arange(first + 1, len(rows) + 1),
        doubts=doubts_of(columns),
        numbers=numbers_of(columns),
        header_row=first or None,
    )


def sheets(file: SourceFile) -> dict[str, tuple[tuple[str, ...], ...]]:
    """The trimmed texts of every sheet by its name. Raises SourceUnreadable."""
    with _opened(file) as workbook:
        return {
            name: tuple(
                tuple(text_of(cell).strip() for cell in row)
                for row in workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
            )
            for name in workbook.sheet_names
        }


@contextmanager
def _opened(file: SourceFile) -> Iterator[CalamineWorkbook]:
    try:
        check_workbook(file.content)
        yield load_workbook(io.BytesIO(file.content))
    except Refused as error:
        raise SourceUnreadable(f"{file.name} is no workbook that can be read: {error}") from error
    except CalamineError as error:
        raise SourceUnreadable(f"{file.name} is no workbook that can be read ({error}): save it as .xlsx") from error


def _sheet(file: SourceFile, workbook: CalamineWorkbook, layout: Layout) -> CalamineSheet:
    if not layout.sheet:
        return workbook.get_sheet_by_index(0)
    if layout.sheet not in workbook.sheet_names:
        names = ", ".join(f'"{name}"' for name in workbook.sheet_names)
        raise SourceUnreadable(
            f'{file.name} has no sheet "{layout.sheet}", which [{layout.place}] names; it has {names}'
        )
    return workbook.get_sheet_by_name(layout.sheet)
