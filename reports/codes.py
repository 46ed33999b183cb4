"""Says which open breaks speak of the things that a sheet lists."""

import pandas as pd

from recon import columns as c
from recon.result.changes import open_breaks

BREAK_CODES = "break_codes"  # a sheet's own column: the codes of the open breaks that name the row's subject


def codes_of(breaks: pd.DataFrame, names: str, ids: "pd.Series[str]") -> "pd.Series[str]":
    """Per id the codes of the open breaks that name it in their column `names`, in alphabetical order; else null."""
    found: dict[str, set[str]] = {}
    rows = open_breaks(breaks)[[names, c.CODE]].dropna()
    for id_, code in rows.itertuples(index=False, name=None):
        found.setdefault(id_, set()).add(code)
    said = [", ".join(sorted(found[one])) if one in found else None for one in ids]
    return pd.Series(said, index=ids.index, dtype=c.TEXT)
