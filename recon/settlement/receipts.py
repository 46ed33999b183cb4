"""Omise's tax receipts beside the fees and VAT of their days, in whole columns; judges nothing.

A receipt is of a Bangkok day, whatever the account's country. Charges count on the day they were paid, transfers on
the day they were sent, and what a receipt's own transaction settled of the VAT's rounding on the receipt's day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from recon import columns as c
from recon.arrays import Ints, Mask
from recon.calendars import RECEIPT_ZONE, days_window
from recon.columnar import np, pd
from recon.model import Books, Window
from recon.settlement.ledger import Ledger, places

_KEYS = [c.ACCOUNT, c.DAY, c.CURRENCY]
_VOIDED_FEE = "voided_fee"
_VOIDED_VAT = "voided_vat"
_SUMS = [c.ROWS, c.BASE, c.VAT, c.WHT, c.FEE, c.FEE_VAT, _VOIDED_FEE, _VOIDED_VAT]
_OF_RECEIPTS = [c.BASE, c.BASE_DIFFERENCE, c.VAT, c.VAT_DIFFERENCE, c.WHT]


def issued_on(receipts: pd.DataFrame) -> pd.Series[str]:
    """Per receipt (shaped RECEIPTS) its day, YYYY-MM-DD; where none can be read the Bangkok day of its creation."""
    days = receipts[c.ISSUED_ON].str.slice(0, 10)
    is_said = has_day(receipts)
    return days if is_said.all() else days.where(is_said, _days(receipts[c.CREATED_AT]))


def has_day(receipts: pd.DataFrame) -> Mask:
    """Per receipt (shaped RECEIPTS) whether it says of which day it is."""
    return np.array([_is_day(text) for text in receipts[c.ISSUED_ON].tolist()], dtype=bool)


def day_window(day: str) -> Window:
    """The moments of a receipt's day."""
    whole = date.fromisoformat(day)
    return days_window(whole, whole, RECEIPT_ZONE)


def receipt_days(books: Books, ledger: Ledger, tolerance: int) -> pd.DataFrame:
    """Every day of the books that has receipts, fees or both, of the accounts that have receipts (RECEIPT_DAYS).

    Whether the fee of a voided charge stands on a receipt was never seen: the reading that agrees counts.
    """
    if not len(books.receipts):
        return c.RECEIPT_DAYS.empty()
    parts = pd.concat(list(_parts(books, ledger)), ignore_index=True)
    parts[_SUMS] = parts.reindex(columns=_SUMS).fillna(0).astype("int64")
    days = parts.groupby(_KEYS, sort=True)[_SUMS].sum().reset_index()
    days = days[(days[_SUMS] != 0).any(axis="columns")]
    allowed = tolerance * days[c.ROWS]
    voids = _agrees(days, days[c.FEE] - days[_VOIDED_FEE], days[c.FEE_VAT] - days[_VOIDED_VAT], allowed)
    fees = days[c.FEE] - days[_VOIDED_FEE].where(voids, 0)
    vat = days[c.FEE_VAT] - days[_VOIDED_VAT].where(voids, 0)
    match = np.where(_agrees(days, fees, vat, allowed), c.AGREES, c.DIFFERS)
    has_receipt = (days[c.ROWS] > 0).to_numpy(dtype=bool)
    known: dict[str, Any] = {
        c.FEE: fees,
        c.FEE_VAT: vat,
        c.BASE_DIFFERENCE: days[c.BASE] - fees,
        c.VAT_DIFFERENCE: days[c.VAT] - vat,
        c.MATCH: np.where(has_receipt, match, c.NO_RECEIPT),
    }
    shaped = days.assign(**known).astype({column.name: column.dtype for column in c.RECEIPT_DAYS.columns})
    shaped[_OF_RECEIPTS] = shaped[_OF_RECEIPTS].where(pd.Series(has_receipt, index=shaped.index), axis="index")
    return c.RECEIPT_DAYS.check(shaped[c.RECEIPT_DAYS.names].reset_index(drop=True))


