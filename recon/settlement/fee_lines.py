"""Fees and VAT by month, method and brand, beside Omise's receipts: the lines of a VAT return; judges nothing."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from recon import columns as c
from recon.arrays import Ints, Mask
from recon.columnar import np, npt, pd
from recon.model import Account, Books, Window
from recon.settlement.fees import by_own_rates
from recon.settlement.receipts import issued_on

_KEYS = [c.MONTH, c.METHOD, c.CARD_BRAND, c.CURRENCY]
_MONEY = [c.GROSS, c.FEE, c.FEE_VAT, c.INTEREST, c.INTEREST_VAT, c.NET]
_OF_CHARGE = [
    c.METHOD,
    c.CARD_BRAND,
    c.FUNDING_AMOUNT,
    c.FUNDING_CURRENCY,
    c.FEE,
    c.FEE_VAT,
    c.INTEREST,
    c.INTEREST_VAT,
    c.NET,
    c.FEE_RATE,
    c.FEE_FLAT,
    c.VAT_RATE,
    c.PAID_AT,
    c.CREATED_AT,
]
_MAYBE = [c.EXPECTED_FEE, c.EXPECTED_VAT, c.WHT]


def fee_lines(books: Books, account: Account, window: Window, days: tuple[date, date]) -> pd.DataFrame:
    """Charges paid and transfers sent in the window, receipts issued on its days (FEE_LINES), by month and kind.

    `expected_*` are recomputed from the rates on the charges. `wht` is the withholding tax on a receipt, whose fee is
    what stands before VAT.
    """
    parts = (_charges(books, account, window), _transfers(books, account, window), _receipts(books, account, days))
    full = [part for part in parts if len(part)]
    if not full:
        return c.FEE_LINES.empty()
    lines = pd.concat(full, ignore_index=True).assign(**{c.ACCOUNT: account.name})
    ordered = lines.sort_values([c.MONTH, c.KIND, *_KEYS[1:]], kind="stable", ignore_index=True)
    return c.FEE_LINES.check(ordered.astype({one.name: one.dtype for one in c.FEE_LINES.columns})[c.FEE_LINES.names])


def _charges(books: Books, account: Account, window: Window) -> pd.DataFrame:
    charges = books.charges
    successful = c.successful(charges)
    paid = c.paid_at(charges)
    rows = charges[_OF_CHARGE][c.of_account(charges, account.name) & successful & c.within(paid, window)].reset_index(
        drop=True
    )
    proved = by_own_rates(rows)
    return _lines(
        rows,
        "charge",
        _month(c.paid_at(rows), account.zone),
        {
            c.METHOD: rows[c.METHOD],
            c.CARD_BRAND: rows[c.CARD_BRAND],
            c.CURRENCY: rows[c.FUNDING_CURRENCY],
            c.GROSS: rows[c.FUNDING_AMOUNT],
            c.FEE: rows[c.FEE],
            c.FEE_VAT: rows[c.FEE_VAT],
            c.INTEREST: rows[c.INTEREST],
            c.INTEREST_VAT: rows[c.INTEREST_VAT],
            c.NET: rows[c.NET],
            c.EXPECTED_FEE: _known(proved.fee, proved.has_fee),
            c.EXPECTED_VAT: _known(proved.vat, proved.has_vat),
        },
    )


def _transfers(books: Books, account: Account, window: Window) -> pd.DataFrame:
    transfers = books.transfers
    sent = transfers[c.SENT_AT]
    mine = (
        c.of_account(transfers, account.name)
        & c.within(sent, window)
        & transfers[c.FAILURE_CODE].isna().to_numpy(dtype=bool)
    )
    rows = transfers[mine].reset_index(drop=True)
    return _lines(
        rows,
        "transfer",
        _month(rows[c.SENT_AT], account.zone),
        {
            c.CURRENCY: rows[c.CURRENCY],
            c.GROSS: rows[c.AMOUNT],
            c.FEE: rows[c.FEE],
            c.FEE_VAT: rows[c.FEE_VAT],
            c.NET: rows[c.NET],
        },
    )


def _receipts(books: Books, account: Account, days: tuple[date, date]) -> pd.DataFrame:
    receipts = books.receipts
    if not len(receipts):
        return receipts
    first, last = (day.isoformat() for day in days)
    issued = issued_on(receipts)
    mine = c.of_account(receipts, account.name) & ((issued >= first) & (issued <= last)).to_numpy(dtype=bool)
    rows = receipts[mine].reset_index(drop=True)
    return _lines(
        rows,
        "receipt",
        issued[mine].to_numpy().astype("datetime64[M]").astype(np.int64),
        {
            c.CURRENCY: rows[c.CURRENCY],
            c.FEE: rows[c.TOTAL] - rows[c.VAT],
            c.FEE_VAT: rows[c.VAT],
            c.WHT: rows[c.WHT].astype(pd.Int64Dtype()),
        },
    )


def _lines(
    rows: pd.DataFrame, kind: str, months: Ints, given: dict[str, pd.Series[int] | pd.Series[str]]
) -> pd.DataFrame:
    """The rows summed by month, method, brand and currency; all columns of FEE_LINES but the account."""
    absent: dict[str, tuple[Any, str]] = {
        **dict.fromkeys((c.METHOD, c.CARD_BRAND), (None, c.TEXT)),
        **dict.fromkeys(_MONEY, (0, c.MINOR)),
        **dict.fromkeys(_MAYBE, (pd.NA, c.OPTIONAL_MINOR)),
        c.ROWS: (1, c.COUNT),
    }
    filled = {
        name: pd.Series(value, index=rows.index, dtype=dtype)
        for name, (value, dtype) in absent.items()
        if name not in given
    }
    found = pd.DataFrame({c.MONTH: months, **filled, **given}, copy=False)
    groups = found.groupby(_KEYS, dropna=False, sort=True)
    total = groups[[*_MONEY, c.ROWS]].sum()
    total[_MAYBE] = groups[_MAYBE].sum(min_count=1)
    lines = total.reset_index()
    return lines.assign(**{c.KIND: kind, c.MONTH: [f"{1970 + at // 12}-{at % 12 + 1:02d}" for at in lines[c.MONTH]]})


def _known(values: npt.NDArray[np.int64], known: Mask) -> pd.Series[int]:
    return pd.Series(values, dtype=c.OPTIONAL_MINOR).where(pd.Series(known, dtype=bool))


def _month(moments: pd.Series[pd.Timestamp], zone: ZoneInfo) -> Ints:
    """The local month of each, counted from January 1970: a number, since texts of a million rows take a second."""
    local = moments.dt.tz_convert(zone).dt.tz_localize(None).to_numpy()
    return local.astype("datetime64[M]").astype(np.int64)
