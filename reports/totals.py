"""Totals under the money columns of a sheet, by currency: a table below the rows, each sum under its own column."""

from collections.abc import Callable, Sequence

import pandas as pd

from recon import columns as c
from reports.report import Report
from reports.sheet import Block, Column, Kind, Rows

_EMPTY = "empty_"  # how the names of columns without a total begin


def totals(
    columns: Sequence[Column],
    rows: Rows,
    summed: Sequence[str],
    also_by: Sequence[str] = (),
    chosen: Callable[[pd.DataFrame], "pd.Series[bool]"] | None = None,
) -> Block:
    """The block of a sheet of these columns; `summed` names those that have a total, `also_by` what sets lines apart
    besides currencies, `chosen` the rows that count. Currencies are never added together."""
    last = max(at for at, column in enumerate(columns) if column.name in summed)
    currencies = [column.currency for column in columns if column.name in summed]
    keys = list(dict.fromkeys([*also_by, *currencies]))
    shown = columns[: last + 1]
    shown = (*shown, *(column for column in columns[last + 1 :] if column.name in keys))
    under = tuple(
        column
        if column.name in summed or column.name in keys
        else Column("", f"{_EMPTY}{at}", Kind.TEXT, column.width)
        for at, column in enumerate(shown)
    )

    def lines(report: Report) -> pd.DataFrame:
        frame = rows(report)
        frame = frame if chosen is None else frame[chosen(frame)]
        sums = frame.groupby(keys, sort=True)[list(summed)].sum().reset_index()
        blank = {column.name: pd.Series([None] * len(sums), dtype=c.TEXT) for column in under if not column.title}
        return sums.assign(**blank)

    return Block("Totals by currency", under, lines, "Nothing to add up.")
