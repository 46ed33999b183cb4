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
    codes = codes_by_id(breaks, id_column) if len(ids) else {}
    return pd.Series([codes.get(id_) for id_ in ids], index=ids.index, dtype=c.TEXT)


def codes_by_id(breaks: pd.DataFrame, id_column: str) -> dict[str, str]:
    """The same of every id that an open break names there."""
    codes: dict[str, set[str]] = {}
    still_open = open_breaks(breaks)
    for id_, code in zip(still_open[id_column].tolist(), still_open[c.CODE].tolist(), strict=True):
        if isinstance(id_, str):
            codes.setdefault(id_, set()).add(code)
    return {id_: ", ".join(sorted(of_id)) for id_, of_id in codes.items()}
