"""What a workbook is known by: the digest of its result; knows neither cells nor files."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

import pandas as pd

from recon import columns as c
from recon.model import Result

# What another run of the same range changes without anything being different.
_CLOCKS = [c.LAST_SEEN]


def result_digest(result: Result) -> str:
    """SHA-256 (hex) of what a result says: range, totals, proofs, inputs, every cell of its frames in row order.

    The as-of moment counts by its day in the account's zone only; the run's number, timings and what is new since
    the run before do not count.
    """
    account = result.account
    said = {
        "account": [account.name, account.region, account.currency, str(account.zone)],
        "range": [result.first_day.isoformat(), result.last_day.isoformat()],
        "as_of": result.as_of.astimezone(account.zone).date().isoformat(),
        "counts": [
            result.orders, result.charges, result.refunds, result.transfers, result.transactions,
            result.matched_orders, result.expecting_orders, result.rejected_rows, result.ignored_rows,
        ],
        "notes": sorted(result.notes.items()),
        "currencies": sorted(list(asdict(total).values()) for total in result.currencies),
        "proofs": [list(asdict(proof).values()) for proof in result.proofs],
        "inputs": sorted(list(asdict(file).values()) for file in result.inputs),
        "complete": result.complete,
    }  # fmt: skip
    digest = hashlib.sha256(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode())
    for name, frame in (("matched", result.matched), ("breaks", result.breaks), ("rejected", result.rejected)):
        digest.update(f"\n{name} {len(frame)}\n".encode())
        for column in frame.columns.difference(_CLOCKS, sort=False) if len(frame) else ():
            digest.update(f"{column}\n".encode())
            _add(digest, frame[column])
    return digest.hexdigest()


def _add(digest: "hashlib._Hash", series: "pd.Series[Any]") -> None:
    """Every value of a column, without ambiguity: texts by their lengths and joined, the rest as int64."""
    missing = series.isna()
    digest.update(missing.to_numpy().tobytes())
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        numbers = series.dt.as_unit("us").astype("int64")
    elif isinstance(series.dtype, pd.StringDtype):
        text = series.fillna("")
        numbers = text.str.len().astype("int64")
        digest.update("".join(text.tolist()).encode())
    else:
        numbers = series.fillna(0).astype("int64")
    digest.update(numbers.where(~missing, 0).to_numpy().astype("<i8").tobytes())
