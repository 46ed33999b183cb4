"""Fees and VAT by month, method and brand, beside Omise's receipts: the lines of a VAT return; judges nothing."""

from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from recon import columns as c
from recon import ledger_columns as lc
from recon.fees import by_own_rates
from recon.model import Account, Books, ChargeStatus, Window

Mask = npt.NDArray[np.bool_]
_MONEY = (lc.GROSS, c.FEE, c.FEE_VAT, c.INTEREST, c.NET)


def fee_lines(books: Books, account: Account, window: Window) -> pd.DataFrame:
    """Charges paid, transfers sent and receipts made in the window (shaped FEE_LINES), by month and kind.

    `expected_*` are recomputed from the rates on the charges. Interest includes its VAT; `wht` is the withholding
    tax on a receipt, whose fee is what stands before VAT.
    """
    parts = (_charges(books, account, window), _transfers(books, account, window), _receipts(books, account, window))
    full = [part for part in parts if len(part)]
    if not full:
        return lc.FEE_LINES.empty()
    keys = [lc.MONTH, lc.KIND, c.METHOD, c.CARD_BRAND, c.CURRENCY]
    found = pd.concat(full, ignore_index=True)
    known = [lc.EXPECTED_FEE, lc.EXPECTED_VAT, c.WHT]
    sums = found.groupby(keys, dropna=False, sort=True)
    total = sums[[*_MONEY, lc.ROWS]].sum()
    total[known] = sums[known].sum(min_count=1)
    lines = total.reset_index().assign(**{c.ACCOUNT: account.name})
    return lc.FEE_LINES.check(lines.astype({one.name: one.dtype for one in lc.FEE_LINES.columns})[lc.FEE_LINES.names])


def _charges(books: Books, account: Account, window: Window) -> pd.DataFrame:
    charges = books.charges
    successful = (charges[c.STATUS] == ChargeStatus.SUCCESSFUL).to_numpy(dtype=bool)
    paid = charges[c.PAID_AT].fillna(charges[c.CREATED_AT])
    rows = charges[_ours(charges, account) & successful & _within(paid, window)].reset_index(drop=True)
    proved = by_own_rates(rows)
    return _lines(rows, "charge", _month(rows[c.PAID_AT].fillna(rows[c.CREATED_AT]), account.zone), {
        c.METHOD: rows[c.METHOD], c.CARD_BRAND: rows[c.CARD_BRAND], c.CURRENCY: rows[c.FUNDING_CURRENCY],
        lc.GROSS: rows[c.FUNDING_AMOUNT], c.FEE: rows[c.FEE], c.FEE_VAT: rows[c.FEE_VAT],
        c.INTEREST: rows[c.INTEREST] + rows[c.INTEREST_VAT], c.NET: rows[c.NET],
        lc.EXPECTED_FEE: _known(proved.fee, proved.has_fee), lc.EXPECTED_VAT: _known(proved.vat, proved.has_vat),
    })  # fmt: skip


def _transfers(books: Books, account: Account, window: Window) -> pd.DataFrame:
    transfers = books.transfers
    sent = transfers[c.SENT_AT]
    mine = _ours(transfers, account) & _within(sent, window) & transfers[c.FAILURE_CODE].isna().to_numpy(dtype=bool)
    rows = transfers[mine].reset_index(drop=True)
    return _lines(rows, "transfer", _month(rows[c.SENT_AT], account.zone), {
        c.CURRENCY: rows[c.CURRENCY], lc.GROSS: rows[c.AMOUNT], c.FEE: rows[c.FEE], c.FEE_VAT: rows[c.FEE_VAT],
        c.NET: rows[c.NET],
    })  # fmt: skip


def _receipts(books: Books, account: Account, window: Window) -> pd.DataFrame:
    receipts = books.receipts
    if not len(receipts):
        return receipts
    mine = _ours(receipts, account) & _within(receipts[c.CREATED_AT], window)
    rows = receipts[mine].reset_index(drop=True)
    return _lines(rows, "receipt", _month(rows[c.CREATED_AT], account.zone), {
        c.CURRENCY: rows[c.CURRENCY], c.FEE: rows[c.TOTAL] - rows[c.VAT], c.FEE_VAT: rows[c.VAT],
        c.WHT: rows[c.WHT].astype(pd.Int64Dtype()),
    })  # fmt: skip


def _lines(
    rows: pd.DataFrame, kind: str, months: "pd.Series[str]", given: dict[str, "pd.Series[int] | pd.Series[str]"]
) -> pd.DataFrame:
    """One line per row, all columns of FEE_LINES but the account."""
    empty = {
        **{name: pd.Series([None] * len(rows), dtype=c.TEXT) for name in (c.METHOD, c.CARD_BRAND)},
        **{name: pd.Series(np.zeros(len(rows)), dtype=c.MINOR) for name in _MONEY},
        **{
            name: pd.Series([pd.NA] * len(rows), dtype=c.OPTIONAL_MINOR)
            for name in (lc.EXPECTED_FEE, lc.EXPECTED_VAT, c.WHT)
        },
    }
    kinds = pd.Series([kind] * len(rows), dtype=c.TEXT)
    ones = pd.Series(np.ones(len(rows)), dtype=c.COUNT)
    return pd.DataFrame({lc.MONTH: months, lc.KIND: kinds, lc.ROWS: ones, **empty, **given})


def _known(values: npt.NDArray[np.int64], known: Mask) -> "pd.Series[int]":
    return pd.Series(values, dtype=c.OPTIONAL_MINOR).where(pd.Series(known, dtype=bool))


def _month(moments: "pd.Series[pd.Timestamp]", zone: ZoneInfo) -> "pd.Series[str]":
    return pd.Series(moments.dt.tz_convert(zone).dt.strftime("%Y-%m"), dtype=c.TEXT)


def _ours(frame: pd.DataFrame, account: Account) -> Mask:
    return (frame[c.ACCOUNT] == account.name).to_numpy(dtype=bool)


def _within(moments: "pd.Series[pd.Timestamp]", window: Window) -> Mask:
    return ((moments >= window.start) & (moments < window.end)).to_numpy(dtype=bool)
