"""Which open breaks speak of the things that a sheet lists."""

from __future__ import annotations

from recon import columns as c
from recon.columnar import pd
from recon.result.changes import open_breaks

BREAK_CODES = "break_codes"  # a sheet's own column: the codes of the open breaks that name the row's subject
# By the type of a break's subject the column that has its id.
ID_COLUMNS = {
    "order": c.ORDER_ID,
    "charge": c.CHARGE_ID,
    "refund": c.REFUND_ID,
    "transfer": c.TRANSFER_ID,
    "dispute": c.DISPUTE_ID,
}


def codes_of(breaks: pd.DataFrame, id_column: str, ids: pd.Series[str]) -> pd.Series[str]:
    """Per id the codes of the open breaks that name it in `id_column`, in alphabetical order; else null."""
    codes: dict[str, set[str]] = {}
    for id_, code in open_breaks(breaks)[[id_column, c.CODE]].dropna().itertuples(index=False, name=None):
        codes.setdefault(id_, set()).add(code)
    joined = [", ".join(sorted(codes[id_])) if id_ in codes else None for id_ in ids]
    return pd.Series(joined, index=ids.index, dtype=c.TEXT)
