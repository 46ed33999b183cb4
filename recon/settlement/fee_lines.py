"""Fees and VAT by month, method and brand, beside Omise's receipts: the lines of a VAT return; judges nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from recon import columns as c
from recon.arrays import Ints, Mask
from recon.columnar import np, pd
from recon.model import Account, Books, Window
from recon.settlement.fees import by_own_rates
from recon.settlement.receipts import issued_on

_MONEY = (c.GROSS, c.FEE, c.FEE_VAT, c.INTEREST, c.INTEREST_VAT, c.NET)
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
_MAYBE = (c.EXPECTED_FEE, c.EXPECTED_VAT, c.WHT)
# Month, kind, method, brand, currency, rows, money, and what may not be known.
_Line = tuple[Any, ...]
_Known = tuple[Ints, Mask]  # amounts, and which of them are known: of the others what stands in for them


def fee_lines(books: Books, account: Account, window: Window, days: tuple[date, date]) -> pd.DataFrame:
    """Charges paid and transfers sent in the window, receipts issued on its days (FEE_LINES), by month and kind.

    `expected_*` are recomputed from the rates on the charges; where some of a line carry none, what they were charged
    stands in for it, and where none does, nothing. `wht` is the withholding tax on a receipt, whose fee is
    what stands before VAT.
    """
    lines = [
        *_charges(books, account, window),
        *_transfers(books, account, window),
        *_receipts(books, account, days),
    ]
    lines.sort(key=lambda line: (*line[:2], *((word is None, word) for word in line[2:5])))
    return c.FEE_LINES.from_rows((account.name, *line) for line in lines)


def _charges(books: Books, account: Account, window: Window) -> Iterator[_Line]:
    charges = books.charges
    paid = c.within(c.paid_at(charges), window)
    mine = np.flatnonzero(c.of_account(charges, account.name) & c.successful(charges) & paid)
    if not len(mine):
        return
    rows = charges[_OF_CHARGE].iloc[mine]
    proved = by_own_rates(rows)
    names = (c.FUNDING_AMOUNT, c.FEE, c.FEE_VAT, c.INTEREST, c.INTEREST_VAT, c.NET)
    yield from _lines(
        "charge",
        _month(c.paid_at(rows), account.zone),
        (rows[c.METHOD], rows[c.CARD_BRAND]),
        rows[c.FUNDING_CURRENCY],
        dict(zip(_MONEY, (_ints(rows[name]) for name in names), strict=True)),
        {c.EXPECTED_FEE: (proved.fee, proved.has_fee), c.EXPECTED_VAT: (proved.vat, proved.has_vat)},
    )


def _transfers(books: Books, account: Account, window: Window) -> Iterator[_Line]:
    transfers = books.transfers
    sent = c.of_account(transfers, account.name) & c.within(transfers[c.SENT_AT], window)
    mine = np.flatnonzero(sent & transfers[c.FAILURE_CODE].isna().to_numpy(dtype=bool))
    if not len(mine):
        return
    amounts = {c.GROSS: c.AMOUNT, c.FEE: c.FEE, c.FEE_VAT: c.FEE_VAT, c.NET: c.NET}
    yield from _lines(
        "transfer",
        _month(transfers[c.SENT_AT].iloc[mine], account.zone),
        (),
        transfers[c.CURRENCY].iloc[mine],
        {shown: _ints(transfers[name])[mine] for shown, name in amounts.items()},
        {},
    )


def _receipts(books: Books, account: Account, days: tuple[date, date]) -> Iterator[_Line]:
    receipts = books.receipts
    if not len(receipts):
        return
    first, last = (day.isoformat() for day in days)
    issued = issued_on(receipts)
    within = ((issued >= first) & (issued <= last)).to_numpy(dtype=bool)
    mine = np.flatnonzero(c.of_account(receipts, account.name) & within)
    if not len(mine):
        return
    total, vat, withheld = (_ints(receipts[name])[mine] for name in (c.TOTAL, c.VAT, c.WHT))
    yield from _lines(
        "receipt",
        issued.iloc[mine].to_numpy().astype("datetime64[M]").astype(np.int64),
        (),
        receipts[c.CURRENCY].iloc[mine],
        {c.FEE: total - vat, c.FEE_VAT: vat},
        {c.WHT: (withheld, np.ones(len(mine), dtype=bool))},
    )


def _lines(
    kind: str,
    months: Ints,
    methods: Sequence[pd.Series[str]],
    currencies: pd.Series[str],
    money: Mapping[str, Ints],
    maybe: Mapping[str, _Known],
) -> Iterator[_Line]:
    """Rows summed by month, method and brand (where they have any), and currency."""
    groups, group_of = c.distinct([months, *methods, currencies])
    count = len(groups)
    sums = {name: c.sums_by(group_of, count, amounts) for name, amounts in money.items()}
    known = {name: c.counts_by(group_of[is_known], count) for name, (_, is_known) in maybe.items()}
    sums |= {name: c.sums_by(group_of, count, amounts) for name, (amounts, _) in maybe.items()}
    rows = c.counts_by(group_of, count)
    for at, (month, *method_and_brand, currency) in enumerate(groups):
        yield (
            f"{1970 + month // 12}-{month % 12 + 1:02d}",
            kind,
            *(method_and_brand or (None, None)),
            currency,
            rows[at],
            *(sums[name][at] if name in money else 0 for name in _MONEY),
            *(sums[name][at] if name in maybe and known[name][at] else None for name in _MAYBE),
        )


def _ints(column: pd.Series[int]) -> Ints:
    return np.asarray(column, dtype=np.int64)


def _month(moments: pd.Series[pd.Timestamp], zone: ZoneInfo) -> Ints:
    """The local month of each, counted from January 1970: a number, since texts of a million rows take a second."""
    local = moments.dt.tz_convert(zone).dt.tz_localize(None).to_numpy()
    return local.astype("datetime64[M]").astype(np.int64)