def receipt_lines(receipts: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """The receipts (RECEIPTS) of some days (RECEIPT_DAYS) one by one, beside what the ledger has (RECEIPT_LINES)."""
    if not len(days):
        return c.RECEIPT_LINES.empty()
    names = (c.RECEIPT_ID, c.RECEIPT_NUMBER, c.TOTAL, c.VAT, c.WHT, c.CREATED_AT)
    said: dict[tuple[str, str, str], list[tuple[Any, ...]]] = {}
    columns = (receipts[c.ACCOUNT], issued_on(receipts), receipts[c.CURRENCY], *(receipts[name] for name in names))
    for account, day, currency, *receipt in zip(*columns, strict=True):
        said.setdefault((account, day, currency), []).append((*receipt,))
    lines = []
    shown = (*_KEYS, c.FEE, c.BASE_DIFFERENCE, c.FEE_VAT, c.VAT_DIFFERENCE, c.MATCH)
    for account, day, currency, *of_ledger, match in zip(*(days[name] for name in shown), strict=True):
        of_day = sorted(said.get((account, day, currency), ()), key=lambda receipt: (receipt[5], receipt[0]))
        for receipt_id, number, total, vat, withheld, _ in of_day or [(None,) * 6]:
            fee, base_difference, fee_vat, vat_difference = of_ledger
            base = None if total is None else total - vat
            ids = (account, day, currency, receipt_id, number)
            lines.append((*ids, base, fee, base_difference, vat, fee_vat, vat_difference, withheld, match))
            of_ledger = [None] * 4  # the day's, in its first line
    return c.RECEIPT_LINES.from_rows(lines)


def _agrees(
    days: pd.DataFrame, fees: pd.Series[int], vat: pd.Series[int], allowed: pd.Series[int]
) -> pd.Series[bool]:
    return ((days[c.BASE] - fees).abs() <= allowed) & ((days[c.VAT] - vat).abs() <= allowed)


def _parts(books: Books, ledger: Ledger) -> Iterator[pd.DataFrame]:
    """Everything that goes into a day, under the keys of RECEIPT_DAYS."""
    receipts = books.receipts
    names = receipts[c.ACCOUNT].unique()
    days = issued_on(receipts)
    yield _part(
        receipts,
        days,
        receipts[c.CURRENCY],
        {
            c.ROWS: np.ones(len(receipts), dtype=np.int64),
            c.BASE: receipts[c.TOTAL] - receipts[c.VAT],
            c.VAT: receipts[c.VAT],
            c.WHT: receipts[c.WHT],
        },
    )
    charges = books.charges.iloc[
        np.flatnonzero(c.successful(books.charges) & c.is_in(books.charges[c.ACCOUNT], names))
    ]
    costs = _costs(charges)
    paid = c.paid_at(charges)
    yield _part(charges, _days(paid), charges[c.FUNDING_CURRENCY], {c.FEE: costs[0], c.FEE_VAT: costs[1]})
    refunds = books.refunds
    voids = refunds[refunds[c.VOIDED].astype(bool) & (refunds[c.STATUS] != "failed")]
    at = places(charges[c.CHARGE_ID], voids[c.CHARGE_ID])
    voids = voids[at >= 0]
    voided = charges.iloc[at[at >= 0]]
    fee, vat = _costs(voided)
    yield _part(voids, _days(voids[c.CREATED_AT]), voids[c.FUNDING_CURRENCY], {_VOIDED_FEE: fee, _VOIDED_VAT: vat})
    transfers = books.transfers
    sent = transfers[
        c.is_in(transfers[c.ACCOUNT], names) & (transfers[c.SENT_AT].notna() & transfers[c.FAILURE_CODE].isna())
    ]
    fees = {c.FEE: sent[c.FEE], c.FEE_VAT: sent[c.FEE_VAT]}
    yield _part(sent, _days(sent[c.SENT_AT]), sent[c.CURRENCY], fees)
    settled = np.flatnonzero((ledger.kinds == "receipt") & (ledger.origin_at >= 0))
    origin = ledger.origin_at[settled]
    rows = books.transactions.iloc[settled]
    rounding = {c.FEE_VAT: -ledger.signed[settled]}
    yield _part(rows, days.iloc[origin], rows[c.CURRENCY], rounding)


def _part(
    rows: pd.DataFrame, days: pd.Series[str], currencies: pd.Series[str], amounts: dict[str, Any]
) -> pd.DataFrame:
    keys = {c.ACCOUNT: rows[c.ACCOUNT].array, c.DAY: days.array, c.CURRENCY: currencies.array}
    return pd.DataFrame(keys | {name: np.asarray(values, dtype=np.int64) for name, values in amounts.items()})


def _costs(charges: pd.DataFrame) -> tuple[Ints, Ints]:
    """Fees with interest, and their VAT."""
    fee, vat, interest, interest_vat = (
        charges[name].to_numpy(dtype=np.int64) for name in (c.FEE, c.FEE_VAT, c.INTEREST, c.INTEREST_VAT)
    )
    return fee + interest, vat + interest_vat


def _days(moments: pd.Series[pd.Timestamp]) -> pd.Series[str]:
    """The Bangkok day of each moment; of a million rows only the different days are made into text."""
    days, at = np.unique(c.local_days(moments, RECEIPT_ZONE), return_inverse=True)
    return pd.Series(days.astype(str).astype(object)[at], index=moments.index, dtype=c.TEXT)


def _is_day(text: object) -> bool:
    try:
        return isinstance(text, str) and bool(date.fromisoformat(text[:10]))
    except ValueError:
        return False
