"""A workbook as tests look at it."""

from pathlib import Path
from typing import IO
from unittest.mock import patch

from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.merge import MergedCellRange


def loaded(file: Path | IO[bytes], *, values: bool = False) -> Workbook:
    """As openpyxl loads it, but for the edges of merged cells: to draw these anew takes it half of the time.

    `values`: what formulas come to in place of them.
    """
    with patch.object(MergedCellRange, "format"):
        return load_workbook(file, data_only=values)
