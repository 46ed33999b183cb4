"""The first rows of a file that nobody has configured yet, in every way that it can be taken apart."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from recon.tabular.dialect import DELIMITERS, Dialect, lines_of
from recon.tabular.encodings import PARQUET, WORKBOOKS, decoded
from recon.tabular.files import SourceFile
from recon.tabular.workbooks import sheets

_ROWS = 400

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Sample:
    """`rows` are trimmed cells from the top; of a text file with one delimiter, of a workbook in one sheet."""

    rows: Rows
    delimiter: str = ""
    sheet: str = ""


def kind_of(content: bytes) -> str:
    """The kind of table by its first bytes: "excel", "parquet", else "csv"."""
    if content.startswith(WORKBOOKS):
        return "excel"
    return "parquet" if content.startswith(PARQUET) else "csv"


def samples(file: SourceFile, encoding: str | None, place: str) -> list[Sample]:
    """Of a text file or a workbook; raises SourceUnreadable, as `decoded` does."""
    if kind_of(file.content) == "excel":
        return [Sample(rows[:_ROWS], sheet=name) for name, rows in sheets(file).items() if any(map(any, rows))]
    lines = list(islice(lines_of(decoded(file, encoding, place)[0]), _ROWS))
    by_delimiter = [Sample(tuple(_records(lines, delimiter)), delimiter) for delimiter in DELIMITERS]
    several = [sample for sample in by_delimiter if max(map(len, sample.rows), default=0) > 1]
    return several or by_delimiter[:1]


def _records(lines: list[str], delimiter: str) -> Iterator[tuple[str, ...]]:
    try:
        for _, cells in Dialect(delimiter).records(lines):
            yield tuple(cell.strip() for cell in cells or ())
    except csv.Error:  # a cell longer than any
        return
