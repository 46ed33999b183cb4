"""The Legend sheet: what every code means and what to do about it; knows no other sheet."""

import pandas as pd

from recon import columns as c
from reports.sheet import Column, Kind, Report, Sheet


def _rows(report: Report) -> pd.DataFrame:
    entries = report.catalogue
    data = {
        c.CODE: [entry.code for entry in entries],
        c.SEVERITY: [entry.severity for entry in entries],
        c.SUBJECT_TYPE: [entry.subject for entry in entries],
        c.EXPLANATION: [entry.meaning for entry in entries],
        c.SUGGESTION: [entry.action for entry in entries],
    }
    return pd.DataFrame(data, dtype=c.TEXT)


SHEET = Sheet(
    order=130,
    name="Legend",
    columns=(
        Column("Code", c.CODE, Kind.TEXT, 29),
        Column("Severity", c.SEVERITY, Kind.SEVERITY, 10),
        Column("Subject", c.SUBJECT_TYPE, Kind.TEXT, 16),
        Column("What it means", c.EXPLANATION, Kind.WRAPPED, 64),
        Column("What to do", c.SUGGESTION, Kind.WRAPPED, 64),
    ),
    rows=_rows,
    empty="No rules.",
    printed=5,
)
